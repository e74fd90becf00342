"""The point index on people placed by hand: cells, changes while in use, crashes, and readers beside a writer."""

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from shapely import LineString, Polygon, box

from geo.points.columns import BadPoints
from geo.points.cover import NoArea
from geo.points.fileset import NoIndex
from geo.points.index import PointIndex
from geo.points.writer import Busy, PointWriter

# Five people on the diagonal of a field of 5 × 5 cells of one degree, in the middle of their cells.
DIAGONAL = np.array([0.5, 1.5, 2.5, 3.5, 4.5])
IDS = np.array([10, 11, 12, 13, 14])
KINDS = np.array([0, 1, 0, 1, 7], dtype=np.uint16)
NOWHERE = np.array([np.nan])


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[PointWriter]:
    opened = PointWriter(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def index(writer: PointWriter) -> PointIndex:
    return writer.rebuild(IDS, DIAGONAL, DIAGONAL, step=1.0, kinds=KINDS, mark=5)


def inside(index: PointIndex, west: float, south: float, east: float, north: float) -> list[int]:
    return sorted(index.inside(box(west, south, east, north)).ids().tolist())


def test_who_stands_on_the_edge_or_a_corner_is_inside(index: PointIndex) -> None:
    assert inside(index, 0.5, 0.5, 1.5, 1.5) == [10, 11]
    assert inside(index, 1.0, 0.0, 2.5, 5.0) == [11, 12]


def test_a_hole_leaves_out_who_stands_in_it_but_not_who_stands_on_its_edge(index: PointIndex) -> None:
    ring = Polygon([(0, 0), (5, 0), (5, 5), (0, 5)], [[(1.5, 1), (4, 1), (4, 4), (1.5, 4)]])
    assert sorted(index.inside(ring).ids().tolist()) == [10, 11, 14]


def test_cells_are_answered_whole_and_coarser_ones_hold_their_parts(index: PointIndex) -> None:
    assert sorted(index.in_cells([(0, 0), (3, 3), (3, 3), (2, 1), (-9, 77)]).ids().tolist()) == [10, 13]
    assert sorted(index.in_cells([(1, 1)], coarser=2).ids().tolist()) == [12, 13]
    assert index.cells(index.inside(box(1, 1, 3, 3))) == {(1, 1), (2, 2)}


def test_counts_are_told_by_kind(index: PointIndex) -> None:
    assert index.inside(box(0, 0, 4, 4)).by_kind() == {0: 2, 1: 2}
    assert index.everyone().by_kind() == {0: 2, 1: 2, 7: 1}


def test_a_registration_a_move_and_a_deletion_are_seen_at_once_and_by_readers_after_refresh(writer: PointWriter, index: PointIndex, tmp_path: Path) -> None:
    reader = PointIndex(tmp_path)
    writer.change(index, np.array([15, 11]), np.array([0.2, 4.2]), np.array([0.2, 4.2]), np.array([1, 1], dtype=np.uint16), mark=6)
    writer.change(index, np.array([10]), NOWHERE, NOWHERE, np.array([0], dtype=np.uint16), mark=7)
    assert (inside(index, 0, 0, 2, 2), inside(index, 4, 4, 5, 5), len(index)) == ([15], [11, 14], 5)
    assert inside(reader, 0, 0, 2, 2) == [10, 11]
    assert reader.refresh()
    assert (inside(reader, 0, 0, 2, 2), reader.mark) == ([15], 7)
    assert reader.in_cells([(0, 0)]).by_kind() == {1: 1}
    assert not reader.refresh()


def test_the_newest_word_about_a_person_counts_also_in_one_change(writer: PointWriter, index: PointIndex) -> None:
    writer.change(index, np.array([12, 12]), np.array([np.nan, 0.1]), np.array([np.nan, 0.1]), np.zeros(2, dtype=np.uint16), mark=6)
    assert inside(index, 0, 0, 5, 5) == [10, 11, 12, 13, 14]
    assert inside(index, 0, 0, 1, 1) == [10, 12]


def test_a_merge_changes_no_answer_and_a_reader_keeps_the_old_columns_until_it_refreshes(writer: PointWriter, index: PointIndex, tmp_path: Path) -> None:
    writer.change(index, np.array([15]), np.array([2.2]), np.array([2.2]), np.array([3], dtype=np.uint16), mark=6)
    reader = PointIndex(tmp_path)
    before = reader.inside(box(2, 2, 4, 4))
    for mark in range(7, 10):  # more generations than are kept
        writer.change(index, np.array([13]), np.array([3.6]), np.array([3.6]), np.array([1], dtype=np.uint16), mark=mark)
        writer.merge(index)
        assert (index.changed, len(index), index.mark) == (0, 6, mark)
    assert sorted(before.ids().tolist()) == [12, 13, 15]
    assert inside(reader, 2, 2, 4, 4) == [12, 13, 15]
    assert reader.refresh()
    assert inside(reader, 2, 2, 4, 4) == [12, 13, 15]
    assert reader.in_cells([(2, 2)]).by_kind() == {0: 1, 3: 1}
    assert [path.name for path in sorted(tmp_path.iterdir()) if path.is_dir()] == ["000003", "000004"]


@pytest.mark.parametrize("spoil", ["torn", "flipped"])
def test_changes_torn_by_a_power_cut_are_dropped_and_the_next_ones_are_found(writer: PointWriter, index: PointIndex, tmp_path: Path, spoil: str) -> None:
    writer.change(index, np.array([15]), np.array([0.2]), np.array([0.2]), np.array([0], dtype=np.uint16), mark=6)
    whole = (index.generation.folder / "changes").read_bytes()
    writer.change(index, np.array([16]), np.array([0.3]), np.array([0.3]), np.array([0], dtype=np.uint16), mark=7)
    content = (index.generation.folder / "changes").read_bytes()
    spoilt = content[:-5] if spoil == "torn" else content[:-1] + bytes([content[-1] ^ 1])
    (index.generation.folder / "changes").write_bytes(spoilt)
    after = PointIndex(tmp_path)
    assert (inside(after, 0, 0, 1, 1), after.mark) == ([10, 15], 6)
    writer.change(after, np.array([17]), np.array([0.4]), np.array([0.4]), np.array([0], dtype=np.uint16), mark=8)
    assert (index.generation.folder / "changes").read_bytes().startswith(whole)
    assert inside(PointIndex(tmp_path), 0, 0, 1, 1) == [10, 15, 17]


def test_a_build_that_was_cut_off_leaves_the_old_index_in_force(index: PointIndex, tmp_path: Path) -> None:
    assert index.generation.number == 1
    (tmp_path / "000002").mkdir()
    (tmp_path / "000002" / "ids.npy").write_bytes(b"half")
    assert inside(PointIndex(tmp_path), 0, 0, 5, 5) == IDS.tolist()


def test_columns_cut_short_are_refused_and_say_what_to_do(index: PointIndex, tmp_path: Path) -> None:
    path = index.generation.folder / "xs.npy"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(NoIndex, match="build it anew"):
        PointIndex(tmp_path)


def test_no_index_and_one_of_another_format_are_refused(index: PointIndex, tmp_path: Path) -> None:
    assert len(index) == 5
    with pytest.raises(NoIndex, match="build it anew"):
        PointIndex(tmp_path / "empty")
    meta = tmp_path / "000001" / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "format": 99}))
    with pytest.raises(NoIndex, match="99"):
        PointIndex(tmp_path)


def test_one_process_writes_and_a_second_is_told_so(writer: PointWriter, tmp_path: Path) -> None:
    with pytest.raises(Busy, match="another process"):
        PointWriter(tmp_path)
    writer.close()
    PointWriter(tmp_path).close()


def _count_elsewhere(folder: str, answers: "multiprocessing.Queue[int]") -> None:
    answers.put(PointIndex(Path(folder)).inside(box(0, 0, 3, 3)).count)


def test_another_process_opens_the_same_files_without_any_right_to_write(index: PointIndex, tmp_path: Path) -> None:
    assert index.inside(box(0, 0, 3, 3)).count == 3
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=_count_elsewhere, args=(str(tmp_path), answers))
    process.start()
    assert answers.get(timeout=120) == 3
    process.join(timeout=120)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_nobody_is_an_index_too(writer: PointWriter, tmp_path: Path) -> None:
    none = np.zeros(0)
    index = writer.rebuild(np.zeros(0, dtype=np.int64), none, none, step=1.0)
    assert (index.inside(box(0, 0, 9, 9)).count, index.everyone().by_kind(), index.cells(index.everyone())) == (0, {}, set())
    writer.change(index, np.array([1]), np.array([2.0]), np.array([2.0]), np.array([0], dtype=np.uint16), mark=1)
    assert inside(PointIndex(tmp_path), 0, 0, 9, 9) == [1]


def test_people_on_both_sides_of_the_world_need_no_table_of_all_cells_between(writer: PointWriter) -> None:
    index = writer.rebuild(np.array([7, 3]), np.array([-179.9999, 179.9999]), np.array([-89.9, 89.9]), step=0.0001)
    assert inside(index, 179, 89, 180, 90) == [3]
    assert inside(index, -180, -90, 180, 90) == [3, 7]


@pytest.mark.parametrize(("ids", "xs", "ys", "words"), [
    ([1, 1], [0, 0], [0, 0], "given twice"), ([-1], [0], [0], "below zero"), ([4], [181], [0], "id 4: longitude 181"),
    ([4], [0], [np.nan], "id 4: latitude nan"), ([4, 5], [0], [0], "2 ids, 1 longitudes"),
])
def test_points_that_are_none_are_refused_by_name(writer: PointWriter, ids: list[int], xs: list[float], ys: list[float], words: str) -> None:
    with pytest.raises(BadPoints, match=words):
        writer.rebuild(np.array(ids), np.array(xs, dtype=np.float64), np.array(ys, dtype=np.float64), step=1.0)


def test_a_line_has_no_inside_and_an_empty_polygon_nobody(index: PointIndex) -> None:
    with pytest.raises(NoArea, match="LineString"):
        index.inside(LineString([(0, 0), (5, 5)]))
    assert index.inside(Polygon()).count == 0
