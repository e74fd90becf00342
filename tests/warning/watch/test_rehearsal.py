"""The rehearsal: every rule that rain and wind decide is measured on a calm day, and nothing is proposed."""

from datetime import UTC, datetime, timedelta

from shapely import box

from geo.zone import Zone, ZoneSet
from warning.watch.measured import Measuring
from warning.watch.rehearsal import calm_day
from warning.watch.rulefile import load_rule_sets
from warning.watch.window import Window

NOW = datetime(2024, 9, 20, tzinfo=UTC)
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310115", name_zh="乙", name_en="B", level="district", parent="310000", geometry=box(121.0, 31.0, 121.1, 31.1)),
    Zone(code="310120", name_zh="丁", name_en="D", level="district", parent="310000", geometry=box(121.1, 31.0, 121.9, 31.4)),
))


def test_a_calm_day_is_measured_by_the_rules_of_rain_and_wind_and_reaches_none() -> None:
    fields = calm_day(ZONES, now=NOW)
    assert max(field.valid_time for field in fields) == NOW + timedelta(hours=2)
    read = Measuring(Window().with_run(fields), ZONES.zones, now=NOW).measured(load_rule_sets()["shanghai-2019"])
    hazards = {row.split("/")[1] for row in read.answers}
    assert {"rainstorm", "gale", "fog"} <= hazards
    assert not any(one.exceeded for answers in read.answers.values() for one in answers)


def test_the_grid_covers_every_zone_to_its_edges() -> None:
    grid = calm_day(ZONES, now=NOW)[0].grid
    assert (grid.lon0, round(grid.lon0 + (grid.nx - 1) * grid.dlon, 9)) == (121.0, 121.9)
    assert (grid.lat0, round(grid.lat0 + (grid.ny - 1) * grid.dlat, 9)) == (31.0, 31.4)
