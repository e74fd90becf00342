"""Subscriptions at the door: what is refused, with which sentence, and what is stored."""

import json
import math
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from channels.message import Lane
from geo.zone import Zone, ZoneSet
from warning.account import Account
from warning.clock import SystemClock
from warning.dispatch.subscribe import Entry, Held, OfficeSubscription, ResidentSubscription, SubscriptionDesk, _cell
from warning.errors import Invalid, NotAllowed

ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310000", name_zh="市", name_en="City", level="city", geometry=box(121.0, 31.0, 121.2, 31.1)),
    Zone(code="310115", name_zh="乙", name_en="B", level="district", parent="310000", geometry=box(121.0, 31.0, 121.1, 31.1)),
    Zone(code="310120", name_zh="丁", name_en="D", level="district", parent="310000", geometry=box(121.1, 31.0, 121.2, 31.1)),
))
OFFICE = Account(name="pudong", role="office")
HOOK = OfficeSubscription(name="duty", channel="webhook", address="https://office.example/in", zones=("310115",))
PERSON = ResidentSubscription(channel="sms", address="8613800000000", lat=31.055, lon=121.055)
PUSH = json.dumps({"endpoint": "https://push.example/a", "keys": {"p256dh": "B", "auth": "a"}})


class Memory:
    """A ledger in a list: the same lane, channel, address, place and name again is the same subscription."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ended: list[tuple[int, str | None]] = []
        self.asked_at: list[datetime | None] = []
        self.ended_by: list[tuple[str, datetime]] = []

    async def add(self, entry: Entry, *, at: datetime | None = None) -> int:
        self.asked_at.append(at)
        for number, old in enumerate(self.entries):
            if (old.lane, old.channel, old.address, old.cell, old.name) == (entry.lane, entry.channel, entry.address, entry.cell, entry.name):
                self.entries[number] = entry
                return number
        self.entries.append(entry)
        return len(self.entries) - 1

    async def end(self, subscription_id: int, *, owner: str | None, by: str, at: datetime) -> None:
        self.ended.append((subscription_id, owner))
        self.ended_by.append((by, at))

    async def held(self, owner: str | None) -> list[Held]:
        return [Held(id=at, name=e.name, channel=e.channel, address="…", lane=e.lane, hazards=e.hazards, min_level=e.min_level,
                     zones=e.zones, polygon=e.polygon) for at, e in enumerate(self.entries) if owner in (None, e.owner)]

    async def stop(self, channel: str, address: str) -> int:
        stay = [e for e in self.entries if (e.channel, e.address) != (channel, address)]
        ended, self.entries = len(self.entries) - len(stay), stay
        return ended


def desk(*, private: bool = False) -> tuple[SubscriptionDesk, Memory]:
    memory = Memory()
    channels = {"sms": "sms", "email": "email", "webhook": "webhook", "mqtt": "mqtt", "webpush": "webpush", "partners": "webhook", "mobile": "cmpp",
                "speakers": "loudspeaker", "groups": "chat"}
    return SubscriptionDesk(memory, zones=ZONES, clock=SystemClock(), hazards=["rainstorm", "gale"], channels=channels,
                            allow_private=private), memory


def office(**changes: object) -> OfficeSubscription:
    return OfficeSubscription.model_validate({**HOOK.model_dump(), **changes})


def person(**changes: object) -> ResidentSubscription:
    return ResidentSubscription.model_validate({**PERSON.model_dump(), **changes})


@pytest.mark.parametrize("address", [
    "http://127.0.0.1/x", "http://10.0.0.7/x", "http://192.168.1.2:8080/", "http://[::1]/", "http://localhost/", "http://intranet/",
    "http://169.254.169.254/latest/meta-data", "http://2130706433/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:a00:7]/", "http://[64:ff9b::7f00:1]/",
    "http://0177.0.0.1/", "http://127.1/", "http://0x7f000001/", "http://①②⑦.0.0.1/", "http://me@10.0.0.1/", "https://10.0.0.7\\@office.example/",
    "http://localhost./", "http://[fe80::1%25eth0]/", "http://100.64.0.1/", "gopher://office.example/", "file:///etc/passwd", "//office.example/", ""])
async def test_a_private_webhook_is_refused_and_its_address_is_not_quoted(address: str) -> None:
    with pytest.raises(Invalid, match="^address: ") as refused:
        await desk()[0].office(office(address=address), account=OFFICE)
    assert not address or address not in str(refused.value)


async def test_a_private_webhook_is_taken_in_a_drill_and_cloud_metadata_never() -> None:
    allowed, memory = desk(private=True)
    await allowed.office(office(address="http://127.0.0.1:9000/x"), account=OFFICE)
    assert len(memory.entries) == 1
    with pytest.raises(Invalid, match="link-local"):
        await allowed.office(office(address="http://169.254.169.254/"), account=OFFICE)


@pytest.mark.parametrize(("changes", "told"), [
    ({"channel": "fax"}, "channel: 'fax' is not offered here; there is email, groups, mobile, mqtt, partners, sms, speakers, webhook, webpush"),
    ({"hazards": ["meteor"]}, "hazards: 'meteor' is unknown; there is gale, rainstorm"),
    ({"zones": ["320500"]}, "zones: '320500' is no zone"),
    ({"zones": ["310115103"]}, "zones: '310115103' is no zone"),
    ({"min_level": "purple"}, "min_level: 'purple' is no level"),
    ({"channel": "sms", "address": "110"}, "address: a phone number has 8 to 15 digits"),
    ({"channel": "sms", "address": "8613800000000\n"}, "address: a phone number"),
    ({"channel": "email", "address": "duty@office"}, "address: this is no e-mail address"),
    ({"channel": "email", "address": "a@b.example, c@d.example"}, "address: this is no e-mail address"),
    ({"channel": "email", "address": "a@b.example\n"}, "address: this is no e-mail address"),
    ({"channel": "speakers", "address": "http://10.0.0.1/310115"}, "private network"),
    ({"channel": "speakers", "address": "xiaoxishu/#"}, "address: an MQTT topic has no wildcards"),
    ({"channel": "groups", "address": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"}, "address: this is no robot's address; write wecombot://KEY"),
    ({"channel": "groups", "address": "jsons://10.0.0.1/x"}, "no robot's address"),
    ({"channel": "mqtt", "address": "xiaoxishu/#"}, "address: an MQTT topic has no wildcards"),
    ({"channel": "webpush", "address": "{}"}, "address: needs the PushSubscription as JSON"),
    ({"channel": "webpush", "address": '{"endpoint": "https://push.example/a"}'}, "address: needs the PushSubscription"),
    ({"channel": "webpush", "address": PUSH.replace("push.example", "10.0.0.1")}, "private network"),
    ({"polygon": {"type": "Point", "coordinates": [121, 31]}}, "must be a Polygon or MultiPolygon, not a Point"),
    ({"polygon": {"type": "Nonsense"}}, "polygon: is no GeoJSON geometry"),
    ({"polygon": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}}, "draw it without crossing lines"),
    ({"polygon": {"type": "Polygon", "coordinates": [[[3e5, 4e6], [3.1e5, 4e6], [3e5, 4.1e6], [3e5, 4e6]]]}}, "look projected"),
])
async def test_a_wrong_wish_is_refused_with_its_field(changes: dict[str, object], told: str) -> None:
    kept, memory = desk()
    with pytest.raises(Invalid, match=told):
        await kept.office(office(**changes), account=OFFICE)
    assert memory.entries == []


@pytest.mark.parametrize(("channel", "address", "told"), [
    ("mqtt", "xiaoxishu/actual/310115/310000/rainstorm", "topics that begin with xiaoxishu/ are the engine's own"),
    ("mqtt", "xiaoxishu/exercise/office/fengxian/duty", "yours begin with xiaoxishu/exercise/office/pudong/"),
    ("speakers", "xiaoxishu/exercise/loudspeaker/310115/x/y", "the engine's own"),
    ("spool", "../../etc/cron.d/x", "reaches everybody at once"),
    ("page", "https://w.example/", "reaches everybody at once"),
])
async def test_an_office_names_no_way_to_everybody_and_no_topic_but_its_own(channel: str, address: str, told: str) -> None:
    memory = Memory()
    kept = SubscriptionDesk(memory, zones=ZONES, clock=SystemClock(), hazards=[], allow_private=False, channels={
        "mqtt": "mqtt", "speakers": "loudspeaker", "spool": "spool", "page": "page"})
    with pytest.raises(Invalid, match=told):
        await kept.office(office(channel=channel, address=address), account=OFFICE)
    assert memory.entries == []


async def test_an_office_without_a_topic_gets_one_of_its_own_for_each_issuer_and_hazard() -> None:
    kept, memory = desk()
    await kept.office(office(channel="mqtt", address="", name="duty/1 #+"), account=OFFICE)
    await kept.office(office(channel="mqtt", address="xiaoxishu/exercise/office/pudong/wall"), account=OFFICE)
    assert [entry.address for entry in memory.entries] == [
        "xiaoxishu/exercise/office/pudong/duty-1 --/{issuer}/{hazard}", "xiaoxishu/exercise/office/pudong/wall"]


async def test_only_who_may_subscribe_does() -> None:
    with pytest.raises(NotAllowed, match="a forecaster may not subscribe; it needs one of: office, admin"):
        await desk()[0].office(HOOK, account=Account(name="li.lei", role="forecaster"))


async def test_who_asks_for_the_city_gets_what_its_districts_are_warned_of() -> None:
    kept, memory = desk()
    await kept.office(office(zones=["310000"]), account=OFFICE)
    await kept.office(office(name="two", zones=["3101"]), account=OFFICE)
    assert [entry.zones for entry in memory.entries] == [("310000", "310115", "310120"), ("3101",)]


async def test_the_same_subscription_again_is_the_same_with_the_newest_wishes() -> None:
    kept, memory = desk()
    first = await kept.office(HOOK, account=OFFICE)
    assert await kept.office(office(min_level="red"), account=OFFICE) == first
    assert [entry.min_level.key for entry in memory.entries] == ["red"]


async def test_a_phone_number_with_and_without_plus_is_one_person_and_one_stop_ends_it() -> None:
    kept, memory = desk()
    assert await kept.resident(PERSON) == await kept.resident(person(address="+8613800000000"))
    assert [entry.address for entry in memory.entries] == ["8613800000000"]
    assert await kept.stop("sms", "+8613800000000") == 1
    assert await kept.stop("sms", "8613800000000") == 0


async def test_a_stop_by_text_message_ends_it_whichever_operator_carries_it() -> None:
    kept, memory = desk()
    await kept.resident(PERSON)
    await kept.resident(person(channel="mobile", address="+8613800000000"))
    assert [entry.address for entry in memory.entries] == ["8613800000000"] * 2
    with pytest.raises(Invalid, match="phone number"):
        await kept.resident(person(channel="mobile", address="reader@example.org"))
    assert await kept.stop("sms", "8613800000000") == 2


async def test_a_residents_place_is_kept_as_a_cell_and_a_district_only() -> None:
    kept, memory = desk()
    await kept.resident(PERSON)
    entry = memory.entries[0]
    assert (entry.kind, entry.cell, entry.district, entry.zones, entry.polygon) == ("resident", "c3105_12105", "310115", (), None)
    assert not {"lat", "lon"} & set(Entry.__dataclass_fields__)


@pytest.mark.parametrize(("degrees", "cell"), [
    (121.47, 12147), (121.475, 12147), (121.4799999, 12147), (31.23, 3123), (0.29, 29), (121.0, 12100), (0.0, 0), (-0.001, -1), (-0.01, -1),
])
def test_a_place_on_the_edge_of_a_cell_belongs_to_the_cell_that_begins_there(degrees: float, cell: int) -> None:
    assert _cell(degrees) == cell


@given(st.integers(-18_000, 17_999), st.floats(0.001, 0.999))
def test_a_place_is_in_the_cell_around_it(cell: int, part: float) -> None:
    assert _cell((cell + part) / 100) == cell
    assert _cell(cell / 100) == cell
    assert math.isclose((cell + part) / 100, (cell + 0.5) / 100, abs_tol=0.0051)


@pytest.mark.parametrize(("changes", "told"), [
    ({"channel": "webhook", "address": "https://a.example/"}, "residents register one of email, mobile, sms, webpush, not 'webhook'"),
    ({"lat": 40.0}, "lies in no district"),
    ({"hazards": ["meteor"]}, "hazards: 'meteor' is unknown"),
])
async def test_a_resident_who_could_not_be_warned_is_told_so(changes: dict[str, object], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        await desk()[0].resident(person(**changes))


@pytest.mark.parametrize("changes", [{"lat": math.nan}, {"lat": 91}, {"lon": 181}, {"point": [1, 2]}, {"language": "fr"}])
def test_a_place_off_the_earth_or_an_unknown_field_does_not_pass_the_form(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        person(**changes)


async def test_an_office_sees_and_ends_its_own_and_an_admin_all() -> None:
    kept, memory = desk()
    await kept.office(HOOK, account=OFFICE)
    await kept.office(office(name="other"), account=replace(OFFICE, name="fengxian"))
    assert [one.name for one in await kept.of(OFFICE)] == ["duty"]
    assert len(await kept.of(Account(name="root", role="admin"))) == 2
    await kept.end(0, account=OFFICE)
    await kept.end(1, account=Account(name="root", role="admin"))
    assert memory.ended == [(0, "pudong"), (1, None)]


@pytest.mark.parametrize("lane", ["actual", "exercise"])
async def test_a_wish_without_a_lane_gets_the_deployments_own_and_a_drill_when_nothing_is_said(lane: Lane) -> None:
    memory = Memory()
    kept = SubscriptionDesk(
        memory, zones=ZONES, clock=SystemClock(), hazards=[], channels={"sms": "sms", "webhook": "webhook"}, allow_private=False, lane=lane)
    await kept.office(HOOK, account=OFFICE)
    await kept.resident(PERSON)
    await kept.office(office(name="drill", lane="exercise"), account=OFFICE)
    assert [entry.lane for entry in memory.entries] == [lane, lane, "exercise"]
    unsaid, memory = desk()
    await unsaid.resident(PERSON)
    assert memory.entries[0].lane == "exercise"


async def test_a_second_webhook_channel_under_another_name_has_its_addresses_checked_too() -> None:
    with pytest.raises(Invalid, match="^address: "):
        await desk()[0].office(office(channel="partners", address="http://10.0.0.7/x"), account=OFFICE)


async def test_a_resident_may_not_register_a_channel_to_machines_whatever_its_name() -> None:
    with pytest.raises(Invalid, match="residents register one of email, mobile, sms, webpush, not 'partners'"):
        await desk()[0].resident(person(channel="partners", address="https://a.example/x"))
