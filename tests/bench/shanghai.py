"""The grid of the Shanghai workloads: 131 × 141 cells of 0.01°, as the synthetic Pulasan has it."""

from geo.grid import Grid

GRID = Grid(kind="regular_ll", ny=131, nx=141, lat0=30.60, lon0=120.80, dlat=0.01, dlon=0.01)
