"""A PMTiles file of plain coloured pictures, written for a test."""

import struct
import zlib
from pathlib import Path

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer


def plain_png(red: int, green: int, blue: int, side: int = 256) -> bytes:
    """One colour, eight bits a channel."""
    row = b"\x00" + bytes((red, green, blue)) * side

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(row * side))
            + chunk(b"IEND", b""))


def pmtiles(path: Path, tiles: dict[tuple[int, int, int], bytes], kind: TileType = TileType.PNG) -> Path:
    """``tiles`` by zoom, x and y."""
    with path.open("wb") as file:
        writer = Writer(file)  # type: ignore[no-untyped-call]  # the library has no types here
        for number, picture in sorted((zxy_to_tileid(*at), picture) for at, picture in tiles.items()):
            writer.write_tile(number, picture)  # type: ignore[no-untyped-call]
        writer.finalize({  # type: ignore[no-untyped-call]
            "tile_type": kind, "tile_compression": Compression.NONE, "min_lon_e7": 1200000000, "min_lat_e7": 300000000, "max_lon_e7": 1230000000,
            "max_lat_e7": 320000000, "center_zoom": 8, "center_lon_e7": 1215000000, "center_lat_e7": 310000000}, {})
    return path


def around_shanghai(picture: bytes, zooms: range) -> dict[tuple[int, int, int], bytes]:
    """Every tile between 118 and 125 E, 28 and 34 N; y of Web Mercator by its shares of the world."""
    return {(z, x, y): picture for z in zooms for x in range(int((118 + 180) / 360 * 2**z), int((125 + 180) / 360 * 2**z) + 1)
            for y in range(int(0.398 * 2**z), int(0.419 * 2**z) + 1)}
