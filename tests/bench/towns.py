"""A deployment in full: the city, its districts, as many towns as it has (bent Voronoi cells), and every cell of the grid as a zone."""

import numpy as np
import shapely

from geo.grid import Grid
from geo.shanghai import shanghai_zones
from geo.zone import Zone, ZoneSet
from tests.bench.places import cells

TOWNS = 215


def full_zones(grid: Grid) -> ZoneSet:
    """City, 16 districts, 215 towns shared out by the districts' areas, and ``grid.ny * grid.nx`` cells."""
    zones = shanghai_zones()
    districts = zones.at("district")
    size = np.array([district.geometry.area for district in districts])
    # At least one each; the largest take what rounding leaves.
    share = np.maximum(np.floor(TOWNS * size / size.sum()).astype(int), 1)
    for place in np.argsort(-size)[: TOWNS - share.sum()]:
        share[place] += 1
    towns = [
        Zone(code=f"{district.code}{number + 1:03d}", name_zh=f"{district.name_zh}合成{number + 1}镇", name_en=f"{district.name_en} synthetic {number + 1}",
             level="street", parent=district.code, geometry=shape)
        for district, count in zip(districts, share, strict=True)
        for number, shape in enumerate(cells(int(count), district.geometry, bend=0.01))
    ]
    west, south = grid.lon0 + (np.arange(grid.nx) - 0.5) * grid.dlon, grid.lat0 + (np.arange(grid.ny) - 0.5) * grid.dlat
    x, y = np.meshgrid(west, south)
    boxes = shapely.box(x.ravel(), y.ravel(), x.ravel() + grid.dlon, y.ravel() + grid.dlat)
    every = [Zone(code=f"cell-{number}", name_zh=f"格点{number}", name_en=f"cell {number}", level="cell", geometry=box) for number, box in enumerate(boxes)]
    return ZoneSet(zones=(*zones.zones, *towns, *every), origin=f"{zones.origin}, {len(towns)} synthetic towns, {len(every)} cells", schematic=True)
