"""Store and forward: the way out is cut for long; what waits is not used up, and when it returns only what still holds is said, the worst first."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import yaml

from channels.wire.smsc import Smsc
from tests.corridor.conftest import AT, OFFICER, Corridor, opened_corridor, until
from tests.corridor.test_routes import routes_of
from warning.app import opened
from warning.dispatch.breaker import Breaker, Circuit
from warning.dispatch.subscribe import OfficeSubscription
from warning.level import Level
from warning.settings import load_settings

PUDONG, JINSHAN, SONGJIANG, FENGXIAN = "310115", "310116", "310117", "310120"
NUMBERS = {PUDONG: "8613900000001", JINSHAN: "8613900000002", SONGJIANG: "8613900000003", FENGXIAN: "8613900000004"}
DUTY = {zone: number.replace("86139", "86138") for zone, number in NUMBERS.items()}


async def behind_one_route(url: str, folder: Path, stack: AsyncExitStack) -> tuple[Corridor, int]:
    """A corridor whose SMS has one route, and the port of its centre; people and duty posts in four districts."""
    first = await opened_corridor(url, folder, stack, channels=False)
    settings = yaml.safe_load(first.settings_file.read_text(encoding="utf-8"))
    [sms] = [channel for channel in settings["channels"] if channel["name"] == "sms"]
    options = sms.pop("options")
    sms["routes"] = [{"name": "only", "options": options}]
    first.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    parts = await stack.enter_async_context(opened(load_settings(first.settings_file)))
    corridor = Corridor(parts=parts, smsc=first.smsc, sink=first.sink, folder=folder, settings_file=first.settings_file)
    for zone, number in NUMBERS.items():
        await corridor.resident(number, zone)
        await parts.subscriptions.office(
            OfficeSubscription(name=f"post of {zone}", channel="sms", address=DUTY[zone], zones=(zone,)), account=OFFICER)
    return corridor, int(options["port"])


async def test_what_still_holds_goes_when_the_way_returns_and_who_missed_a_start_hears_no_end(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor, port = await behind_one_route(database_url, tmp_path, stack)
        sender = routes_of(corridor)
        for route in sender._routes:
            route.breaker = Breaker(pause_s=0.3, longest_s=0.3)
        await corridor.smsc.stop()
        async with corridor.working():
            blue = await corridor.warned(zones=(JINSHAN,), level=Level.BLUE, hours=6)
            red = await corridor.warned(zones=(PUDONG,), level=Level.RED, hours=6)
            short = await corridor.warned(zones=(SONGJIANG,), level=Level.ORANGE, hours=1)
            lifted = await corridor.warned(zones=(FENGXIAN,), level=Level.ORANGE, hours=6)

            async def cut() -> bool:
                return sender.states()[0].circuit is not Circuit.CLOSED and sender.states()[0].failed >= 12

            await until(cut)  # far more than the three tries that the settings allow
            assert await corridor.rows("SELECT 1 FROM delivery WHERE channel = 'sms' AND state NOT IN ('queued', 'claimed')") == []
            end = await corridor.warned(zones=(FENGXIAN,), action="cancel", replaces=lifted)
            await corridor.move(timedelta(hours=2))
            back = Smsc(now=lambda: AT, receipt_delay_s=0.05)
            await back.start(port=port)
            stack.push_async_callback(back.stop)
            await corridor.drained()
        heard = {zone: (len(back.texts(NUMBERS[zone])), len(back.texts(DUTY[zone]))) for zone in NUMBERS}
        assert heard == {PUDONG: (1, 1), JINSHAN: (1, 1), SONGJIANG: (0, 0), FENGXIAN: (0, 0)}
        states = {identifier: {row["state"] for row in (await corridor.deliveries(identifier)).values()} for identifier in (blue, red, short, lifted, end)}
        assert states[blue] <= {"accepted", "delivered"}
        assert states[red] <= {"accepted", "delivered"}
        assert (states[short], states[lifted], states[end]) == ({"expired"}, {"superseded"}, {"muted"})
