"""Machines whose clocks are wrong: a warning ends for all of them at the same moment, the database's."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tests.chaos.reckoning import reckoned
from tests.chaos.successor import drained, successor
from tests.corridor.conftest import Corridor, Due, until
from warning.app import opened
from warning.clock import SystemClock
from warning.errors import NotAllowed
from warning.settings import load_settings

PEOPLE = [f"8613900000{n:03d}" for n in range(60)]
AHEAD, BEHIND = timedelta(hours=5), timedelta(hours=-5)


class Skewed(SystemClock):
    """A machine that nobody has set."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


@pytest.fixture
async def real(city: Corridor) -> AsyncIterator[Corridor]:
    """The same city by the real clock; warnings are signed on a machine that is right."""
    settings = yaml.safe_load(city.settings_file.read_text(encoding="utf-8"))
    settings["clock"] = "system"
    city.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    async with opened(load_settings(city.settings_file), channels=False) as parts:
        yield replace(city, parts=parts)


@pytest.mark.parametrize("by", [AHEAD, BEHIND], ids=["ahead", "behind"])
async def test_every_process_goes_by_the_databases_time(real: Corridor, by: timedelta) -> None:
    async with opened(load_settings(real.settings_file), channels=False, machine=Skewed(by)) as parts:
        assert abs(parts.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


async def test_workers_whose_clocks_differ_by_ten_hours_tell_everybody_once(real: Corridor) -> None:
    for number in PEOPLE:
        await real.resident(number)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(successor(real, machine=Skewed(AHEAD)))
        await stack.enter_async_context(successor(real, machine=Skewed(BEHIND)))
        alert = await real.warned()
        await drained(first)
    found = await reckoned(real, alert, PEOPLE)
    assert (found.twice, found.marked, found.silent) == (frozenset(), frozenset(), frozenset())


async def soon_over(city: Corridor) -> tuple[str, Due]:
    """A warning that is over two seconds after it was asked for, signed and worked out before that; where a machine needs longer, it is given longer."""
    for seconds in (2, 10, 50):
        try:
            alert = await city.warned(hours=seconds / 3600)
        except NotAllowed:
            continue  # its time was over before the second signature
        if found := await city.expand(alert):
            return alert, found[0]
    raise AssertionError("nothing was signed and worked out within 50 s")


async def test_a_worker_that_is_hours_behind_sends_nothing_of_a_warning_that_is_over(real: Corridor) -> None:
    await real.resident(PEOPLE[0])
    alert, due = await soon_over(real)
    [row] = await real.rows("SELECT expires FROM alert WHERE identifier = :i", i=alert)

    async def over() -> bool:
        return bool(datetime.now(UTC) > row["expires"])

    await until(over)
    async with opened(load_settings(real.settings_file), machine=Skewed(BEHIND)) as late:
        await late.mass.send(due.id)
    assert await real.states(alert) == {PEOPLE[0]: ("expired", "expired")}
    assert real.smsc.submits == 0
