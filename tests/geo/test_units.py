"""Units convert by one table, and wind speeds become Beaufort forces by GB/T 28591-2012."""

import numpy as np
import pytest

from geo.units import ABOVE_17, UnitError, beaufort, convert, lower_bound


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (273.15, "K", "degC", 0.0),
        (-40.0, "degC", "K", 233.15),
        (0.0123, "m", "mm", 12.3),
        (5.0, "kg m-2", "mm", 5.0),
        (2.5, "kg m**-2", "m", 0.0025),
        (36.0, "km/h", "m s-1", 10.0),
        (10.0, "kt", "m s-1", 5.144444),
        (10.0, "m s-1", "kt", 19.438445),
        (1013.25, "hPa", "Pa", 101325.0),
        (0.25, "0-1", "%", 25.0),
        (1500.0, "m", "km", 1.5),
        (0.5, "m", "cm", 50.0),
        (1.16e-7, "kg m-3", "ug m-3", 116.0),
    ],
)
def test_a_value_is_converted(value: float, source: str, target: str, expected: float) -> None:
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_float32_stays_float32_and_nan_stays_nan() -> None:
    converted = convert(np.array([[300.0, np.nan]], dtype=np.float32), "K", "degC")
    assert converted.dtype == np.float32
    assert converted[0, 0] == pytest.approx(26.85, abs=1e-5)
    assert np.isnan(converted[0, 1])


def test_the_same_unit_twice_needs_no_table() -> None:
    assert convert([30.0], "dBZ", "dBZ").tolist() == [30.0]


def test_an_unknown_unit_names_both_units_and_the_mend() -> None:
    with pytest.raises(UnitError, match="cannot convert 'furlong' to 'm': unit 'furlong' is unknown; name a known unit"):
        convert([1.0], "furlong", "m")


def test_units_of_different_things_are_refused_with_both_names() -> None:
    with pytest.raises(UnitError, match="'K' to 'mm': one is a temperature, the other a length"):
        convert([1.0], "K", "mm")


@pytest.mark.parametrize(
    ("speed", "force"),
    [(0.0, 0), (0.2, 0), (0.3, 1), (10.7, 5), (10.8, 6), (13.8, 6), (13.9, 7), (17.1, 7), (17.2, 8), (24.4, 9), (24.5, 10)]
    + [(32.6, 11), (32.7, 12), (36.9, 12), (37.0, 13), (41.5, 14), (61.2, 17), (61.3, ABOVE_17), (90.0, ABOVE_17)],
)
def test_forces_begin_at_their_lower_bound(speed: float, force: int) -> None:
    assert beaufort(np.float32(speed)) == force


def test_speeds_are_rounded_to_a_tenth_half_up_before_they_are_compared() -> None:
    speeds = np.array([10.749, 10.75, 17.149, 17.15], dtype=np.float32)
    assert beaufort(speeds).tolist() == [5, 6, 7, 8]


def test_unknown_and_negative_speeds_have_no_force() -> None:
    assert np.isnan(beaufort([np.nan, -1.0])).all()


def test_the_lower_bound_of_a_force_is_that_force_and_a_tenth_less_is_not() -> None:
    for force in range(1, ABOVE_17 + 1):
        assert beaufort(lower_bound(force)) == force
        assert beaufort(lower_bound(force) - 0.1) == force - 1


def test_a_force_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnitError, match="force 19 does not exist"):
        lower_bound(19)
