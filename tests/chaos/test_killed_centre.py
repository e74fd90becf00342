"""The SMS centre dies under our hands and comes back: what it had not answered is sent again and marked, nobody is lost."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from channels.wire.smsc import Faults
from tests.chaos.centre import centre
from tests.chaos.process import killed, started
from tests.chaos.successor import drained, successor
from tests.corridor.conftest import Corridor, until
from warning.dispatch.delivery import State

PEOPLE = [f"8613900000{n:03d}" for n in range(120)]


def heard(file: Path) -> Counter[str]:
    return Counter(file.read_text().split()) if file.exists() else Counter()


@pytest.mark.parametrize(("first", "taken", "answered"), [
    pytest.param(Faults(slow_s=0.4), 1, 0, id="before it answers"),
    pytest.param(Faults(black_hole=True), 1, 1, id="between two hands"),
    pytest.param(Faults(), len(PEOPLE), len(PEOPLE), id="before it reports"),
])
async def test_a_centre_that_is_killed_and_comes_back_costs_nobody_the_warning(
    city: Corridor, tmp_path: Path, first: Faults, taken: int, answered: int
) -> None:
    file = tmp_path / "heard"
    settings = yaml.safe_load(city.settings_file.read_text(encoding="utf-8"))
    port = settings["channels"][0]["options"]["port"]
    await city.smsc.stop()  # its port is this test's
    settings["retry"]["max_attempts"] = 60
    city.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    for number in PEOPLE:
        await city.resident(number)

    async def counted(*states: State) -> int:
        found = await city.rows("SELECT state FROM recipient")
        return sum(row["state"] in states for row in found)

    with started(centre, port, file, first) as running:
        async with successor(city) as parts:
            alert = await city.warned()

            async def time_to_die() -> bool:
                return heard(file).total() >= taken and await counted(State.ACCEPTED, State.DELIVERED) >= answered

            await until(time_to_die, within_s=120)
            await killed(running)
            with started(centre, port, file, Faults()):
                await drained(parts)
    ends = await city.deliveries(alert)
    assert {end["state"] for end in ends.values()} <= {"accepted", "delivered"}
    times = heard(file)
    assert set(times) == set(PEOPLE)
    twice = {number for number, n in times.items() if n > 1}
    assert twice <= {number for number, end in ends.items() if end["maybe_twice"]}
    assert len(twice) <= 100, "one hand"
