"""The dispatch desk with a ledger and a sender in memory: who is told, with what, and what receipts make of it."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shapely import box
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import OperationalError

from channels.message import Limits, Message, Outcome, Reason, Receipt, Stamp
from channels.port import ChannelSender
from geo.zone import Zone, ZoneSet
from warning.account import Account
from warning.capxml import write
from warning.clock import VirtualClock
from warning.dispatch.audience import Interest, Offices, offices
from warning.dispatch.delivery import RetryPolicy, State, Step
from warning.dispatch.desk import DispatchDesk
from warning.dispatch.mass.work import Place
from warning.dispatch.work import Hand, StoredAlert, Work
from warning.errors import Invalid, NotAllowed
from warning.issue.build import AlertRequest, build_alert
from warning.level import Level
from warning.response.shelter import Shelter, Shelters
from warning.wording import Texts

NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
ZONES = ZoneSet(origin="by hand", zones=tuple(
    Zone(code=code, name_zh=zh, name_en=code, level="district", parent="310000", geometry=box(west, 31.0, west + 0.1, 31.1))
    for code, zh, west in (("310115", "浦东新区", 121.0), ("310120", "奉贤区", 121.1))))


def alert(**changes: object) -> StoredAlert:
    zh = Texts(headline="【演练】台发布暴雨橙色预警", description="【演练】台19日12时00分，浦东新区暴雨橙色预警。", instruction="【演练】不外出", sms="", title="")
    en = Texts(headline="[EXERCISE] Rainstorm Orange Warning", description="[EXERCISE] 12:00, 310115: rainstorm orange.", instruction="[EXERCISE] stay in", sms="", title="")
    document = write(build_alert(AlertRequest(
        issuer_zh="台", issuer_en="Office", sender_code="31011541600000", identifier="31011541600000_20240919120000", event_id="e",
        hazard_zh="暴雨", hazard_en="rainstorm", event_code="11B03", level=Level.ORANGE, action="new", status="Exercise",
        zones=(("310115", "浦东新区", "310115"),), sent=NOW, expires=NOW + timedelta(hours=6), texts_zh=replace(zh, sms=zh.description),
        texts_en=replace(en, sms=en.description), polygons=[[[121.0, 31.0], [121.1, 31.0], [121.1, 31.1]]])))
    base = StoredAlert(
        identifier="31011541600000_20240919120000", event_id=UUID(int=7), version=1, msg_type="Alert", status="Exercise", issuer="310115",
        hazard="rainstorm", level=Level.ORANGE, zones=("310115",), polygon=None, expires=NOW + timedelta(hours=6), sent=NOW,
        cap_xml=document.decode(), chain="c", first="31011541600000_20240919100000")
    return replace(base, **changes)  # type: ignore[arg-type]  # a table of fields


def work(number: int, *, kind: str = "resident", role: str = "start", address: str = "8613800000000", attempts: int = 1) -> Work:
    return Work(delivery_id=number, subscription_id=100 + number, kind=kind, name="duty", address=address, secret="", language="zh-CN",
                role=role, attempts=attempts)


class Memory:
    """Fulfils DispatchLedger for one alert and one batch."""

    def __init__(self, stored: StoredAlert, channel: str = "sms", works: Sequence[Work] = (), interests: Sequence[Interest] = ()) -> None:
        self.stored, self.channel, self.works, self.wishes = stored, channel, list(works), list(interests)
        self.expanded: dict[str, object] = {}
        self.steps: dict[int, Step] = {}
        self.recorded = 0
        self.receipts: list[Receipt] = []
        self.away = False
        self.policy = RetryPolicy()
        self.renewed: list[tuple[int, timedelta]] = []
        self.postponed: list[tuple[int, int, float]] = []
        self.hands: list[int] = []
        self.asked: list[int | None] = []

    async def alert(self, identifier: str) -> StoredAlert:
        assert identifier == self.stored.identifier
        return self.stored

    async def offices(self, lane: str) -> Offices:
        return offices(self.wishes if lane == self.stored.lane else [])

    async def expand(
        self, alert: StoredAlert, *, in_area: Sequence[int], matching: Sequence[int], batch_sizes: Mapping[str, int], now: datetime
    ) -> bool:
        self.expanded = {"alert": alert, "in_area": list(in_area), "matching": list(matching), "sizes": dict(batch_sizes), "now": now}
        return True

    async def waiting_before(self, alert: StoredAlert) -> list[str]:
        assert alert == self.stored
        return []

    async def renew(self, batch_id: int, policy: RetryPolicy) -> None:
        self.renewed.append((batch_id, policy.lease))

    async def postpone(self, batch_id: int, *, priority: int, after_s: float) -> None:
        self.postponed.append((batch_id, priority, after_s))

    async def batch_of(self, batch_id: int) -> tuple[str, str, int]:
        return self.stored.identifier, self.channel, batch_id

    async def claim(
        self, batch_id: int, alert: StoredAlert, channel: str, *, after: int, most: int, now: datetime, policy: RetryPolicy
    ) -> Hand:
        assert (batch_id, alert, channel, now, policy) == (5, self.stored, self.channel, NOW, self.policy)
        found = [work for work in self.works if work.delivery_id > after][:most]
        self.hands.append(len(found))
        return Hand(works=tuple(found), after=found[-1].delivery_id if len(found) == most else None)

    async def record(self, alert: StoredAlert, channel: str, batch_id: int, steps: Mapping[int, Step], *, priority: int | None, now: datetime) -> None:
        assert (alert, channel, batch_id, now) == (self.stored, self.channel, 5, NOW)
        self.asked.append(priority)
        self.recorded += 1
        self.steps.update(steps)

    async def ended(self, stamps: Collection[Stamp]) -> set[str]: ...  # type: ignore[empty-body]

    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        if self.away:
            raise OperationalError("", {}, Exception("gone"))
        self.receipts += receipts
        return []

    async def retry(self, delivery_ids: Sequence[int]) -> int:
        return len(delivery_ids)

    async def skip(
        self, delivery_ids: Sequence[int], crowd_ids: Sequence[int], *, only: str, who: str, reason: str, at: datetime
    ) -> int:
        assert (only, who, reason, at) == ("refused", "li", "closed", NOW)
        return len(delivery_ids) + 1000 * len(crowd_ids)

    async def concerning(self, delivery_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]:
        return [(self.stored.hazard, self.stored.zones)] if delivery_ids else []

    async def cells_inside(self, ground: BaseGeometry) -> list[str]:
        assert ground.bounds == (121.04, 31.04, 121.06, 31.06)
        return ["c3105_12105"]

    async def districts_of(self, cells: Sequence[str]) -> list[str]:
        assert list(cells) == ["c3105_12105"]
        return ["310115"]


class Residents:
    """The mass lane, which has tests of its own: keeps what it is asked."""

    def __init__(self) -> None:
        self.places: list[tuple[str, Place]] = []
        self.may_wait: list[bool] = []
        self.retried: list[int] = []

    def attach(self, channel: str, sender: ChannelSender) -> None: ...

    async def expand(self, alert: StoredAlert, place: Place, *, may_wait: bool) -> None:
        self.may_wait.append(may_wait)
        self.places.append((alert.identifier, place))

    async def take(self, receipts: Sequence[Receipt]) -> tuple[list[Receipt], list[Receipt]]:
        return [], list(receipts)

    async def retry(self, crowd_ids: Sequence[int]) -> int:
        self.retried += crowd_ids
        return 1000 * len(crowd_ids)

    async def concerning(self, crowd_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]:
        return [("rainstorm", ("310115",))] if crowd_ids else []


class Gateway:
    """A sender that keeps what it got and answers as it is told."""

    def __init__(self, outcome: Outcome = Outcome.ACCEPTED, reason: Reason | None = None, *, max_chars: int | None = None) -> None:
        self.outcome, self.reason, self.got = outcome, reason, list[Message]()
        self.limits = Limits(max_chars=max_chars)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.got += messages
        return [Receipt(key=one.key, outcome=self.outcome, at=NOW, reason=self.reason) for one in messages]


class Calls:
    def __init__(self) -> None:
        self.called: list[int] = []
        self.opened: list[tuple[str, frozenset[str]]] = []

    async def open(self, alert: StoredAlert, codes: frozenset[str]) -> int:
        self.opened.append((alert.identifier, codes))
        return 0

    async def open_offices(self, alert: StoredAlert) -> int:
        self.opened.append((alert.identifier, frozenset({"offices"})))
        return 0

    async def call(self, identifier: str, subscription_ids: Sequence[int]) -> dict[int, str]:
        self.called += subscription_ids
        return {key: f"https://w.example/api/ack/{identifier[-2:]}{key}" for key in subscription_ids}


def desk(
    ledger: Memory, sender: Gateway | None = None, calls: Calls | None = None, residents: Residents | None = None,
    shelters: Sequence[Shelter] = (),
) -> DispatchDesk:
    return DispatchDesk(
        ledger, {} if sender is None else {ledger.channel: sender}, mass=residents or Residents(), calls=calls or Calls(), clock=VirtualClock(NOW), zones=ZONES,
        policy=RetryPolicy(), batch_sizes={"sms": 500}, kinds={"partners": "webhook"},
        refuges=Shelters(shelters))


def wish(number: int, **changes: object) -> Interest:
    base = Interest(subscription_id=number, hazards=(), min_level=Level.BLUE, zones=(), polygon=None)
    return replace(base, **changes)  # type: ignore[arg-type]  # a table of fields


WISHES = [
    wish(1), wish(2, zones=("310115",)), wish(3, zones=("310120",)), wish(4, zones=("310115",), hazards=("gale",)),
    wish(5, zones=("310115",), min_level=Level.RED), wish(6, polygon=box(121.1, 31.0, 121.2, 31.1)),
    wish(7, polygon=box(121.05, 31.0, 121.2, 31.1)),
]


async def test_the_audience_is_place_first_and_then_hazard_and_level() -> None:
    ledger, residents = Memory(alert(), interests=WISHES), Residents()
    await desk(ledger, residents=residents).expand(ledger.stored.identifier)
    assert (ledger.expanded["in_area"], ledger.expanded["matching"]) == ([1, 2, 4, 5, 7], [1, 2, 7])
    assert ledger.expanded["now"] == NOW
    assert residents.places == [(ledger.stored.identifier, Place(districts=("310115",), cells=None))]


async def test_a_drawn_polygon_is_matched_with_the_cells_inside_it() -> None:
    drawn = {"type": "Polygon", "coordinates": [[[121.04, 31.04], [121.06, 31.04], [121.06, 31.06], [121.04, 31.06], [121.04, 31.04]]]}
    ledger, residents = Memory(alert(polygon=drawn), interests=WISHES), Residents()
    await desk(ledger, residents=residents).expand(ledger.stored.identifier)
    assert residents.places == [(ledger.stored.identifier, Place(districts=("310115",), cells=("c3105_12105",)))]


async def test_an_empty_claim_is_recorded_and_nothing_is_sent() -> None:
    ledger, gateway = Memory(alert()), Gateway()
    await desk(ledger, gateway).send(5)
    assert (ledger.recorded, ledger.steps, gateway.got) == (1, {}, [])


async def test_a_message_carries_what_a_channel_needs_and_its_key_is_the_same_on_every_try() -> None:
    ledger, gateway = Memory(alert(), works=[work(1)]), Gateway()
    made = desk(ledger, gateway)
    await made.send(5)
    await made.send(5)
    first, again = gateway.got
    assert first == again
    assert (first.key, first.lane, first.priority, first.version) == ("31011541600000_20240919120000.1", "exercise", 3, 1)
    assert "暴雨橙色预警" in first.text
    assert "【演练】" in first.text
    assert ledger.steps[1].state is State.ACCEPTED


@pytest.mark.parametrize(("kind", "role", "level", "called"), [
    ("office", "start", Level.ORANGE, True), ("office", "start", Level.YELLOW, False), ("office", "end", Level.ORANGE, False),
    ("duty", "start", Level.YELLOW, True), ("duty", "end", Level.RED, False),
    ("resident", "start", Level.ORANGE, False)])
async def test_only_an_office_that_must_answer_and_whoever_is_on_duty_get_a_link(kind: str, role: str, level: Level, called: bool) -> None:
    ledger, gateway, calls = Memory(alert(level=level), works=[work(1, kind=kind, role=role)]), Gateway(), Calls()
    await desk(ledger, gateway, calls).send(5)
    assert calls.called == ([101] if called else [])
    assert ("/api/ack/00101" in gateway.got[0].text) is called


HALL = Shelter(code="hall", kind="shelter", name_zh="文化馆", name_en="Culture hall", address="", places=300, hazards=(), lon=121.05, lat=31.05)


async def test_a_post_that_must_answer_is_told_where_people_can_go_on_its_own_ground() -> None:
    """Posts 101 and 102 asked for Pudong and for Fengxian, which is not warned: only the one near the hall is told of it."""
    gateway = Gateway()
    ledger = Memory(alert(), "email", works=[work(1, kind="office", address="a@b.example"), work(2, kind="office", address="c@d.example"), work(3)],
                    interests=[wish(101, zones=("310115",)), wish(102, polygon=box(121.19, 31.0, 121.2, 31.1)), wish(103)])
    far = replace(HALL, code="far", name_zh="远处", lon=122.0)
    await desk(ledger, gateway, shelters=[HALL, far]).send(5)
    told = {message.address: "避难场所：文化馆" in message.text for message in gateway.got}
    assert told == {"a@b.example": True, "c@d.example": False, "8613800000000": False}
    assert all("远处" not in message.text for message in gateway.got)


async def test_a_program_gets_the_shelters_as_a_list() -> None:
    gateway = Gateway()
    ledger = Memory(alert(), "webhook", works=[work(1, kind="office", address="https://w.example")], interests=[wish(101, zones=("310115",))])
    await desk(ledger, gateway, shelters=[HALL]).send(5)
    assert [one["code"] for one in json.loads(gateway.got[0].body)["shelters"]] == ["hall"]


async def test_a_program_gets_the_cap_document_and_the_link_as_json() -> None:
    ledger, gateway = Memory(alert(), "webhook", [work(1, kind="office", address="https://o.example/")]), Gateway()
    await desk(ledger, gateway).send(5)
    body = json.loads(gateway.got[0].body)
    assert (body["cap"], body["level"], body["zones"], body["ack_url"]) == (
        ledger.stored.cap_xml, "orange", ["310115"], "https://w.example/api/ack/00101")
    assert gateway.got[0].content_type == "application/json"


async def test_a_channel_to_programs_is_one_under_any_name() -> None:
    ledger, gateway = Memory(alert(), "partners", [work(1, kind="office", address="https://o.example/")]), Gateway()
    await desk(ledger, gateway).send(5)
    assert json.loads(gateway.got[0].body)["cap"] == ledger.stored.cap_xml


async def test_only_a_broadcasts_address_is_filled_in() -> None:
    works = [work(1, kind="broadcast", address="t/{identifier}"), work(2, address="t/{identifier}")]
    ledger, gateway = Memory(alert(), "spool", works), Gateway()
    await desk(ledger, gateway).send(5)
    assert [one.address for one in gateway.got] == ["t/31011541600000_20240919120000", "t/{identifier}"]


@pytest.mark.parametrize(("gateway", "attempts", "state"), [
    (Gateway(Outcome.RETRY, Reason.UNREACHABLE), 1, State.QUEUED), (Gateway(Outcome.RETRY, Reason.UNREACHABLE), 8, State.FAILED),
    (Gateway(Outcome.UNKNOWN, Reason.TIMEOUT), 1, State.UNKNOWN), (Gateway(Outcome.REJECTED, Reason.BAD_ADDRESS), 1, State.FAILED),
    (Gateway(max_chars=3), 1, State.FAILED), (None, 1, State.QUEUED),
])
async def test_what_becomes_of_a_try(gateway: Gateway | None, attempts: int, state: State) -> None:
    ledger = Memory(alert(), works=[work(1, attempts=attempts)])
    await desk(ledger, gateway).send(5)
    assert ledger.steps[1].state is state


async def test_a_batch_is_handed_over_in_pieces_that_grow_and_each_is_written_down_before_the_next_is_claimed() -> None:
    class Watched(Gateway):
        async def send(self, messages: Sequence[Message]) -> list[Receipt]:
            assert len(ledger.steps) == len(self.got)
            return await super().send(messages)

    ledger, gateway = Memory(alert(), works=[work(number) for number in range(1, 161)]), Watched()
    await desk(ledger, gateway).send(5)
    assert ledger.hands == [50, 100, 10]
    assert ledger.asked == [None, None, 5], "the next try is asked for once, at the end"
    assert [one.key.rsplit(".", 1)[-1] for one in gateway.got] == [str(number) for number in range(1, 161)]


async def test_a_slow_channel_keeps_its_lease() -> None:
    class Slow(Gateway):
        async def send(self, messages: Sequence[Message]) -> list[Receipt]:
            async with asyncio.timeout(60):
                while len(ledger.renewed) < 2:  # noqa: ASYNC110 - what is watched is the list that the desk fills
                    await asyncio.sleep(0.01)
            return await super().send(messages)

    ledger, policy = Memory(alert(), works=[work(1)]), RetryPolicy(lease=timedelta(seconds=0.15))
    ledger.policy = policy
    made = DispatchDesk(ledger, {"sms": Slow()}, mass=Residents(), calls=Calls(), clock=VirtualClock(NOW), zones=ZONES, policy=policy, batch_sizes={}, kinds={}, refuges=Shelters(()))
    await made.send(5)
    assert set(ledger.renewed) == {(5, policy.lease)}


async def test_late_receipts_wait_while_the_database_is_away_and_keep_their_order() -> None:
    ledger = Memory(alert())
    made = desk(ledger)
    ledger.away = True
    for key in ("a.1", "a.2"):
        await made.on_receipt(Receipt(key=key, outcome=Outcome.DELIVERED, at=NOW))
        await made.flush()
    assert ledger.receipts == []
    ledger.away = False
    await made.flush()
    await made.flush()
    assert [one.key for one in ledger.receipts] == ["a.1", "a.2"]


async def test_retry_is_an_operators_act() -> None:
    residents = Residents()
    made = desk(Memory(alert()), residents=residents)
    assert await made.retry([1, 2], crowd_ids=[7], account=Account(name="li", role="forecaster")) == 1002
    assert residents.retried == [7]
    with pytest.raises(NotAllowed):
        await made.retry([1], account=Account(name="o", role="office"))


async def test_skip_is_an_operators_act_with_a_reason() -> None:
    made = desk(Memory(alert()))
    li = Account(name="li", role="forecaster")
    assert await made.skip([1, 2], crowd_ids=[7], only="refused", reason=" closed ", account=li) == 1002
    with pytest.raises(Invalid, match="reason"):
        await made.skip([1], reason="", account=li)
    with pytest.raises(NotAllowed):
        await made.skip([1], reason="closed", account=Account(name="o", role="office"))


@pytest.mark.parametrize("account", [
    Account(name="gale desk", role="forecaster", hazards=("gale",)), Account(name="fengxian", role="forecaster", area="310120")])
async def test_an_operator_retries_inside_his_own_hazards_and_area_only(account: Account) -> None:
    with pytest.raises(NotAllowed):
        await desk(Memory(alert())).retry([1], account=account)
    with pytest.raises(NotAllowed):
        await desk(Memory(alert())).retry([], crowd_ids=[7], account=account)
