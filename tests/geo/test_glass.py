"""A field over a web map: which pixel is which cell, and that what nobody knows never looks calm. Read back by another library."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from geo.glass import Glass, glass
from geo.grid import Grid
from geo.picture_layer import Extent
from geo.picture_ramp import Ramp

RAMP = Ramp(title="rain", unit="mm", bounds=(1.0, 10.0), colours=("", "#40a0c0", "#102060"))
GRID = Grid(kind="regular_ll", ny=2, nx=2, lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)


def rgba(made: Glass) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(made.png)).convert("RGBA"))


def test_calm_is_clear_rain_is_coloured_and_north_is_up() -> None:
    made = glass(GRID, np.array([[0.0, 5.0], [20.0, np.nan]]), RAMP, Extent(west=0, south=0, east=2, north=2))
    image = rgba(made)
    rows, columns, _ = image.shape
    quarter = {name: image[row, column] for name, row, column in (
        ("south-west", rows - 10, 10), ("south-east", rows - 10, columns - 10), ("north-west", 10, 10))}
    assert quarter["south-west"][3] == 0, "no rain is clear"
    assert tuple(quarter["south-east"]) == (0x40, 0xA0, 0xC0, 200)
    assert tuple(quarter["north-west"]) == (0x10, 0x20, 0x60, 200)
    north_east = image[10 : rows // 2 - 10, columns // 2 + 10 :]
    assert north_east[..., 3].min() > 150, "unknown is never clear"
    assert len(np.unique(north_east[..., 0])) == 2, "and it is hatched: two greys"
    assert (made.lowest, made.highest) == (0.0, 20.0)
    assert made.unknown == pytest.approx(0.25, abs=0.01)


def test_beyond_the_grid_nobody_knows() -> None:
    made = glass(GRID, np.zeros((2, 2)), RAMP, Extent(west=0, south=0, east=4, north=2))
    image = rgba(made)
    assert image[5, 5, 3] == 0
    assert image[5, -5, 3] > 150
    assert made.unknown == pytest.approx(0.5, abs=0.01)


def test_a_border_between_cells_lies_where_mercator_has_it() -> None:
    """At 60° north, a cell from 60° to 61° and one from 61° to 62°: the border is below its middle.

    Mercator's y is ln tan(45° + φ/2): 1.316958 at 60°, 1.352425 at 61°, 1.389066 at 62°; (1.389066 - 1.352425) / 0.072108 = 0.5081 from the top.
    """
    grid = Grid(kind="regular_ll", ny=2, nx=1, lat0=60.5, lon0=0.5, dlat=1.0, dlon=1.0)
    image = rgba(glass(grid, np.array([[0.0], [20.0]]), RAMP, Extent(west=0, south=60, east=1, north=62)))
    coloured = int((image[:, 0, 3] > 0).sum())
    assert coloured / image.shape[0] == pytest.approx(0.5081, abs=0.002)
