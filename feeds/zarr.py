"""Read Zarr stores of CF data, formats 2 and 3, with and without consolidated metadata: a folder, not a file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import xarray as xr
import zarr
from zarr.errors import BaseZarrError

from feeds.cf_fields import fields_of
from feeds.errors import Truncated
from geo.field import GridField

MAGIC = ()
"""A folder has no first bytes; one of these files in it tells that it is a store."""
MARKS = ("zarr.json", ".zgroup", ".zmetadata")


def read(path: Path, *, source: str, checksum: str = "") -> Iterator[GridField]:
    """Yield every field, see :func:`feeds.cf_fields.fields_of`. Raises Truncated for a store that cannot be opened.

    A chunk that is not there reads as the fill value: with a rain of 0 that is a dry day nobody measured. In a variable that lacks
    chunks and declares no missing value, the fill value therefore counts as missing, and every field is suspicious.
    """
    try:
        group = zarr.open_group(path, mode="r", use_consolidated=False)
        dataset = xr.open_dataset(path, engine="zarr", consolidated=False, decode_cf=False, cache=False)
    except (OSError, BaseZarrError, ValueError, KeyError) as fault:
        raise Truncated(f"{path.name}: this Zarr store cannot be opened ({fault}); it may be half copied, fetch it again") from fault
    with dataset:
        lacking = {name: told for name in map(str, dataset.variables) if (told := _doubted(group[name], dataset[name]))}
        for field in fields_of(dataset, path=path, source=source, checksum=checksum):
            doubt, past = lacking.get(dict(field.provenance.original)["name"], ""), field.provenance
            yield replace(field, provenance=replace(past, suspicions=(*past.suspicions, doubt))) if doubt else field


def _doubted(array: object, variable: xr.DataArray) -> str:
    """What to say of an array that has not all of its chunks, whose fill value now counts as missing; "" of any other."""
    if not isinstance(array, zarr.Array) or "_FillValue" in variable.attrs or array.nchunks_initialized == array.nchunks:
        return ""
    variable.attrs["_FillValue"] = array.fill_value
    return (f"{array.nchunks - array.nchunks_initialized} of {array.nchunks} chunks are not stored and would read as {array.fill_value}: never "
            f"written, or lost on the way; that value is taken as unknown until the writer stores every chunk or declares _FillValue")
