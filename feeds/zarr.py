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

    A chunk that is not there reads as the fill value: with a rain of 0 that is a dry day nobody measured. Fields of a variable that
    lacks chunks and declares no missing value are suspicious, and unknown.
    """
    try:
        group = zarr.open_group(path, mode="r", use_consolidated=False)
        dataset = xr.open_dataset(path, engine="zarr", consolidated=False, decode_cf=False, cache=False)
    except (OSError, BaseZarrError, ValueError, KeyError) as fault:
        raise Truncated(f"{path.name}: this Zarr store cannot be opened ({fault}); it may be half copied, fetch it again") from fault
    lacking: dict[str, str] = {}
    with dataset:
        for field in fields_of(dataset, path=path, source=source, checksum=checksum):
            name = dict(field.provenance.original)["name"]
            if name not in lacking:
                lacking[name] = _lacking(group[name], dataset[name])
            past = field.provenance
            yield replace(field, provenance=replace(past, suspicions=(*past.suspicions, lacking[name]))) if lacking[name] else field


def _lacking(array: object, variable: xr.DataArray) -> str:
    """What to say of an array that has not all of its chunks; "" when it has, or when their values are declared missing."""
    if not isinstance(array, zarr.Array) or "_FillValue" in variable.attrs or array.nchunks_initialized == array.nchunks:
        return ""
    return (f"{array.nchunks - array.nchunks_initialized} of {array.nchunks} chunks are not stored and would read as {array.fill_value}: never "
            f"written, or lost on the way; taken as unknown until the writer stores every chunk or declares _FillValue")
