"""What the map lies on, when a deployment wants something there: pictures of its own file, read by range, or the one address it has named."""

from functools import lru_cache
from html import escape
from pathlib import Path

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

from warning.errors import ConfigError, NotFound
from warning.settings import MapSettings

MEDIA = {TileType.PNG: "image/png", TileType.JPEG: "image/jpeg", TileType.WEBP: "image/webp", TileType.AVIF: "image/avif"}
HELD = 512
"""Tiles kept in memory: the start of every shift looks at the same ones."""
_HEADER = 127


class Tiles:
    """Opened with the console. Nothing is configured by default, and then there is nothing to open. Raises ConfigError where the file is not what it should be."""

    def __init__(self, settings: MapSettings) -> None:
        self._settings = settings
        self._reader: Reader | None = None
        self.media_type = ""
        if not settings.tiles or settings.origin:
            return
        path = Path(settings.tiles)
        try:
            with path.open("rb") as file:
                if path.stat().st_size < _HEADER or file.read(8) != b"PMTiles\x03":
                    raise ConfigError(f"map: tiles: {path} is no PMTiles file of version 3")
                self._reader = Reader(MmapSource(file))  # type: ignore[no-untyped-call]  # the mapping outlives the file's handle
        except OSError as error:
            raise ConfigError(f"map: tiles: {path} cannot be read: {error.strerror}") from error
        header = self._reader.header()  # type: ignore[no-untyped-call]  # the library has no types here
        kind = header["tile_type"]
        if kind not in MEDIA or header["tile_compression"] not in (Compression.NONE, Compression.UNKNOWN):
            raise ConfigError(f"map: tiles: {path} holds {kind.name}: the map shows pictures (png, jpeg, webp, avif); draw vector tiles into pictures first")
        self.media_type, self._zooms = MEDIA[kind], (int(header["min_zoom"]), int(header["max_zoom"]))
        self._name = f"{path.stat().st_mtime_ns:x}{path.stat().st_size:x}"
        self._tile = lru_cache(HELD)(self._reader.get)

    def told(self) -> dict[str, object] | None:
        """What a map has to know; None = it lies on nothing."""
        if self._reader is not None:
            return {"url": f"/console/tiles/{self._name}/{{z}}/{{x}}/{{y}}", "min": self._zooms[0], "max": self._zooms[1], "attribution": escape(self._settings.attribution)}
        return {"url": self._settings.tiles, "min": 0, "max": 19, "attribution": escape(self._settings.attribution)} if self._settings.tiles else None

    def tile(self, version: str, z: int, x: int, y: int) -> bytes:
        """One picture; takes a read of the file, so ask in a thread. Raises NotFound where the file has none."""
        if self._reader is None or version != self._name or not self._zooms[0] <= z <= self._zooms[1] or not 0 <= x < 1 << z or not 0 <= y < 1 << z:
            raise NotFound(f"no tile {z}/{x}/{y}")
        found = self._tile(z, x, y)
        if not found:
            raise NotFound(f"no tile {z}/{x}/{y}")
        return bytes(found)
