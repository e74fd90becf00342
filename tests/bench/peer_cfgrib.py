"""cfgrib on the GRIB workload, in a process of its own: with others at hand it was seen to abort at the interpreter's end."""

from collections.abc import Callable
from dataclasses import dataclass

import xarray

import feeds  # noqa: F401  # loads ecCodes' libraries for ecCodes alone


@dataclass(frozen=True)
class Opened:
    """The call to be timed: the file opened without an index on disk, and every value in memory."""

    path: str

    def __call__(self) -> Callable[[], object]:
        self._load()
        return self._load

    def _load(self) -> object:
        with xarray.open_dataset(self.path, engine="cfgrib", backend_kwargs={"indexpath": ""}) as data:
            return data.load()
