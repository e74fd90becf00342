"""Store and forward: the way out is cut for long; what waits is not used up, and when it returns only what still holds is said, the worst first."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import yaml

from channels.wire.smsc import Smsc
from tests.corridor.conftest import AT, OFFICER, Corridor, opened_corridor, until
from tests.corridor.test_routes import ADMIN, routes_of
from warning.app import opened
from warning.dispatch.breaker import Breaker, Circuit
from warning.dispatch.subscribe import OfficeSubscription
from warning.level import Level
from warning.settings import load_settings
from warning.store.routes import RouteStore

PUDONG, JINSHAN, SONGJIANG, FENGXIAN, QINGPU = "310115", "310116", "310117", "310120", "310118"
NUMBERS = {PUDONG: "8613900000001", JINSHAN: "8613900000002", SONGJIANG: "8613900000003", FENGXIAN: "8613900000004", QINGPU: "8613900000005"}
DUTY = {zone: number.replace("86139", "86138") for zone, number in NUMBERS.items()}


async def behind_one_route(url: str, folder: Path, stack: AsyncExitStack) -> tuple[Corridor, int]:
    """A corridor whose SMS has one route, and the port of its centre; people and duty posts in five districts."""
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


async def test_what_still_holds_goes_when_the_way_returns_the_worst_first_and_who_missed_a_start_hears_no_end(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor, port = await behind_one_route(database_url, tmp_path, stack)
        sender = routes_of(corridor)
        early = await corridor.warned(zones=(QINGPU,), level=Level.ORANGE, hours=6)
        await corridor.send(early)
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
            waiting = [state for one in (blue, red, short, lifted) for state, _ in (await corridor.states(one)).values()]
            assert set(waiting) <= {"queued", "claimed"}
            for route in sender._routes:
                route.breaker = Breaker(trip_after=1, pause_s=3600)
            yellow = await corridor.warned(zones=(JINSHAN,), level=Level.YELLOW, action="update", replaces=blue, hours=6)
            never = await corridor.warned(zones=(FENGXIAN,), level=Level.ORANGE, action="cancel", replaces=lifted)
            ended = await corridor.warned(zones=(QINGPU,), level=Level.ORANGE, action="cancel", replaces=early)

            async def put_off() -> bool:
                [jobs] = await corridor.rows(
                    "SELECT count(*) AS all, count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now() + interval '30 minutes') AS late FROM procrastinate_jobs")
                return bool(jobs["all"] == jobs["late"] > 10)

            await until(put_off)
        await corridor.move(timedelta(hours=2))
        back = Smsc(now=lambda: AT, receipt_delay_s=0.05)
        await back.start(port=port)
        stack.push_async_callback(back.stop)
        async with corridor.working(concurrency=1):
            await RouteStore(corridor.parts.database).order("sms", "only", act="try", account=ADMIN, at=AT)
            await corridor.drained()
        told = (PUDONG, QINGPU, JINSHAN)
        assert [one.destination for one in back.caught] == [number for zone in told for number in (DUTY[zone], NUMBERS[zone])]
        assert [("红色" in text, "解除" in text, "黄色" in text) for zone in told for text in back.texts(NUMBERS[zone])] == [
            (True, False, False), (False, True, False), (False, False, True)]
        ends = {one: await corridor.states(one) for one in (red, ended, yellow, blue, short, lifted, never)}
        assert {state for one in (red, ended, yellow) for state, _ in ends[one].values()} <= {"accepted", "delivered"}
        assert [set(ends[one].values()) for one in (blue, short, lifted, never)] == [
            {("superseded", "newer_version")}, {("expired", "expired")}, {("superseded", "newer_version")}, {("muted", "no_start")}]
        assert {row["attempts"] for one in (red, yellow) for row in (await corridor.deliveries(one)).values()} == {1}, "no trial cost anybody a try"
