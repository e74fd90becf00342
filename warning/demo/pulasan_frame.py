"""The frame of the synthetic Pulasan: its period, its lattice, a rough outline of the land, and its noise."""

from datetime import UTC, datetime, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

STEP = timedelta(minutes=10)
#: 2024-09-18 14:00 and 2024-09-20 16:00 Beijing time.
START = datetime(2024, 9, 18, 6, 0, tzinfo=UTC)
END = datetime(2024, 9, 20, 8, 0, tzinfo=UTC)
#: 2024-09-20 00:00 Beijing time: hours of the storm are counted from here.
MIDNIGHT = datetime(2024, 9, 19, 16, 0, tzinfo=UTC)
#: 2024-09-20 09:00 Beijing time: the published totals end here.
BULLETIN = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)

LEADS = tuple(STEP * n for n in range(13))
CYCLES = (END - START) // STEP + 1
#: The truth runs on past the last cycle, for its forecast.
STEPS = CYCLES + len(LEADS) - 1

NY, NX = 131, 141
LATS: NDArray[np.float64] = np.round(30.60 + 0.01 * np.arange(NY), 2)
LONS: NDArray[np.float64] = np.round(120.80 + 0.01 * np.arange(NX), 2)
#: Kilometres of one cell northward and eastward (at 31.2° N).
KM_NORTH, KM_EAST = 1.112, 0.951

# Drawn by hand, to about 3 km; good for placing gauges and for roughness, for nothing else.
_LAND = (
    [(120.87, 31.10), (121.05, 31.27), (121.13, 31.35), (121.16, 31.45), (121.32, 31.50), (121.52, 31.39),
     (121.73, 31.27), (121.87, 31.10), (121.96, 30.92), (121.92, 30.87), (121.72, 30.86), (121.53, 30.83),
     (121.40, 30.76), (121.27, 30.70), (121.26, 30.75), (121.12, 30.79), (121.08, 30.84), (121.00, 30.85),
     (121.00, 31.00), (120.93, 31.02)],
    [(121.19, 31.79), (121.28, 31.83), (121.42, 31.78), (121.67, 31.65), (121.93, 31.57), (121.96, 31.50),
     (121.84, 31.45), (121.57, 31.54), (121.32, 31.67)],
    [(121.60, 31.44), (121.73, 31.40), (121.78, 31.33)],
    [(121.80, 31.36), (121.87, 31.36), (121.87, 31.30), (121.82, 31.31)],
)  # fmt: skip


def index_of(at: datetime) -> int:
    """Which 10-minute step ends at ``at``; ``START`` is 0."""
    return (at - START) // STEP


def hours() -> NDArray[np.float32]:
    """The middle of each step in hours after ``MIDNIGHT``, shape (STEPS,)."""
    first = (START - MIDNIGHT) / timedelta(hours=1)
    return (first + (np.arange(STEPS) - 0.5) / 6).astype(np.float32)


def cell_of(lat: float, lon: float) -> tuple[int, int]:
    """Row and column of the cell whose centre is nearest."""
    return round((lat - 30.60) / 0.01), round((lon - 120.80) / 0.01)


def land() -> NDArray[np.bool_]:
    """True where a cell centre lies on the roughly drawn land, shape (NY, NX)."""
    lon, lat = np.meshgrid(LONS, LATS)
    outline = shapely.union_all([shapely.Polygon(ring) for ring in _LAND])
    inside: NDArray[np.bool_] = shapely.contains_xy(outline, lon, lat)
    return inside


def cells_from(row: int, col: int) -> NDArray[np.float32]:
    """Distance of every cell from one, in cells, shape (NY, NX)."""
    rows, cols = np.arange(NY)[:, None] - row, np.arange(NX)[None, :] - col
    return np.hypot(rows, cols).astype(np.float32)


def noise(rng: np.random.Generator, count: int, sigma: float) -> NDArray[np.float32]:
    """``count`` smooth random fields, zero mean and unit variance, correlated over ``sigma`` cells, (count, NY, NX)."""
    white = rng.standard_normal((count, NY, NX), dtype=np.float32)
    fields = gaussian_filter(white, (0, sigma, sigma), mode="wrap", truncate=3)
    return np.asarray(fields / fields.std(), dtype=np.float32)
