"""Rain windows are additive: whatever the steps, a long window holds what the short ones that tile it hold."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.derive import series
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.quantity import Quantity

GRID = Grid(kind="regular_ll", ny=1, nx=1, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)
START = datetime(2024, 9, 20, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


def rain(steps: list[float | None], observed: int) -> list[GridField]:
    """10-minute sums from START on, the first ``observed`` of them analyses; None is a step that never came."""
    now = START + observed * TEN
    return [
        GridField(
            variable="rain", units="mm", values=np.array([[amount]], dtype=np.float32), grid=GRID, window=TEN, statistic="sum",
            valid_time=START + (k + 1) * TEN, run_time=min(START + (k + 1) * TEN, now), provenance=Provenance(source="t", path="t"))
        for k, amount in enumerate(steps) if amount is not None
    ]


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.one_of(st.none(), st.floats(0, 30, width=16)), min_size=12, max_size=40),
    parts=st.integers(2, 6), short=st.integers(1, 3), observed=st.integers(0, 40),
)
def test_a_window_is_the_sum_of_the_windows_that_tile_it_at_every_sliding_position(
    steps: list[float | None], parts: int, short: int, observed: int
) -> None:
    fields = rain(steps, observed)
    now = START + observed * TEN
    small = series(Quantity(name="rain", units="mm", window=short * TEN), fields, now=now)
    large = series(Quantity(name="rain", units="mm", window=short * parts * TEN), fields, now=now)
    if small is None or large is None:
        assert not fields
        return
    of_small = dict(zip(small.times, small.values[:, 0, 0], strict=True))
    for time, value in zip(large.times, large.values[:, 0, 0], strict=True):
        tiles = [of_small.get(time - k * short * TEN, np.float32(np.nan)) for k in range(parts)]
        # Known just where every tile is, and then their sum: observed so far and forecast to come alike.
        assert np.isnan(value) == np.isnan(tiles).any()
        if not np.isnan(value):
            np.testing.assert_allclose(value, np.sum(tiles, dtype=np.float64), rtol=1e-5, atol=1e-4)
