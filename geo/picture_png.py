"""PNG: an image as the bytes of a file (ISO/IEC 15948), packed at the speed of a live picture."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # the filter "as the pixel above, plus": maps are mostly that


def png(image: NDArray[np.uint8]) -> bytes:
    """``image`` (rows, columns, 3) in sRGB; the same image gives the same bytes."""
    rows, columns, _ = image.shape
    lines = np.empty((rows, 1 + columns * 3), dtype=np.uint8)
    flat = image.reshape(rows, columns * 3)
    lines[:, 0] = _UP
    lines[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=lines[1:, 1:])
    # Level 1 takes a tenth of the time of level 9 and gives a tenth more bytes.
    packed = zlib.compress(lines.data, 1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"sRGB", b"\0") + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
