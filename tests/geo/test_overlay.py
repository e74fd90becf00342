"""Shares of zones in cells, worked out by hand on 3 × 3 grids."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geo import overlay_store
from geo.grid import Grid
from geo.overlay import Overlay, OverlayError, forget, overlay
from geo.zone import Zone

# Cells of one degree with edges at 0, 1, 2, 3; cell 0 is the south-western, cell 8 the north-eastern.
GRID = Grid(kind="regular_ll", ny=3, nx=3, lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)
BOUNDARIES = Path(__file__).parents[2] / "../shared/data/boundaries"


def zone(geometry: BaseGeometry, code: str = "z") -> Zone:
    return Zone(code=code, name_zh="区", name_en="zone", level="district", geometry=geometry)


def shares(found: Overlay, row: int = 0) -> dict[int, float]:
    dense = found.shares[[row]].toarray().ravel()
    return {int(cell): float(dense[cell]) for cell in found.cells(row)}


def band(south: float, north: float) -> float:
    """Area of a strip of the sphere per degree of longitude."""
    return float(np.sin(np.radians(north)) - np.sin(np.radians(south)))


def test_a_zone_inside_one_cell_lies_wholly_in_it() -> None:
    found = overlay(GRID, [zone(shapely.box(1.2, 1.2, 1.8, 1.8))])
    assert shares(found) == {4: pytest.approx(1.0)}
    assert found.coverage.tolist() == [1.0]


def test_a_zone_split_by_a_meridian_is_shared_by_its_widths() -> None:
    # From 0.75 to 1.75: a quarter in column 0, three quarters in column 1.
    found = overlay(GRID, [zone(shapely.box(0.75, 1.0, 1.75, 2.0))])
    assert shares(found) == {3: pytest.approx(0.25), 4: pytest.approx(0.75)}


def test_rows_weigh_by_the_area_on_the_sphere() -> None:
    found = overlay(GRID, [zone(shapely.box(1.0, 0.0, 2.0, 3.0))])
    expected = {1: band(0, 1) / band(0, 3), 4: band(1, 2) / band(0, 3), 7: band(2, 3) / band(0, 3)}
    assert shares(found) == pytest.approx(expected)


def test_a_triangle_is_cut_exactly() -> None:
    # Half a cell at the equator cut by its diagonal: between x = 0 and 1, below y = x. All of it in cell 0, and a quarter
    # of the triangle 0..2 in each of cell 0 and cell 4, half of it in cell 1 (plane geometry; the sphere differs by 1e-3).
    found = overlay(GRID, [zone(shapely.Polygon([(0, 0), (2, 0), (2, 2)]))])
    assert shares(found) == pytest.approx({0: 0.25, 1: 0.5, 4: 0.25}, abs=1e-3)
    assert found.coverage.tolist() == [1.0]


def test_a_cell_touched_only_in_a_corner_or_along_an_edge_gets_no_entry() -> None:
    found = overlay(GRID, [zone(shapely.box(1, 1, 2, 2))])
    assert list(shares(found)) == [4]


def test_a_hole_takes_its_cells_out() -> None:
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    assert sorted(shares(overlay(GRID, [zone(ring)]))) == [0, 1, 2, 3, 5, 6, 7, 8]


def test_parts_of_a_zone_add_up() -> None:
    parts = shapely.MultiPolygon([shapely.box(0.2, 0.2, 0.4, 0.4), shapely.box(0.6, 0.2, 0.8, 0.4), shapely.box(2.2, 0.2, 2.4, 0.4)])
    assert shares(overlay(GRID, [zone(parts)])) == pytest.approx({0: 2 / 3, 2: 1 / 3})


def test_a_zone_half_outside_the_grid_is_covered_by_half() -> None:
    found = overlay(GRID, [zone(shapely.box(2.0, 1.0, 4.0, 2.0))])
    assert shares(found) == {5: pytest.approx(0.5)}
    assert found.coverage[0] == pytest.approx(0.5)


@pytest.mark.parametrize("where", [(-2, 1, -1, 2), (4, 1, 5, 2), (1, 4, 2, 5), (1, -2, 2, -1)])
def test_a_zone_outside_the_grid_has_no_entry_and_no_coverage(where: tuple[float, float, float, float]) -> None:
    found = overlay(GRID, [zone(shapely.box(*where)), zone(shapely.box(1, 1, 2, 2), "y")])
    assert shares(found) == {}
    assert found.coverage.tolist() == [0.0, 1.0]


def test_a_zone_larger_than_the_grid_on_all_sides_takes_every_cell() -> None:
    found = overlay(GRID, [zone(shapely.box(-3, 0, 6, 3))])
    assert len(found.cells(0)) == 9
    assert found.coverage[0] == pytest.approx(1 / 3)


def test_a_grid_from_0_to_360_finds_zones_west_of_greenwich() -> None:
    grid = Grid(kind="regular_ll", ny=2, nx=360, lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)
    found = overlay(grid, [zone(shapely.box(-70, 0, -69, 1))])
    assert shares(found) == {290: pytest.approx(1.0)}


def test_a_zone_across_the_seam_of_a_global_grid_is_whole() -> None:
    grid = Grid(kind="regular_ll", ny=1, nx=360, lat0=0.5, lon0=-180.0, dlat=1.0, dlon=1.0)
    found = overlay(grid, [zone(shapely.box(179.0, 0.2, 180.0, 0.8))])
    assert shares(found) == {359: pytest.approx(0.5), 0: pytest.approx(0.5)}


def test_a_grid_without_regular_cells_is_refused_by_its_kind() -> None:
    with pytest.raises(OverlayError, match="a lambert grid cannot be laid over zones, only regular_ll"):
        overlay(Grid(kind="lambert", ny=3, nx=3), [zone(shapely.box(0, 0, 1, 1))])


def test_a_grid_with_a_negative_step_is_refused() -> None:
    with pytest.raises(OverlayError, match="steps must be positive"):
        overlay(Grid(kind="regular_ll", ny=3, nx=3, lat0=2.5, lon0=0.5, dlat=-1.0, dlon=1.0), [])


def test_the_same_question_is_answered_once_and_other_borders_under_the_same_code_are_another_question() -> None:
    first = overlay(GRID, [zone(shapely.box(1, 1, 2, 2))])
    assert overlay(GRID, [zone(shapely.box(1, 1, 2, 2))]) is first
    assert shares(overlay(GRID, [zone(shapely.box(0, 0, 1, 1))])) == {0: pytest.approx(1.0)}


def test_no_zones_make_an_empty_overlay() -> None:
    assert overlay(GRID, []).shares.shape == (0, 9)


def test_shares_of_the_real_districts_agree_with_shapely() -> None:
    path = BOUNDARIES / "shanghai_districts_wgs84.geojson"
    if not path.exists():
        pytest.skip("no ../shared/data")
    rows = json.loads(path.read_text(encoding="utf-8"))["features"]
    zones = [zone(shapely.from_geojson(json.dumps(row["geometry"])), str(row["properties"]["adcode"])) for row in rows]
    grid = Grid(kind="regular_ll", ny=131, nx=141, lat0=30.6, lon0=120.8, dlat=0.01, dlon=0.01)
    found = overlay(grid, zones)
    # Only Chongming reaches beyond 122.2 E.
    assert [item.code for item, covered in zip(zones, found.coverage, strict=True) if covered < 1] == ["310151"]
    huangpu = zones[0].geometry
    cells = np.arange(131 * 141)
    boxes = np.array([shapely.box(*grid.cell_box(int(cell) // 141, int(cell) % 141)) for cell in cells])
    plane = shapely.area(shapely.intersection(boxes, huangpu)) / huangpu.area
    # Across one district the cosine of the latitude changes by 0.06 %.
    assert np.abs(found.shares[[0]].toarray().ravel() - plane).max() < 1e-4
    assert int((plane > 1e-9).sum()) == len(found.cells(0))


BORDERS = [zone(shapely.box(0.75, 1.0, 1.75, 2.0), "a"), zone(shapely.box(2.0, 1.0, 4.0, 2.0), "b"), zone(shapely.box(-9, 0, -8, 1), "c")]


def laid_again(store: Path, borders: list[Zone], grid: Grid = GRID) -> Overlay:
    """As a second process would: nothing of the first is remembered but what lies in the folder."""
    forget()
    return overlay(grid, borders, store=store)


def test_an_overlay_kept_on_disk_is_the_one_that_was_made(tmp_path: Path) -> None:
    made = laid_again(tmp_path, BORDERS)
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    found = laid_again(tmp_path, BORDERS)
    assert found is not made
    assert abs(found.shares - made.shares).max() == 0
    assert found.coverage.tolist() == made.coverage.tolist() == [1.0, pytest.approx(0.5), 0.0]
    assert file.read_bytes() == before


def test_what_is_read_is_the_file_and_not_made_anew(tmp_path: Path) -> None:
    made = laid_again(tmp_path, BORDERS)
    (file,) = tmp_path.iterdir()
    # The shares of another zone set of the same size, kept under this one's name: only a reader of the file can say 0.5.
    overlay_store.save(tmp_path, file.stem, made.shares * 0.5)
    assert laid_again(tmp_path, BORDERS).coverage[0] == pytest.approx(0.5)


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty", "other form", "other shape", "no JSON"])
def test_a_damaged_or_foreign_file_is_made_anew_and_mended(tmp_path: Path, damage: str) -> None:
    made = laid_again(tmp_path, BORDERS)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes({
        "cut": whole[:-5], "flipped": whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:], "foreign": b"GIF89a" * 200, "empty": b"",
        "other form": whole.replace(b'"form": 1', b'"form": 0'), "other shape": whole.replace(b'"shape": [3', b'"shape": [4'),
        "no JSON": whole[:18] + b"{" * 494 + whole[512:],
    }[damage])
    found = laid_again(tmp_path, BORDERS)
    assert abs(found.shares - made.shares).max() == 0
    assert file.read_bytes() == whole


def test_other_borders_codes_or_grids_are_other_files(tmp_path: Path) -> None:
    moved = [zone(shapely.box(0.75, 1.0, 1.76, 2.0), "a"), *BORDERS[1:]]
    renamed = [zone(BORDERS[0].geometry, "x"), *BORDERS[1:]]
    finer = Grid(kind="regular_ll", ny=6, nx=6, lat0=0.25, lon0=0.25, dlat=0.5, dlon=0.5)
    for borders, grid in ((BORDERS, GRID), (moved, GRID), (renamed, GRID), (BORDERS, finer), (BORDERS, GRID)):
        laid_again(tmp_path, borders, grid)
    assert len(list(tmp_path.iterdir())) == 4


def test_the_folder_keeps_what_was_used_last_within_its_bounds(tmp_path: Path) -> None:
    shares = overlay(GRID, BORDERS).shares
    overlay_store.save(tmp_path, "old", shares)
    room = 2 * (tmp_path / "old.overlay").stat().st_size
    overlay_store.save(tmp_path, "middle", shares, max_bytes=room)
    os.utime(tmp_path / "middle.overlay", (1, 1))
    assert overlay_store.load(tmp_path, "old", (3, 9)) is not None
    overlay_store.save(tmp_path, "new", shares, max_bytes=room)
    assert {path.name for path in tmp_path.iterdir()} == {"old.overlay", "new.overlay"}


def test_a_folder_that_cannot_be_written_to_costs_time_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert laid_again(blocked / "overlays", BORDERS).coverage[0] == 1.0


def test_no_zones_are_kept_as_no_zones(tmp_path: Path) -> None:
    assert laid_again(tmp_path, []).shares.shape == laid_again(tmp_path, []).shares.shape == (0, 9)
