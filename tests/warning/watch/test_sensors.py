"""What only a sensor tells (a tide gauge, a depth in an underpass) reaches the rows and packs that ask for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from geo.field import Provenance
from geo.grid import Grid
from geo.observation import Observation
from geo.shanghai import shanghai_zones
from warning.configfolder import shipped_config
from warning.level import Level
from warning.watch.draft import Draft, draft
from warning.watch.issuer import load_issuers
from warning.watch.measured import Measuring
from warning.watch.memory import Policy
from warning.watch.noted import noted
from warning.watch.pack import RiskNotice, judge
from warning.watch.packfile import load_packs
from warning.watch.proposal import InForce
from warning.watch.rulefile import load_rule_sets
from warning.watch.site import load_sites
from warning.watch.window import Window

SETS = load_rule_sets()
TIDE = SETS["hydrology-shanghai"]
WATER = next(one for one in load_issuers(rule_sets=SETS) if one.code == "310000-332")
ZONES = shanghai_zones()
PACKS = {pack.id: pack for pack in load_packs([shipped_config() / "packs"], hazards={rule.hazard.key for one in SETS.values() for rule in one.rules})}
NOW = datetime(2024, 9, 19, 5, 0, tzinfo=UTC)
GRID = Grid(kind="regular_ll", ny=30, nx=30, lat0=31.0, lon0=121.4, dlat=0.01, dlon=0.01)


def sensor(variable: str, value: float, units: str, *, name: str = "s1", lon: float = 121.5, lat: float = 31.24, ago_min: int = 0) -> Observation:
    return Observation(station=name, lon=lon, lat=lat, variable=variable, units=units, value=value, valid_time=NOW - timedelta(minutes=ago_min),
                       provenance=Provenance(source="sensors", path="t"))


def measuring(*observations: Observation) -> Measuring:
    window, _ = Window().with_observations(observations, GRID)
    return Measuring(window, tuple(ZONES), now=NOW)


def tide(*observations: Observation) -> Draft:
    found = measuring(*observations).measured(TIDE)
    [one] = draft(WATER, TIDE, found.answers, now=NOW, gauges=found.gauges)
    return noted(one, TIDE, found)


@pytest.mark.parametrize(("metres", "level"), [(4.54, None), (4.55, Level.BLUE)])
def test_the_tide_is_read_at_the_station_that_the_row_names(metres: float, level: Level | None) -> None:
    found = tide(sensor("water_level", metres, "m", name="suzhou-creek-mouth"), sensor("water_level", 9.0, "m", name="elsewhere", lon=121.6))
    assert found.level is level
    assert found.unknown is (level is None), "of the 24 hours to come nobody knows"
    if level is not None:
        assert found.evidence is not None
        [gauge] = found.evidence.gauges
        assert gauge.station == "suzhou-creek-mouth"
        assert gauge.value == pytest.approx(4.55)


def test_a_tide_of_an_hour_ago_is_not_that_of_now() -> None:
    assert tide(sensor("water_level", 4.9, "m", name="suzhou-creek-mouth", ago_min=31)).level is None


def notices(folder: Path, pack: str, kind: str, observations: Sequence[Observation], in_force: Sequence[InForce] = ()) -> list[RiskNotice]:
    (folder / "sites.csv").write_text(
        f"code,kind,name_zh,name_en,owner,buffer_m,lon,lat\nu1,{kind},一号,One,所,100,121.5,31.24\nu2,{kind},二号,Two,所,100,121.6,31.24\n", encoding="utf-8")
    found, _ = judge([PACKS[pack]], load_sites([folder], real=False), measuring(*observations), ZONES, in_force=in_force, open_={}, memories={},
                     policy=Policy(), data_time=NOW, now=NOW)
    return found


@pytest.mark.parametrize(("value", "units"), [(50, "cm"), (0.5, "m")])
def test_half_a_metre_of_water_in_an_underpass_is_told_to_its_owner_at_once(tmp_path: Path, value: float, units: str) -> None:
    [one] = notices(tmp_path, "underpass-depth", "underpass", [sensor("water_depth", value, units)])
    assert (one.site.code, one.act, one.level) == ("u1", "opened", Level.RED), "the other underpass has no sensor"
    assert one.evidence is not None
    assert [gauge.value for gauge in one.evidence.gauges] == [pytest.approx(50)]


def test_a_sensor_in_units_that_nobody_knows_stays_unknown_and_stops_nothing_else(tmp_path: Path) -> None:
    odd = sensor("water_depth", 20, "inch")
    assert notices(tmp_path, "underpass-depth", "underpass", [odd]) == []


def test_tide_and_rainstorm_together_are_told_and_neither_alone(tmp_path: Path) -> None:
    high = [sensor("water_level", 4.6, "m")]
    warned = [InForce(event_id="e", issuer="310000", hazard="rainstorm", level=Level.ORANGE, zones=("310000",), expires=NOW + timedelta(hours=6),
                      identifier="i", version=1)]
    kind = PACKS["storm-surge-waterlogging"].kinds[0]
    assert notices(tmp_path, "storm-surge-waterlogging", kind, high) == []
    assert notices(tmp_path, "storm-surge-waterlogging", kind, [sensor("water_level", 4.5, "m")], warned) == []
    [one] = notices(tmp_path, "storm-surge-waterlogging", kind, high, warned)
    assert (one.site.code, one.act) == ("u1", "opened")
