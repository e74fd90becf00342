"""Here: what is answered to "am I warned here?", worked out once for each cell of 0.01° and kept as bytes.

In a cell that no border crosses, everybody gets the same bytes; only where one does is the point itself looked at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.zone import ZoneSet
from warning.web.api.shapes import Names, Place

CELL = 0.01
MOST_CELLS = 200_000
"""Then they are forgotten and worked out anew: a city has some ten thousand."""

Part = tuple[bytes, BaseGeometry]
"""What is said (JSON), and of which ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """``whole``: the answer for every point of it, where none is on a border. ``coarse``: what holds in any part of it."""

    whole: bytes | None
    coarse: bytes
    zones: Sequence[Part]
    alerts: Sequence[Part]


class Ground:
    """Parts that are found by a box: by their own boxes first, then exactly. Prepared, so that a large outline costs no more than a small one."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)
        self._grounds = np.array([ground for _, ground in self._parts], dtype=np.object_)
        shapely.prepare(self._grounds)
        self._tree = shapely.STRtree(self._grounds)

    def touching(self, box: BaseGeometry) -> list[Part]:
        """In the order in which they were given."""
        near = np.sort(self._tree.query(box))
        return [self._parts[at] for at in near[shapely.intersects(self._grounds[near], box)].tolist()]


class Places:
    """The zones, the smallest level first, for finding those that touch a cell."""

    def __init__(self, zones: ZoneSet) -> None:
        self._ground = Ground([
            (_place(zone.code, zone.name_zh, zone.name_en), zone.geometry) for level in ("street", "district", "city") for zone in zones.at(level)])

    def touching(self, cell: BaseGeometry) -> list[Part]:
        """Those that hold some point of the cell, smallest level first."""
        return self._ground.touching(cell)


class Answers:
    """The answers of one version of the board. ``alerts`` strongest first, as the page has them."""

    def __init__(self, version: str, alerts: Sequence[Part], places: Places) -> None:
        self.version = version
        self._alerts = Ground(alerts)
        self._places = places
        self._cells: dict[tuple[int, int], _Cell] = {}

    def at(self, lat: float, lon: float, *, coarse: bool = False) -> bytes:
        """JSON of what is in force at a point, borders included; ``coarse``: in any part of its cell."""
        where = math.floor(round(lat / CELL, 6)), math.floor(round(lon / CELL, 6))
        cell = self._cells.get(where)
        if cell is None:
            if len(self._cells) >= MOST_CELLS:
                self._cells.clear()
            cell = self._cells[where] = self._worked_out(*where)
        if coarse:
            return cell.coarse
        if cell.whole is not None:
            return cell.whole
        return _answer(_first(cell.zones, lat, lon), [said for said, ground in cell.alerts if shapely.intersects_xy(ground, lon, lat)])

    def _worked_out(self, row: int, column: int) -> _Cell:
        box = shapely.box(column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL)
        alerts = self._alerts.touching(box)
        zones = self._places.touching(box)
        whole = None
        if all(ground.covers(box) for _, ground in alerts) and (not zones or zones[0][1].covers(box)):
            whole = _answer(zones[0][0] if zones else None, [said for said, _ in alerts])
        middle = _first(zones, (row + 0.5) * CELL, (column + 0.5) * CELL)
        coarse = middle if middle is not None else zones[0][0] if zones else None  # the middle of a cell on the coast may lie in the sea
        return _Cell(whole=whole, coarse=_answer(coarse, [said for said, _ in alerts]), zones=zones, alerts=alerts)


def _first(zones: Sequence[Part], lat: float, lon: float) -> bytes | None:
    return next((said for said, ground in zones if shapely.intersects_xy(ground, lon, lat)), None)


def _place(code: str, zh: str, en: str) -> bytes:
    return Place(code=code, name=Names(zh=zh, en=en)).model_dump_json().encode()


def _answer(place: bytes | None, alerts: Sequence[bytes]) -> bytes:
    """Outside of every zone nobody would warn: whether there is a danger is not known, which is neither true nor false."""
    warned = b"true" if alerts else b"false" if place is not None else b"null"
    return b'{"warned":%s,"place":%s,"alerts":[%s]}' % (warned, place or b"null", b",".join(alerts))
