"""Corrections: what fits is changed and noted, what the file said stays, and a wrong file of corrections is refused."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feeds import override
from feeds.errors import OverrideError
from feeds.format import read_fields
from feeds.override import Match, Override, Overrides, Range, correct, suspect
from geo.field import GridField, Provenance
from geo.grid import Grid

ROOT = Path(__file__).parents[2]
BAD = ROOT / "tests/data/config"
RUN = datetime(2024, 9, 19, 12, tzinfo=UTC)
FIELD = GridField(
    variable="rain", units="mm", values=np.array([[0.0, 1.0, np.nan], [3.0, 4.0, 5.0]]),
    grid=Grid(kind="regular_ll", ny=2, nx=3, lat0=30, lon0=121, dlat=1, dlon=1), valid_time=RUN, run_time=RUN, level="surface",
    raw_min=0.0, raw_max=5.0, missing_count=1,
    provenance=Provenance(source="cma", path="in/Z_GEPS-024.grib2", index=3, original=(
        ("shortName", "tp"), ("discipline", "0"), ("parameterCategory", "1"), ("parameterNumber", "8"),
        ("productDefinitionTemplateNumber", "9"), ("scaledValueOfLowerLimit", "7"))),
)  # fmt: skip
CHANCE = dataclasses.replace(FIELD, units="%", statistic="probability", threshold=0.07, threshold_units="mm")


def one(match: Match, **actions: Any) -> Overrides:
    return Overrides(overrides=(Override(name="fix", why="it is so", match=match, **actions),))


@pytest.mark.parametrize("match", [
    {}, {"source": "c*"}, {"file": "Z_GEPS-*.grib2"}, {"index": 3}, {"index": [1, 3]}, {"variable": "rain"}, {"name": "tp"},
    {"level": "surface"}, {"discipline": 0, "category": 1, "number": [8, 9], "pdt": 9}, {"scaled_lower_limit": 7},
])  # fmt: skip
def test_an_override_fits_when_every_key_does(match: dict[str, Any]) -> None:
    assert Match.model_validate(match).fits(FIELD)


@pytest.mark.parametrize("match", [
    {"source": "ec*"}, {"file": "in/*"}, {"index": 4}, {"variable": "tp"}, {"name": "rain"}, {"level": "2 m"}, {"number": 9},
    {"category": 1, "pdt": 5}, {"probability_type": 0},
])  # fmt: skip
def test_an_override_does_not_fit_when_one_key_does_not(match: dict[str, Any]) -> None:
    assert not Match.model_validate(match).fits(FIELD)
    assert correct(FIELD, one(Match.model_validate(match), multiply_values=100.0)) is FIELD


def test_values_are_multiplied_and_what_the_file_said_stays() -> None:
    fixed = correct(FIELD, one(Match(), multiply_values=0.5))
    assert fixed.values[1].tolist() == [1.5, 2.0, 2.5]
    assert np.isnan(fixed.values[0, 2])
    assert (fixed.raw_min, fixed.raw_max, fixed.missing_count) == (0.0, 5.0, 1)
    assert fixed.provenance.original == FIELD.provenance.original
    assert fixed.provenance.corrections == ("fix: values × 0.5 (it is so)",)
    assert FIELD.values[1].tolist() == [3.0, 4.0, 5.0]


def test_a_threshold_times_a_hundred_is_a_round_number() -> None:
    fixed = correct(CHANCE, one(Match(), multiply_threshold=100.0))
    assert fixed.threshold == 7.0  # 0.07 * 100 is 7.000000000000001
    assert fixed.provenance.corrections == ("fix: threshold 0.07 → 7 (it is so)",)


def test_a_field_without_threshold_is_left_alone_by_a_factor() -> None:
    assert correct(FIELD, one(Match(), multiply_threshold=100.0)) is FIELD


def test_unit_variable_threshold_and_kind_can_be_set_together() -> None:
    fixed = correct(CHANCE, one(Match(), set_units="1", set_variable="snow_water", set_threshold=5.0, set_threshold_units="cm",
                                set_statistic="probability_below"))  # fmt: skip
    assert (fixed.units, fixed.variable, fixed.threshold, fixed.threshold_units, fixed.statistic) == ("1", "snow_water", 5.0, "cm", "probability_below")
    assert fixed.provenance.corrections == (
        "fix: units % → 1, threshold 0.07 → 5, threshold units mm → cm, variable rain → snow_water, statistic probability → probability_below (it is so)",
    )


def test_two_overrides_that_fit_are_applied_in_order_of_the_file_by_what_was_read() -> None:
    both = Overrides(overrides=(*one(Match(variable=("rain",)), set_variable="snow_water").overrides, *one(Match(variable=("rain",)), multiply_values=2.0).overrides))
    fixed = correct(FIELD, both)
    assert fixed.variable == "snow_water"
    assert float(fixed.values[1, 0]) == 6.0
    assert len(fixed.provenance.corrections) == 2


def test_a_missing_unit_is_mended_before_it_is_missed(open_nc: Callable[..., Any]) -> None:
    nc = open_nc("nounits.nc")
    nc.dim("time", [12.0], units="hours since 2024-09-19")
    nc.var("rain_1h", ("time", "lat", "lon"), [[[0, 1, 2], [3, 4, 5]]])
    path = Path(nc.file.filepath())
    nc.file.close()
    (field,) = read_fields(path, source="local", overrides=one(Match(source="local", name=("rain_1h",)), set_units="m"))
    assert field.units == "mm"
    assert field.values[0].tolist() == [0, 1000, 2000]
    assert (field.raw_min, field.raw_max) == (0.0, 5.0)
    assert field.provenance.corrections == ("fix: units none → m (it is so)",)


LIMITS = Overrides(ranges=(Range(variable="rain", units="m", min=0, max=0.004),))


def test_a_value_out_of_range_is_kept_and_told() -> None:
    seen = suspect(FIELD, LIMITS)
    assert np.array_equal(seen.values, FIELD.values, equal_nan=True)
    assert seen.provenance.suspicions == ("1 of 5 values lie outside 0 to 4 mm (0 to 5); look for a wrong unit",)


def test_the_bounds_of_a_range_are_inside_and_nan_is_no_value() -> None:
    assert suspect(FIELD, Overrides(ranges=(Range(variable="rain", units="mm", min=0, max=5),))) is FIELD


def test_a_spread_and_another_variable_are_not_measured_by_the_range() -> None:
    assert suspect(dataclasses.replace(FIELD, statistic="spread"), LIMITS).provenance.suspicions == ()
    assert suspect(dataclasses.replace(FIELD, variable="snow_water"), LIMITS).provenance.suspicions == ()


def globe(value: float) -> GridField:
    grid = Grid(kind="regular_ll", ny=2, nx=4, lat0=-45, lon0=-180, dlat=90, dlon=90)
    return dataclasses.replace(CHANCE, grid=grid, values=np.full((2, 4), value), missing_count=0)


def test_a_probability_of_0_everywhere_on_earth_is_suspected() -> None:
    assert suspect(globe(0.0), override.NONE).provenance.suspicions == ("the probability is 0 everywhere on Earth: the field was most likely never filled and is taken as unknown",)
    assert suspect(globe(0.1), override.NONE).provenance.suspicions == ()


def test_a_probability_of_0_over_a_province_is_good_weather() -> None:
    calm = dataclasses.replace(CHANCE, values=np.zeros((2, 3)), missing_count=0)
    assert suspect(calm, override.NONE).provenance.suspicions == ()


def test_a_probability_above_100_is_suspected() -> None:
    assert suspect(globe(101.0), override.NONE).provenance.suspicions == ("probabilities from 101 to 101 % are not all within 0 to 100 %",)


def test_a_probability_of_an_unknown_event_is_suspected() -> None:
    unknown = dataclasses.replace(globe(5.0), statistic="probability_unknown")
    assert "does not tell which event" in suspect(unknown, override.NONE).provenance.suspicions[0]


@pytest.mark.parametrize(("name", "line", "sentence"), [
    ("unknown-key", 6, "overrides.0.match.catagory: Extra inputs are not permitted"),
    ("changes-nothing", 3, "overrides.0: Value error, changes nothing; give at least one"),
    ("no-why", 3, "overrides.0.why: Field required"),
    ("duplicate-key", 6, "key 'set_units' is given twice; keep one"),
    ("two-thresholds", 3, "overrides.0: Value error, multiply_threshold and set_threshold exclude each other"),
    ("statistic", 6, "overrides.0.set_statistic: Input should be 'instant'"),
    ("range-unit", 3, "ranges.0: Value error, cannot convert 'K' to 'mm'"),
    ("range-upside-down", 3, "ranges.0: Value error, min 3000 is not below max 0"),
    ("not-yaml", 4, "not YAML"),
])  # fmt: skip
def test_a_bad_file_is_refused_with_file_line_and_key(name: str, line: int, sentence: str) -> None:
    path = BAD / f"bad-override-{name}.yaml"
    with pytest.raises(OverrideError) as caught:
        override.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: {sentence}")


def test_every_bad_example_is_tested() -> None:
    assert len(list(BAD.glob("bad-override-*.yaml"))) == 9


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OverrideError, match="no such file"):
        override.load(tmp_path / "none.yaml")


def test_an_empty_file_corrects_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n")
    assert override.load(path) == override.NONE


def test_the_file_we_ship_is_good() -> None:
    assert len(override.load(ROOT / "config/overrides.yaml").overrides) > 0
