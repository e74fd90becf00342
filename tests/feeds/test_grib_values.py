"""Unpacked values are, to the last bit, the float32 nearest to ecCodes'; whatever the packing, the scanning and the gaps."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import eccodes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from feeds import grib
from feeds.errors import BadField
from feeds.grib_packed import Unpacked, direct
from feeds.grib_values import unpack
from geo.kernel import compiled

NY, NX = 7, 11


@contextmanager
def message(values: NDArray[np.float64], **keys: float | str) -> Iterator[int]:
    """A field of edition 2 on 7 × 11 points, in file order; the packing is chosen before the values, which follow from it."""
    handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    try:
        grid = {"Ni": NX, "Nj": NY, "latitudeOfFirstGridPointInDegrees": 32, "latitudeOfLastGridPointInDegrees": 26,
                "longitudeOfFirstGridPointInDegrees": 115, "longitudeOfLastGridPointInDegrees": 125,
                "iDirectionIncrementInDegrees": 1, "jDirectionIncrementInDegrees": 1}
        for key, value in (grid | keys).items():
            eccodes.codes_set(handle, key, value)
        eccodes.codes_set_values(handle, values.ravel())
        yield handle
    finally:
        eccodes.codes_release(handle)


def unpacked(handle: int) -> Unpacked:
    return unpack(handle, eccodes.codes_get_message(handle))


def as_eccodes_has_it(handle: int) -> NDArray[np.float32]:
    """In file order."""
    return np.asarray(eccodes.codes_get_values(handle), dtype=np.float64).astype(np.float32).reshape(NY, NX)


def some(seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(2.0, 13.7, (NY, NX)) - 5


@pytest.mark.parametrize("bits", [1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 23, 24, 25, 31, 32])
def test_simple_packing_of_any_width_is_read_to_the_last_bit(bits: int) -> None:
    with message(some(bits), packingType="grid_simple", bitsPerValue=bits) as handle:
        found = unpacked(handle)
        expected = np.asarray(eccodes.codes_get_values(handle))
        np.testing.assert_array_equal(found.rows, as_eccodes_has_it(handle)[::-1])
        assert (found.lowest, found.highest, found.missing) == (expected.min(), expected.max(), 0)


SHAPES: Sequence[tuple[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = (
    ("noise, which no code makes shorter", lambda x: np.random.default_rng(5).random(x.size) * 1e6),
    ("a slope of small steps", lambda x: x * 1.01),
    ("almost nothing, in pairs", lambda x: (x % 13 == 0) * 1.0),
    ("calm for whole segments, then rain", lambda x: np.where(x > 0.7 * x.size, np.sin(x) ** 2 * 30, 0.0)),
    ("calm to the end but for one point", lambda x: (x == 4500) * 20.0),
    ("falls over the whole range and back", lambda x: (x % 2) * 65535.0),
)


@pytest.mark.parametrize("values", [shape for _, shape in SHAPES], ids=[what for what, _ in SHAPES])
@pytest.mark.parametrize("bits", [1, 2, 5, 8, 9, 16, 17, 24, 32])
@pytest.mark.parametrize(("block", "interval"), [(8, 1), (16, 3), (32, 128), (64, 70)])
def test_ccsds_packing_of_any_kind_is_read_to_the_last_bit_without_eccodes_decoding_it(
        values: Callable[[NDArray[np.float64]], NDArray[np.float64]], bits: int, block: int, interval: int) -> None:
    shape = (67, 91)  # 6097 points: the last block is cut, in every size
    with message(values(np.arange(6097.0)).reshape(shape), Ni=91, Nj=67, packingType="grid_ccsds", bitsPerValue=bits, ccsdsBlockSize=block,
                 ccsdsRsi=interval) as handle:
        found = packed(handle, shape)
        assert found is not None
        expected = np.asarray(eccodes.codes_get_values(handle))
        np.testing.assert_array_equal(found.rows, expected.astype(np.float32).reshape(shape)[::-1])
        assert (found.lowest, found.highest, found.missing) == (expected.min(), expected.max(), 0)


def packed(handle: int, shape: tuple[int, int] = (NY, NX)) -> Unpacked | None:
    return direct(handle, eccodes.codes_get_message(handle), shape, south_first=False)


@pytest.mark.parametrize("flags", [14, 10, 8, 14 | 32])
def test_the_flags_of_ccsds_that_centres_write_are_read_here(flags: int) -> None:
    with message(some(), packingType="grid_ccsds", bitsPerValue=16, ccsdsFlags=flags, ccsdsBlockSize=8, ccsdsRsi=2) as handle:
        found = packed(handle)
        assert found is not None
        np.testing.assert_array_equal(found.rows, as_eccodes_has_it(handle)[::-1])


@pytest.mark.parametrize("flags", [6, 14 | 16])
def test_other_dialects_of_ccsds_are_left_to_eccodes(flags: int) -> None:
    with message(some(), packingType="grid_ccsds", bitsPerValue=4, ccsdsFlags=flags) as handle:
        assert packed(handle) is None
        np.testing.assert_array_equal(unpacked(handle).rows, as_eccodes_has_it(handle)[::-1])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_ccsds_bits_that_are_broken_or_end_early_read_nothing_that_is_not_theirs(data: st.DataObject) -> None:
    """Whatever comes, it ends: as numbers of the width, or as a field that ecCodes must speak of."""
    bits, block, interval = data.draw(st.integers(1, 32)), data.draw(st.sampled_from((8, 16, 32, 64))), data.draw(st.integers(1, 200))
    coded = data.draw(st.binary(max_size=300))
    aec = compiled("aec")
    words = np.zeros((len(coded) + 7) // 8 + aec.AHEAD, dtype=np.uint64)
    words.view(np.uint8)[: len(coded)] = np.frombuffer(coded, dtype=np.uint8)
    out = np.full((30, 50), np.nan, dtype=np.float32)
    low, high, whole = aec.unpack(words.byteswap(), len(coded) * 8, bits, block, interval, False, 0.0, 1.0, 1.0, True, out)
    assert not whole or low <= high
    assert not whole or not np.isnan(out).any()


def section(message: bytes, number: int) -> int:
    """Where it begins."""
    at = 16
    while message[at + 4] != number:
        at += int.from_bytes(message[at : at + 4], "big")
    return at


def test_ccsds_that_ends_too_early_is_refused_with_a_reason() -> None:
    with message(some(), packingType="grid_ccsds", bitsPerValue=16) as handle:
        whole = bytes(eccodes.codes_get_message(handle))
    at = section(whole, 7)
    length = int.from_bytes(whole[at : at + 4], "big") - 40
    cut = whole[:8] + (len(whole) - 40).to_bytes(8, "big") + whole[16:at] + length.to_bytes(4, "big") + whole[at + 4 : -44] + b"7777"
    handle = eccodes.codes_new_from_message(cut)
    try:
        with pytest.raises(BadField, match="ends before its 77 values do"):
            unpacked(handle)
    finally:
        eccodes.codes_release(handle)


@pytest.mark.parametrize("decimals", [-2, 0, 1, 2, 3])
def test_decimal_scales_are_multiplied_as_eccodes_multiplies_them(decimals: int) -> None:
    with message(some() * 1000, packingType="grid_simple", decimalScaleFactor=decimals, bitsPerValue=16) as handle:
        np.testing.assert_array_equal(unpacked(handle).rows, as_eccodes_has_it(handle)[::-1])
        assert unpacked(handle).highest == np.asarray(eccodes.codes_get_values(handle)).max()


@pytest.mark.parametrize("packing", ["grid_simple", "grid_ccsds", "grid_complex", "grid_jpeg"])
def test_every_packing_gives_rows_from_south_to_north(packing: str) -> None:
    with message(some(), packingType=packing, bitsPerValue=16) as handle:
        np.testing.assert_array_equal(unpacked(handle).rows, as_eccodes_has_it(handle)[::-1])
        eccodes.codes_set(handle, "jScansPositively", 1)
        np.testing.assert_array_equal(unpacked(handle).rows, as_eccodes_has_it(handle))
        eccodes.codes_set(handle, "iScansNegatively", 1)
        np.testing.assert_array_equal(unpacked(handle).rows, as_eccodes_has_it(handle)[:, ::-1])


@pytest.mark.parametrize("packing", ["grid_simple", "grid_ccsds"])
def test_a_point_that_the_bitmap_leaves_out_is_unknown_and_counted(packing: str) -> None:
    values = some()
    values[0, 3] = values[6, 10] = 9999
    with message(values, packingType=packing, bitsPerValue=16, missingValue=9999, bitmapPresent=1) as handle:
        found = packed(handle)
        assert found is not None
        eccodes.codes_set(handle, "missingValue", 9999)
        expected = np.asarray(eccodes.codes_get_values(handle)).reshape(NY, NX)
        np.testing.assert_array_equal(found.rows, np.where(expected == 9999, np.nan, expected).astype(np.float32)[::-1])
        assert (found.lowest, found.highest) == (expected.min(), expected[expected < 9999].max())
        eccodes.codes_set(handle, "jScansPositively", 1)
        assert np.argwhere(np.isnan(unpacked(handle).rows)).tolist() == [[0, 3], [6, 10]]
    assert np.argwhere(np.isnan(found.rows)).tolist() == [[0, 10], [6, 3]]
    assert found.missing == 2


def test_a_bitmap_too_short_for_its_points_is_refused() -> None:
    values = some()
    values[0, 3] = 9999
    with message(values, packingType="grid_simple", bitsPerValue=16, missingValue=9999, bitmapPresent=1) as handle:
        whole = bytes(eccodes.codes_get_message(handle))
        at = section(whole, 6)
        cut = whole[:at] + (13).to_bytes(4, "big") + whole[at + 4 : at + 13] + whole[at + 16 :]
        with pytest.raises(BadField, match="bitmap has 7 bytes, too few for 77 points"):
            direct(handle, cut, (NY, NX), south_first=False)


def test_a_field_of_one_value_everywhere_is_that_value() -> None:
    with message(np.full((NY, NX), 3.25), packingType="grid_simple", bitsPerValue=0) as handle:
        found = unpacked(handle)
    assert set(found.rows.ravel().tolist()) == {3.25}
    assert (found.lowest, found.highest) == (3.25, 3.25)


def test_a_section_too_short_for_its_points_is_refused() -> None:
    with message(some(), packingType="grid_simple", bitsPerValue=16) as handle:
        whole = bytes(eccodes.codes_get_message(handle))
    # Section 7 is the last before "7777": take two bytes from it, and from the lengths that count them.
    start = len(whole) - 4 - (5 + 2 * NY * NX)
    section = (5 + 2 * NY * NX - 2).to_bytes(4, "big") + whole[start + 4 : -6]
    cut = whole[:8] + (len(whole) - 2).to_bytes(8, "big") + whole[16:start] + section + b"7777"
    handle = eccodes.codes_new_from_message(cut)
    try:
        with pytest.raises(BadField, match="too few for 77 values of 16 bits"):
            unpacked(handle)
    finally:
        eccodes.codes_release(handle)


def test_many_fields_are_unpacked_side_by_side_and_come_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "many.grib2"
    with path.open("wb") as file:
        for number in range(12):
            with message(some(number), packingType="grid_ccsds" if number % 2 else "grid_simple", bitsPerValue=16) as handle:
                eccodes.codes_write(handle, file)
    found = list(grib.read(path, source="test"))
    assert [field.provenance.index for field in found] == list(range(1, 13))
    assert all(field.values.dtype == np.float32 for field in found)
    for number, field in enumerate(found):
        np.testing.assert_allclose(field.values, some(number)[::-1], atol=1e-3)
    # Whoever stops early leaves nothing behind that the next reader could stumble over.
    reader = grib.read(path, source="test")
    next(reader)
    assert len(list(grib.read(path, source="test"))) == 12
