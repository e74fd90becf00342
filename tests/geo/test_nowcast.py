"""Rain that only moves: its motion is found, it arrives where it must, and what nobody can know stays unknown."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.nowcast import advected, available, extrapolated, motion

ROWS, COLS = np.meshgrid(np.arange(80.0), np.arange(90.0), indexing="ij")


def cell(row: float, col: float, *, width: float = 6.0, top: float = 12.0) -> NDArray[np.float32]:
    return np.asarray(top * np.exp(-((ROWS - row) ** 2 + (COLS - col) ** 2) / (2 * width**2)), dtype=np.float32)


def moving(north: float, east: float, *, frames: int = 3) -> NDArray[np.float32]:
    """A cell of rain that stands at row 40, column 35 in the last frame."""
    return np.stack([cell(40 - back * north, 35 - back * east) for back in reversed(range(frames))])


@pytest.mark.parametrize(("north", "east"), [(0, 3), (2, 0), (-3, 4), (1.5, -2.5), (0, 0)])
def test_the_motion_of_a_shower_is_found_to_a_quarter_of_a_cell(north: float, east: float) -> None:
    found = motion(moving(north, east))
    assert found[:, 40, 35] == pytest.approx([north, east], abs=0.25)


def test_an_hour_ahead_the_shower_stands_six_steps_on() -> None:
    # Two cells north and three east in each of six steps: row 52, column 53.
    ahead = extrapolated(moving(2, 3), steps=6, method="own")
    assert ahead.shape == (6, 80, 90)
    top = np.unravel_index(int(np.nan_to_num(ahead[5]).argmax()), (80, 90))
    assert (abs(int(top[0]) - 52), abs(int(top[1]) - 53)) <= (2, 2)
    assert float(np.nanmax(ahead[5])) == pytest.approx(12, rel=0.05)


def test_what_moves_in_from_outside_is_unknown() -> None:
    ahead = extrapolated(moving(0, 3), steps=4, method="own")
    # Twelve columns in the west would have come from beyond the edge.
    assert np.isnan(ahead[3][:, :11]).all()
    assert np.isfinite(ahead[3][:, 14:]).all()


def test_unknown_cells_are_carried_along_as_unknown() -> None:
    field = cell(40, 35)
    field[40, 60] = math.nan
    drift = np.zeros((2, 80, 90))
    drift[1] = 2.0
    ahead = advected(field, drift, 3)
    assert math.isnan(ahead[2][40, 66])
    assert ahead[2][40, 41] == pytest.approx(float(field[40, 35]), rel=1e-6)


def test_a_dry_hour_stays_where_it_is_and_dry() -> None:
    ahead = extrapolated(np.zeros((3, 80, 90), dtype=np.float32), steps=12, method="own")
    assert (ahead == 0).all()


def test_a_still_field_with_no_motion_is_handed_on_unchanged() -> None:
    field = cell(40, 35)
    assert np.allclose(advected(field, np.zeros((2, 80, 90)), 2)[1], field)


def test_one_frame_tells_nothing_of_motion() -> None:
    with pytest.raises(ValueError, match="two or more"):
        extrapolated(np.zeros((1, 5, 5), dtype=np.float32), steps=1)


def test_pysteps_says_the_same_where_it_is_and_how_to_get_it_where_it_is_not() -> None:
    if not available():
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'xiaoxishu\[nowcast\]'"):
            extrapolated(moving(2, 3), steps=1, method="pysteps")
        return
    own, theirs = (extrapolated(moving(2, 3), steps=3, method=method) for method in ("own", "pysteps"))
    both = np.isfinite(own[2]) & np.isfinite(theirs[2])
    assert float(np.corrcoef(own[2][both], theirs[2][both])[0, 1]) > 0.9
