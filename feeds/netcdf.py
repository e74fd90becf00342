"""Read CF NetCDF, classic and on HDF5."""

from collections.abc import Iterator
from pathlib import Path

import xarray as xr

from feeds.cf_fields import fields_of
from feeds.errors import Truncated
from geo.field import GridField

MAGIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n")


def read(path: Path, *, source: str, checksum: str = "") -> Iterator[GridField]:
    """Yield every field, see :func:`feeds.cf_fields.fields_of`. Raises Truncated for a file that cannot be opened."""
    try:
        dataset = xr.open_dataset(path, engine="netcdf4", decode_cf=False, cache=False)
    except OSError as fault:
        raise Truncated(f"{path.name}: cannot be opened ({fault.strerror or fault}); it may be cut off, fetch it again") from fault
    with dataset:
        yield from fields_of(dataset, path=path, source=source, checksum=checksum)
