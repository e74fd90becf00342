"""Preview: by hand, on two zones, what a subscription would have been told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from shapely import box
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone, ZoneSet
from warning.dispatch.audience import Interest
from warning.level import Level
from warning.office.preview import preview
from warning.office.work import Past

ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="1", name_zh="西", name_en="West", level="district", geometry=box(0, 0, 1, 1)),
    Zone(code="2", name_zh="东", name_en="East", level="district", geometry=box(1, 0, 2, 1)),
))
AT = datetime(2026, 7, 1, tzinfo=UTC)


def past(event: int, version: int, *zones: str, level: Level = Level.ORANGE, hazard: str = "gale", kind: str = "", polygon: BaseGeometry | None = None) -> Past:
    return Past(
        identifier=f"{event}.{version}", event_id=UUID(int=event), version=version, msg_type=kind or ("Alert" if version == 1 else "Update"),
        hazard=hazard, level=level, sent=AT + timedelta(days=event, hours=version), expires=AT + timedelta(days=event + 1), issuer="x", zones=zones,
        polygon=None if polygon is None else {"type": "Polygon", "coordinates": [[list(corner) for corner in polygon.exterior.coords]]},  # type: ignore[attr-defined]  # a box
        headlines={})


def told(archive: list[Past], *, zones: tuple[str, ...] = (), polygon: BaseGeometry | None = None, hazards: tuple[str, ...] = (),
         level: Level = Level.ORANGE) -> list[tuple[str, str]]:
    """(identifier, role), newest first."""
    interest = Interest(subscription_id=0, hazards=hazards, min_level=level, zones=zones, polygon=polygon)
    return [(one.alert.identifier, one.role) for one in preview(interest, archive, ZONES).told]


def test_a_start_its_change_to_a_lower_level_and_its_end() -> None:
    archive = [past(1, 3, "1", kind="Cancel"), past(1, 1, "1"), past(1, 2, "1", level=Level.BLUE)]
    assert told(archive, zones=("1",)) == [("1.3", "end"), ("1.2", "change"), ("1.1", "start")]


def test_no_end_without_a_start() -> None:
    assert told([past(1, 1, "1", level=Level.BLUE), past(1, 2, "1", level=Level.BLUE, kind="Cancel")], zones=("1",)) == []


def test_who_is_left_by_an_update_is_told_an_end_and_may_be_told_again() -> None:
    archive = [past(1, 1, "1", "2"), past(1, 2, "2"), past(1, 3, "2"), past(1, 4, "1", "2"), past(1, 5, "1", "2", kind="Cancel")]
    assert told(archive, zones=("1",)) == [("1.5", "end"), ("1.4", "start"), ("1.2", "end"), ("1.1", "start")]


def test_a_polygon_that_touches_by_an_edge_is_not_warned_and_one_that_overlaps_is() -> None:
    archive = [past(1, 1, "2"), past(2, 1, "1")]
    assert told(archive, polygon=box(0.5, 0.2, 1.0, 0.8)) == [("2.1", "start")]
    assert told(archive, polygon=box(0.5, 0.2, 1.1, 0.8)) == [("2.1", "start"), ("1.1", "start")]
    drawn = [past(3, 1, "1", "2", polygon=box(1.5, 0, 2, 1))]
    assert told(drawn, polygon=box(0.5, 0.2, 1.1, 0.8)) == []


def test_hazard_and_level_count_and_everywhere_is_everything() -> None:
    archive = [past(1, 1, "1"), past(2, 1, "2", hazard="fog"), past(3, 1, "2", level=Level.YELLOW)]
    assert told(archive) == [("2.1", "start"), ("1.1", "start")]
    assert told(archive, hazards=("fog",)) == [("2.1", "start")]
    assert [one for one, _ in told(archive, level=Level.BLUE)] == ["3.1", "2.1", "1.1"]


def test_each_zone_counts_its_warnings_once_an_event_with_the_strongest_level() -> None:
    archive = [past(1, 1, "1"), past(1, 2, "1", level=Level.RED), past(2, 1, "1", "2")]
    interest = Interest(subscription_id=0, hazards=(), min_level=Level.BLUE, zones=("1",), polygon=None)
    found = preview(interest, archive, ZONES)
    assert (found.by_zone, found.looked_at) == ({"1": (2, Level.RED), "2": (1, Level.ORANGE)}, 3)
