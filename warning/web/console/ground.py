"""The borders as a browser gets them: whole numbers on a grid, in sheets from coarse to fine, each made once under a name that changes with the borders."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone, ZoneSet
from warning.web.words import Lang

ACROSS = 1200
"""The coarsest sheet tells apart so many places from one side of the map to the other: a pixel each on a large screen."""
FINEST = 0.0005
"""Degrees, about 50 m: nothing is drawn finer, whatever the map is enlarged to."""
STEP = 4
"""Each sheet is so many times finer than the one before it."""
ENOUGH = 0.002
"""Degrees: a sheet that fine needs no finer one."""
SEEN_PX = 18
"""Smaller zones are drawn where the middle one of them is so many pixels wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """``tolerance`` in degrees. ``below``: only where a pixel is fewer degrees than this; None = always. ``names``: it tells its zones' names, too."""

    zones: tuple[Zone, ...]
    tolerance: float
    below: float | None
    names: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """``drawn``: districts, or what there is; ``finer``: what lies inside them. ``corners``: south-west and north-east, latitude first.
    ``place``: a zone's number, by which a map's colours name it: first those drawn, then the finer."""

    zones: ZoneSet
    drawn: tuple[Zone, ...]
    finer: tuple[Zone, ...]
    corners: tuple[tuple[float, float], tuple[float, float]]
    sheets: tuple[Sheet, ...]
    place: Mapping[str, int]
    version: str
    _made: dict[tuple[int, str], bytes] = field(default_factory=dict)

    def told(self, lang: Lang) -> dict[str, object]:
        """What a map has to know before it asks for a sheet."""
        return {
            "url": f"/console/ground/{self.version}/{lang}", "corners": self.corners, "drawn": len(self.drawn), "count": len(self.place),
            "sheets": [{"tolerance": sheet.tolerance, "below": sheet.below, "names": sheet.names} for sheet in self.sheets]}

    def sheet(self, number: int, lang: Lang) -> bytes:
        """The sheet's JSON, gzipped; takes a second for a large country the first time, so ask in a thread. Raises IndexError."""
        key = number, lang if self.sheets[number].names else ""
        if key not in self._made:
            sheet = self.sheets[number]
            self._made[key] = gzip.compress(json.dumps(written(sheet, self.place, lang), ensure_ascii=False, separators=(",", ":")).encode(), 9)
        return self._made[key]


def ground_of(zones: ZoneSet) -> Ground:
    """Nothing is drawn yet; a sheet is when somebody asks for it."""
    drawn = zones.at("district") or tuple(zones)
    own = {zone.code for zone in drawn}
    finer = tuple(zone for zone in zones if zone.code not in own and zone.parent in own)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds([zone.geometry for zone in drawn]))
    tolerance = max(max(east - west, north - south) / ACROSS, FINEST)
    sheets: list[Sheet] = []
    while not sheets or sheets[-1].tolerance > ENOUGH:
        sheets.append(Sheet(zones=drawn, tolerance=round(tolerance, 6), below=None, names=not sheets))
        tolerance = max(tolerance / STEP, FINEST)
    if finer:
        widths = shapely.bounds([zone.geometry for zone in finer])
        sheets.append(Sheet(zones=finer, tolerance=FINEST, below=float(np.median(widths[:, 2] - widths[:, 0])) / SEEN_PX, names=True))
    told = hashlib.sha256(b"".join(f"{zone.code}|{zone.parent}|{zone.name_zh}|{zone.name_en}|".encode() + shapely.to_wkb(zone.geometry) for zone in (*drawn, *finer)))
    told.update(repr((ACROSS, FINEST, STEP, ENOUGH, SEEN_PX)).encode())
    return Ground(
        zones=zones, drawn=drawn, finer=finer, corners=((south, west), (north, east)), sheets=tuple(sheets), version=told.hexdigest()[:16],
        place={zone.code: number for number, zone in enumerate((*drawn, *finer))})


def written(sheet: Sheet, place: Mapping[str, int], lang: Lang) -> dict[str, object]:
    """``rings``: of each zone its rings, outer ones clockwise on a screen and holes against them, as x, y and then steps, in ``unit`` degrees from
    180° W and the equator. ``at``: where a zone's sign stands."""
    unit = sheet.tolerance / 4
    shapes = np.array([zone.geometry for zone in sheet.zones], dtype=object)
    simple = shapely.orient_polygons(shapely.simplify(shapes, sheet.tolerance))
    told: dict[str, object] = {
        "unit": unit, "first": place[sheet.zones[0].code], "rings": [_rings(one, whole, unit) for one, whole in zip(simple, shapes, strict=True)]}
    if sheet.names:
        signs = shapely.get_coordinates(shapely.point_on_surface(shapes)) + (180, 0)
        told |= {"names": [zone.name_en if lang == "en" else zone.name_zh for zone in sheet.zones],
                 "codes": [zone.code for zone in sheet.zones], "at": np.rint(signs / unit).astype(int).ravel().tolist()}
    return told


def _rings(simple: BaseGeometry, whole: BaseGeometry, unit: float) -> list[list[int]]:
    """A place too small for this sheet stays as a square of two units: what is warned must be on the map."""
    rings = []
    for part in shapely.get_parts(simple):
        for ring in shapely.get_rings(part):
            corners = np.rint((shapely.get_coordinates(ring) + (180, 0)) / unit).astype(int)
            steps = np.diff(corners, axis=0, prepend=[[0, 0]])[:-1]
            steps = steps[np.any(steps != 0, axis=1)]
            if len(steps) >= 3:
                rings.append(steps.ravel().tolist())
    if rings:
        return rings
    x, y = (int(edge) for edge in np.rint((shapely.get_coordinates(shapely.point_on_surface(whole))[0] + (180, 0)) / unit))
    return [[x - 1, y - 1, 0, 2, 2, 0, 0, -2]]


def painted(ground: Ground, levels: Mapping[str, int]) -> str:
    """A digit to base 36 for each zone by its number: its own level (0 = nothing) times 5, and the strongest level of its parts where that is above it."""
    whole, part = [0] * len(ground.place), [0] * len(ground.place)
    for code, level in levels.items():
        if code in ground.place:
            whole[ground.place[code]] = level
    for zone in ground.finer:
        number, parent = ground.place[zone.code], ground.place[zone.parent]
        if whole[number] > whole[parent]:
            part[parent] = max(part[parent], whole[number])
        else:
            whole[number] = 0  # the colour of its district says it already
    return "".join(_DIGITS[5 * own + higher] for own, higher in zip(whole, part, strict=True))


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def numbers(ground: Ground, codes: Sequence[str]) -> list[int]:
    """The zones that are on the map, by their numbers."""
    return [ground.place[code] for code in codes if code in ground.place]
