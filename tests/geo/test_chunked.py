"""Fields larger than memory say what fields in memory say, whatever the chunks."""

import weakref
from datetime import timedelta
from threading import Lock

import dask.array as da
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.chunked import zonal_chunked
from geo.criterion import Comparison, Operator
from geo.grid import Grid
from geo.kernel import cores
from geo.overlay import OverlayError, overlay
from geo.quantity import Quantity
from geo.zonal import zonal
from geo.zone import Zone

GRID = Grid(kind="regular_ll", ny=6, nx=8, lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)
RAIN = Quantity(name="rain", units="mm", window=timedelta(hours=1))


def zone(code: str, *corners: tuple[float, float]) -> Zone:
    return Zone(code=code, name_zh="", name_en="", level="district", geometry=shapely.Polygon(corners))


ZONES = overlay(GRID, [
    zone("askew", (0.3, 0.2), (7.8, 1.1), (3.3, 5.7)), zone("corner", (0, 0), (1.5, 0), (1.5, 1.5), (0, 1.5)),
    zone("half out", (6, 4), (10, 4), (10, 6), (6, 6)), zone("outside", (20, 20), (21, 20), (21, 21)),
])


def leaf(operator: Operator) -> Comparison:
    return Comparison(quantity=RAIN, operator=operator, value=20)


def some(times: int = 5) -> NDArray[np.float32]:
    values = np.random.default_rng(8).gamma(2, 10, (times, *GRID.shape)).astype(np.float32)
    values[1, 2, 3], values[3, 0, 0] = np.nan, np.inf
    values[4, :4] = np.nan
    return values


sizes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 8))


@given(sizes, st.sampled_from([">=", "<"]))
@settings(max_examples=25, deadline=None)
def test_chunks_of_any_size_give_the_same_as_one_array(chunks: tuple[int, int, int], operator: Operator) -> None:
    whole = zonal(leaf(operator), some(), ZONES)
    found = zonal_chunked(leaf(operator), da.from_array(some(), chunks=chunks), ZONES)
    np.testing.assert_array_equal(found.extreme, whole.extreme)
    for ours, theirs in ((found.mean, whole.mean), (found.share, whole.share), (found.known, whole.known)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


def test_a_share_of_two_chunks_is_their_sum_by_hand() -> None:
    # The corner zone has 4/9 in cell (0, 0) and 2/9 in cell (0, 1), up to the change of the sphere over one degree.
    values = np.zeros((1, *GRID.shape), dtype=np.float32)
    values[0, 0, :2] = 30
    found = zonal_chunked(leaf(">="), da.from_array(values, chunks=(1, 1, 1)), ZONES)
    assert found.share[1, 0] == pytest.approx(6 / 9, abs=1e-3)


def test_only_a_few_chunks_are_in_memory_at_once() -> None:
    alive, most, lock = 0, 0, Lock()

    def gone() -> None:
        nonlocal alive
        with lock:
            alive -= 1

    def made(block_info: dict[object, dict[str, tuple[int, ...]]] | None = None) -> NDArray[np.float32]:
        nonlocal alive, most
        assert block_info is not None
        chunk = np.full(block_info[None]["chunk-shape"], 25, dtype=np.float32)
        with lock:
            alive += 1
            most = max(most, alive)
        weakref.finalize(chunk, gone)
        return chunk

    lazy = da.map_blocks(made, dtype=np.float32, chunks=((1,) * 200, GRID.shape[:1], GRID.shape[1:]), meta=np.zeros((0, 0, 0), np.float32))
    found = zonal_chunked(leaf(">="), lazy, ZONES)
    np.testing.assert_allclose(found.share[:2], 1)
    assert most <= 4 * cores()


def test_values_of_another_shape_than_the_grid_are_refused() -> None:
    with pytest.raises(OverlayError, match="cannot lie on regular_ll 6x8"):
        zonal_chunked(leaf(">="), da.zeros((1, 6, 7)), ZONES)
