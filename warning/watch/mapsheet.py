"""Map sheet: the cells that a proposal rests on as a PNG: values in classes cut at the rule's thresholds, zones, and what is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.picture import picture
from geo.picture_layer import Chip, Entry, Extent, FieldLayer, LabelLayer, Layer, Legend, LineLayer
from geo.picture_ramp import Ramp, ramp
from geo.zone import ZoneSet
from warning.level import Level
from warning.watch.basis import Basis, Patch
from warning.watch.explain import number, quantity_name, unit

_BEIJING = timezone(timedelta(hours=8))
_CHIPS: dict[Level, tuple[str, str]] = {
    Level.BLUE: ("#1257b0", "#ffffff"), Level.YELLOW: ("#ffd83d", "#1a1a1a"), Level.ORANGE: ("#ff9a1f", "#1a1a1a"), Level.RED: ("#c4161c", "#ffffff")}
_SCALES = {
    "rain": "rain", "snow_water": "snow", "mean_bft": "wind", "gust_bft": "wind", "wind_speed": "wind", "wind_gust": "wind", "tmax": "heat",
    "visibility": "fog", "tmin": "cold", "ground_tmin": "cold", "road_temperature": "cold", "temperature_drop": "cold"}
_BELOW = (0.25, 0.5, 0.75)
"""Parts of the lowest threshold at which classes begin below it, so that what nearly exceeds is seen."""


def sheet(
    basis: Basis, *, level: Level, title: str, codes: Sequence[str], zones: ZoneSet, lang: Literal["zh", "en"], data_time: datetime | None,
    mark: str = "", size: tuple[int, int] = (900, 640),
) -> bytes | None:
    """The PNG; None when the basis has no cells (a rule read at a station, a quantity that is not gridded)."""
    if basis.patch is None:
        return None
    en = lang == "en"
    patch = basis.patch
    name, units = quantity_name(patch.quantity)[en], unit(patch.units)[en]
    thresholds = _thresholds(basis, patch)
    own = next((threshold for step, threshold in thresholds if step == level), None)
    chosen = [zones[code] for code in codes if any(zone.code == code for zone in zones)]
    around = list(zones.at("district") or tuple(zones))
    over = None if own is None else _over(patch, own)
    layers: list[Layer] = [
        FieldLayer(grid=patch.grid, values=patch.values, ramp=_ramp(patch, [threshold for _, threshold in thresholds], name, units)),
        LineLayer(geometries=[zone.geometry for zone in around], colour="#5a6675", width=1.0, opacity=0.8),
        LineLayer(geometries=[zone.geometry for zone in chosen], colour="#0b4fa8", width=3.0),
        *([] if over is None else [LineLayer(geometries=[over], colour="#2b0a3d", width=2.0)]),
        LabelLayer(labels=[
            (point.x, point.y, zone.name_en if en else zone.name_zh)
            for zone in sorted(around, key=lambda zone: (zone.code not in codes, -zone.geometry.area))
            for point in [zone.geometry.representative_point()]]),
    ]
    colour = level.en if en else level.zh
    entries = [Entry(text="warned zones" if en else "预警区域", line="#0b4fa8")]
    if over is not None and own is not None:
        entries.append(Entry(text=f"over {number(own)} {units} ({colour})" if en else f"超过 {number(own)} {units}（{colour}）", line="#2b0a3d"))
    span = f"{_hour(basis.start)}–{_hour(basis.end)}"
    made = "" if data_time is None else f"{'data of' if en else '资料'} {_hour(data_time)}"
    return picture(
        _extent(patch, [zone.geometry for zone in chosen]), layers, title=title,
        subtitle=f"{'most extreme' if en else '最强'} {name}, {span} {'Beijing time' if en else '北京时'}",
        chip=Chip(text=colour, background=_CHIPS[level][0], ink=_CHIPS[level][1]),
        legend=Legend(
            ramp=_ramp(patch, [threshold for _, threshold in thresholds], name, units), entries=entries,
            notes=[made, basis.row], mark=mark), size=size)


def _thresholds(basis: Basis, patch: Patch) -> list[tuple[Level, float]]:
    """Of the comparisons of this quantity, by level."""
    return [(step.level, leaf.threshold) for step in basis.steps for leaf in step.leaves if leaf.quantity == patch.quantity]


def _ramp(patch: Patch, thresholds: Sequence[float], name: str, units: str) -> Ramp:
    cuts = sorted(set(thresholds))
    if patch.rising and cuts and cuts[0] > 0 and patch.units not in ("degC", "bft"):
        cuts = [*(cuts[0] * part for part in _BELOW), *cuts]
    elif patch.units == "bft" and cuts:
        cuts = [*(cuts[0] - back for back in (3, 2, 1) if cuts[0] - back > 0), *cuts]
    scale = _SCALES.get(patch.quantity.split("/")[0].split(" ")[0], "rain")
    return ramp(scale, cuts or [0.0], title=name, unit=units, low_is_dark=not patch.rising)


def _over(patch: Patch, threshold: float) -> BaseGeometry | None:
    """The borders of the cells beyond the threshold."""
    values: NDArray[np.float32] = patch.values
    beyond = np.nan_to_num(values >= threshold if patch.rising else values <= threshold)
    rows, columns = np.nonzero(beyond)
    if not len(rows):
        return None
    west = patch.lon0 + (columns - 0.5) * patch.dlon
    south = patch.lat0 + (rows - 0.5) * patch.dlat
    return shapely.union_all(shapely.box(west, south, west + patch.dlon, south + patch.dlat), grid_size=1e-6)


def _extent(patch: Patch, shapes: Sequence[BaseGeometry]) -> Extent:
    return Extent.of([shapely.box(*patch.grid.bounds), *shapes], margin=0.03)


def _hour(at: datetime) -> str:
    return f"{at.astimezone(_BEIJING):%m-%d %H:%M}"
