"""Unpacked values are, to the last bit, the float32 nearest to ecCodes'; whatever the packing, the scanning and the gaps."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import eccodes
import numpy as np
import pytest
from numpy.typing import NDArray

from feeds import grib
from feeds.errors import BadField
from feeds.grib_values import Unpacked, unpack

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
        found = unpacked(handle)
    assert np.argwhere(np.isnan(found.rows)).tolist() == [[0, 10], [6, 3]]
    assert found.missing == 2
    assert found.highest < 9999


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
        with pytest.raises(BadField, match="too few for 7 x 11 values of 16 bits"):
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
