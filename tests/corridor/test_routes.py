"""Two gateways behind one channel, in the product: one dies, the other carries; operators see it and steer it."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml

from channels.wire.smsc import Faults, Smsc
from tests.corridor.conftest import AT, OFFICER, Corridor, opened_corridor, until
from tests.corridor.test_reach import composed
from warning.account import Account
from warning.app import opened
from warning.dispatch.breaker import Breaker, Circuit
from warning.dispatch.meter import Metered
from warning.dispatch.routekeeper import RouteKeeper
from warning.dispatch.routes import RoutedSender
from warning.dispatch.subscribe import OfficeSubscription
from warning.errors import Invalid, NotAllowed, NotFound
from warning.settings import load_settings
from warning.store.reach import draft_of
from warning.store.routes import RouteStore

ADMIN = Account(name="root", role="admin")
VIEWER = Account(name="wang", role="viewer")
NUMBERS = [f"86139000000{n:02d}" for n in range(20)]


async def two_gateways(url: str, folder: Path, stack: AsyncExitStack, worker: AsyncExitStack | None = None) -> tuple[Corridor, Smsc]:
    """A corridor whose SMS goes over ``mobile`` (the corridor's own centre) and ``telecom`` (the one given back). ``worker``: what ends before the centres do."""
    first = await opened_corridor(url, folder, stack, channels=False)
    other = Smsc(now=lambda: AT, receipt_delay_s=0.05)
    port = await other.start()
    stack.push_async_callback(other.stop)
    settings = yaml.safe_load(first.settings_file.read_text(encoding="utf-8"))
    [sms] = [channel for channel in settings["channels"] if channel["name"] == "sms"]
    mobile = sms.pop("options")
    sms["routes"] = [{"name": "mobile", "options": mobile}, {"name": "telecom", "options": mobile | {"port": port}}]
    first.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    parts = await (worker or stack).enter_async_context(opened(load_settings(first.settings_file)))
    return Corridor(parts=parts, smsc=first.smsc, sink=first.sink, folder=folder, settings_file=first.settings_file), other


def routes_of(corridor: Corridor) -> RoutedSender:
    """What stands behind the meter."""
    sender = corridor.parts.dispatch._senders["sms"]
    assert isinstance(sender, Metered)
    assert isinstance(sender.inner, RoutedSender)
    return sender.inner


async def test_a_dead_gateway_costs_nobody_his_warning_and_the_evidence_names_the_route(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor, telecom = await two_gateways(database_url, tmp_path, stack)
        for number in NUMBERS:
            await corridor.resident(number)
        await corridor.smsc.stop()
        alert = await corridor.warned()
        await corridor.send(alert)
        ends = await corridor.deliveries(alert)
        assert {end["state"] for end in ends.values()} <= {"accepted", "delivered"}
        assert {end["attempts"] for end in ends.values()} == {1}
        assert all(end["evidence"].startswith("telecom: ") for end in ends.values())
        assert [len(telecom.texts(number)) for number in NUMBERS] == [1] * len(NUMBERS)


@pytest.mark.parametrize(("faults", "by_mobile"), [(Faults(), 10), (Faults(throttle_every=1), 0)])
async def test_two_gateways_share_a_batch_and_one_that_refuses_for_now_hands_its_share_over(
    database_url: str, tmp_path: Path, faults: Faults, by_mobile: int
) -> None:
    async with AsyncExitStack() as stack:
        corridor, telecom = await two_gateways(database_url, tmp_path, stack)
        for number in NUMBERS:
            await corridor.resident(number)
        corridor.smsc.misbehave(faults)
        alert = await corridor.warned()
        await corridor.send(alert)
        async with corridor.working():
            await corridor.drained()  # on a slow machine some are put off, and go with the next hand
        carriers = [end["evidence"].partition(":")[0] for end in (await corridor.deliveries(alert)).values()]
        assert (carriers.count("mobile"), carriers.count("telecom")) == (by_mobile, 20 - by_mobile)
        assert [len(corridor.heard(number)) + len(telecom.texts(number)) for number in NUMBERS] == [1] * len(NUMBERS)


async def test_gateways_that_count_alike_are_told_apart_by_whoever_hears_their_reports(database_url: str, tmp_path: Path) -> None:
    offices = [f"861380000000{n}" for n in range(4)]
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as worker:
            corridor, telecom = await two_gateways(database_url, tmp_path, stack, worker)
            for number in NUMBERS:
                await corridor.resident(number)
            for number in offices:
                await corridor.parts.subscriptions.office(
                    OfficeSubscription(name=number, channel="sms", address=number, zones=("310115",)), account=OFFICER)
            corridor.smsc.misbehave(Faults(hold_reports=True))
            telecom.misbehave(Faults(hold_reports=True, undelivered_prefixes=("86",)))
            alert = await corridor.warned()
            await corridor.send(alert)
            assert corridor.smsc.submits == telecom.submits >= 12, "both centres have counted to the same number"
        # Whoever sent them has gone: another worker hears the reports, and knows a message by the centre's id alone.
        corridor.parts = await stack.enter_async_context(opened(load_settings(corridor.settings_file)))
        for centre in (corridor.smsc, telecom):
            centre.misbehave(Faults())

        async def told() -> set[str]:
            return {state for state, _ in (await corridor.states(alert)).values()}

        async def all_reported() -> bool:
            return "accepted" not in await told()

        await until(all_reported, within_s=60)
        ends = await corridor.deliveries(alert)
        assert {(end["evidence"].partition(":")[0], end["state"]) for end in ends.values()} == {("mobile", "delivered"), ("telecom", "failed")}
        assert corridor.parts.dispatch.strays == 0


async def test_an_operator_sees_the_routes_and_takes_one_out(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor, telecom = await two_gateways(database_url, tmp_path, stack)
        store = RouteStore(corridor.parts.database)
        sender = routes_of(corridor)
        keeper = RouteKeeper(store, {"sms": sender}, worker="here")
        await keeper.look()
        seen = {(view.channel, view.state.route): view.state.circuit for view in await store.views() if view.worker == "here"}
        assert seen == {("sms", "mobile"): Circuit.CLOSED, ("sms", "telecom"): Circuit.CLOSED}
        with pytest.raises(NotAllowed):
            await store.order("sms", "telecom", act="skip", account=VIEWER, at=AT)
        with pytest.raises(NotFound, match="no worker has a route 'unicom'"):
            await store.order("sms", "unicom", act="skip", reason="late", account=ADMIN, at=AT)
        with pytest.raises(Invalid, match="reason: say why"):
            await store.order("sms", "telecom", act="skip", reason=" ", account=ADMIN, at=AT)
        await store.order("sms", "telecom", act="skip", reason="contract ended", account=ADMIN, at=AT)
        await keeper.look()
        for number in NUMBERS:
            await corridor.resident(number)
        await corridor.send(await corridor.warned())
        assert telecom.submits == 0
        views = [view for view in await store.views() if view.worker == "here"]
        assert [(view.state.skipped, view.state.place, view.said) for view in views] == [
            (False, 1, ""), (True, 2, "root skip: contract ended")]
        assert await corridor.rows("SELECT who, act, object, detail FROM audit WHERE act LIKE 'route%'") == [
            {"who": "root", "act": "route skip", "object": "route sms/telecom", "detail": {"reason": "contract ended"}}]


async def test_each_route_is_measured_by_itself_and_a_plan_counts_those_that_may_be_used(database_url: str, tmp_path: Path) -> None:
    """Twenty people, ten a route; then each route is given 400 parts in two seconds, and one is taken out."""
    async with AsyncExitStack() as stack:
        corridor, _ = await two_gateways(database_url, tmp_path, stack)
        for number in NUMBERS:
            await corridor.resident(number)
        keeper = RouteKeeper(RouteStore(corridor.parts.database), {"sms": routes_of(corridor)}, worker="here")
        await corridor.send(await corridor.warned())
        await corridor.parts.rates.write()
        measured = await corridor.rows("SELECT channel, messages FROM channel_rate WHERE channel LIKE 'sms%' ORDER BY 1")
        assert measured == [{"channel": "sms", "messages": 20}, {"channel": "sms/mobile", "messages": 10}, {"channel": "sms/telecom", "messages": 10}]
        await corridor.execute("UPDATE channel_rate SET parts = 400, busy_s = CASE channel WHEN 'sms' THEN 1.0 ELSE 2.0 END WHERE channel LIKE 'sms%'")
        await corridor.execute("DELETE FROM route_state")
        await keeper.look()
        draft = draft_of(await corridor.parts.issue.preview(await composed(corridor)))
        [both] = (await corridor.parts.reach.plan(draft, now=corridor.now)).channels
        assert (both.per_second, both.rate_from) == (400.0, "measured-hour")
        await RouteStore(corridor.parts.database).order("sms", "telecom", act="skip", reason="drill", account=ADMIN, at=AT)
        await keeper.look()
        [one] = (await corridor.parts.reach.plan(draft, now=corridor.now)).channels
        assert (one.per_second, one.rate_from) == (200.0, "routes")
        assert [(route.route, route.used, route.per_second) for route in one.routes] == [("mobile", True, 200.0), ("telecom", False, 0.0)]


async def test_a_route_that_an_operator_says_is_mended_is_tried_at_once(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor, telecom = await two_gateways(database_url, tmp_path, stack)
        store = RouteStore(corridor.parts.database)
        sender = routes_of(corridor)
        keeper = RouteKeeper(store, {"sms": sender}, worker="here")
        for number in NUMBERS:
            await corridor.resident(number)
        for route in sender._routes:
            route.breaker = Breaker(pause_s=600)  # longer than the slowest machine takes for this test
        await corridor.smsc.stop()
        await telecom.stop()
        await corridor.send(await corridor.warned())
        await keeper.look()
        assert {view.state.circuit for view in await store.views() if view.state.route == "telecom" and view.worker == "here"} == {Circuit.OPEN}
        await store.order("sms", "telecom", act="try", account=ADMIN, at=AT)
        await keeper.look()
        assert {state.route: state.circuit for state in sender.states()} == {"mobile": Circuit.OPEN, "telecom": Circuit.HALF_OPEN}
