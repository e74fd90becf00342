"""Read MICAPS text files ("diamond N"): surface plots (1), stations (3), scalar grids (4), cyclone tracks (7), wind grids (11)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from feeds import diamond_grid, diamond_stations, diamond_track
from feeds.diamond import Diamond, open_diamond
from feeds.errors import BadField, PartlyRead, UnknownFormat
from feeds.reading import Reading
from geo.field import Provenance

MAGIC = (b"diamond", b"DIAMOND", b"\xef\xbb\xbfdiamond")

_KINDS: dict[int, Callable[[Diamond, Provenance], Iterator[Reading]]] = {
    1: diamond_stations.surface, 3: diamond_stations.scattered, 4: diamond_grid.scalar, 7: diamond_track.tracks, 11: diamond_grid.vector,
}


def read(path: Path, *, source: str, checksum: str = "") -> Iterator[Reading]:
    """Yield what the file holds, in its own units; times in it are Beijing time, 9999 is missing.

    Raises UnknownFormat for another kind of diamond; Truncated or PartlyRead after the last good reading.
    """
    diamond = open_diamond(path)
    kind = _KINDS.get(diamond.kind)
    if kind is None:
        raise UnknownFormat(f"{path.name}: diamond {diamond.kind} is not read here; known are {', '.join(map(str, sorted(_KINDS)))}")
    told = (("name", f"diamond {diamond.kind}"), ("title", diamond.title))
    provenance = Provenance(source=source, path=str(path), checksum=checksum, index=1, original=told)
    try:
        yield from kind(diamond, provenance)
    except BadField as fault:
        raise PartlyRead(path.name, (str(fault),)) from fault
