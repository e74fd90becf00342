"""The one-to-many ways out that a deployment provisions for itself."""

from shapely import box

from geo.zone import Zone, ZoneSet
from warning.dispatch.broadcast import broadcasts
from warning.level import Level

ZONES = ZoneSet(origin="by hand", zones=tuple(
    Zone(code=code, name_zh=code, name_en=code, level=level, geometry=box(0, 0, 1, 1))
    for code, level in (("310000", "city"), ("310115", "district"), ("c3100_12100", "cell"))))


def test_a_topic_for_every_zone_but_not_for_cells_and_one_page_and_one_spool() -> None:
    made = broadcasts(ZONES, channels={name: name for name in ("sms", "mqtt", "page", "spool")}, lane="exercise", public_url="https://w.example/")
    assert [(entry.channel, entry.zones) for entry in made] == [
        ("mqtt", ("310000",)), ("mqtt", ("310115",)), ("page", ()), ("spool", ())]
    assert made[1].address.startswith("xiaoxishu/exercise/310115/")
    assert made[2].address == "https://w.example/public/versions/{identifier}"


def test_a_broadcast_takes_every_hazard_from_blue_on_in_its_own_lane() -> None:
    for lane in ("actual", "exercise"):
        for entry in broadcasts(ZONES, channels={name: name for name in ("mqtt", "page", "spool")}, lane=lane, public_url="u"):
            assert (entry.kind, entry.lane, entry.hazards, entry.min_level) == ("broadcast", lane, (), Level.BLUE)


def test_a_channel_that_is_not_there_gets_nothing() -> None:
    assert broadcasts(ZONES, channels={"sms": "sms", "email": "email"}, lane="actual", public_url="u") == []


def test_a_channel_is_known_by_its_kind_whatever_it_is_called() -> None:
    made = broadcasts(ZONES, channels={"town-screens": "mqtt", "mqtt": "webhook"}, lane="actual", public_url="u")
    assert {entry.channel for entry in made} == {"town-screens"}
