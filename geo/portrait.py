"""Portrait: one field as a map, with what it says within the window shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.field import GridField
from geo.grid import Grid
from geo.picture import picture
from geo.picture_layer import Entry, Extent, FieldLayer, Layer, Legend, LineLayer
from geo.picture_ramp import Ramp, ramp

# Degrees; edges that agree to this are the same edge.
_SAME_EDGE = 1e-6
_PERCENT = (1.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0)
# Per variable the scale and the classes that warnings of it care about.
_CLASSES = {
    "rain": ("rain", (0.1, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 150.0)),
    "snow_water": ("snow", (0.1, 1.0, 2.0, 4.0, 6.0, 10.0, 15.0)),
    "wind_speed": ("wind", (5.5, 8.0, 10.8, 17.2, 24.5, 32.7)),
    "wind_gust": ("wind", (8.0, 10.8, 17.2, 24.5, 32.7, 41.5)),
    "air_temperature": ("heat", (0.0, 10.0, 20.0, 30.0, 35.0, 37.0, 40.0)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A PNG, and the lowest and highest known value of the cells wholly within the window (None: all are unknown), in the field's units.

    ``doubts`` are the suspicions for which a probability is shown as unknown.
    """

    png: bytes
    lowest: float | None
    highest: float | None
    doubts: tuple[str, ...]


def portrait(field: GridField, extent: Extent, *, title: str, borders: Sequence[BaseGeometry] = ()) -> Portrait:
    """``field`` (regular_ll) within ``extent``. A probability with a suspicion is drawn as unknown: hatched, with the doubt beneath.

    Raises ValueError for another kind of grid.
    """
    if not field.grid.regular:
        raise ValueError(f"{field.variable} lies on {field.grid.describe()}, which cannot be drawn; regrid it to regular_ll first")
    chance = field.statistic.startswith("probability")
    doubts = field.provenance.suspicions if chance else ()
    values = np.full(field.grid.shape, np.nan, dtype=np.float32) if doubts else np.asarray(field.values, dtype=np.float32)
    shown = values[_whole_cells(field.grid, extent)]
    known = shown[np.isfinite(shown)]
    colours = ramp_of(field, [float(known.min()), float(known.max())] if known.size else [])
    layers: list[Layer] = [FieldLayer(grid=field.grid, values=values, ramp=colours)]
    if borders:
        layers.append(LineLayer(geometries=borders, colour="#33404f", width=1.0))
    entries = [Entry(text="unknown 未知", hatched=True)] if np.isnan(shown).any() else []
    notes = [f"run {field.run_time:%Y-%m-%d %H:%M} UTC, valid {field.valid_time:%Y-%m-%d %H:%M} UTC", *doubts]
    png = picture(
        extent, layers, title=title, subtitle=_what(field), legend=Legend(ramp=colours, entries=entries, notes=notes))
    return Portrait(
        png=png, lowest=float(known.min()) if known.size else None, highest=float(known.max()) if known.size else None, doubts=doubts)


def _whole_cells(grid: Grid, extent: Extent) -> tuple[NDArray[np.int64], ...]:
    """Rows and columns of the cells that lie wholly within the window: one that reaches out of it speaks of elsewhere, too."""
    rows = (grid.lats - grid.dlat / 2 >= extent.south - _SAME_EDGE) & (grid.lats + grid.dlat / 2 <= extent.north + _SAME_EDGE)
    from_west = (grid.lons - grid.dlon / 2 - extent.west + _SAME_EDGE) % 360
    cols = from_west + grid.dlon <= extent.east - extent.west + 2 * _SAME_EDGE
    return np.ix_(np.flatnonzero(rows), np.flatnonzero(cols))


def _what(field: GridField) -> str:
    over = "" if field.window is None else f"/{field.window.total_seconds() / 3600:g} h"
    if field.statistic.startswith("probability") and field.threshold is not None:
        sign = "<" if field.statistic == "probability_below" else "≥"
        return f"probability of {field.variable}{over} {sign} {field.threshold:g} {field.threshold_units}"
    return f"{field.variable}{over} [{field.units}]"


def ramp_of(field: GridField, span: Sequence[float]) -> Ramp:
    """The classes that warnings of its variable care about; of another variable seven over ``span``, the lowest and highest value shown."""
    if field.statistic.startswith("probability"):
        return ramp("chance", _PERCENT, title="probability", unit=field.units)
    if field.variable in _CLASSES:
        scale, bounds = _CLASSES[field.variable]
        return ramp(scale, bounds, title=field.variable, unit=field.units, bare_below=field.variable != "air_temperature")
    low, high = (min(span), max(span)) if span else (0.0, 1.0)
    bounds = tuple(float(bound) for bound in np.linspace(low, high, 7)[1:-1]) if high > low else (low,)
    return ramp("heat", bounds, title=field.variable, unit=field.units, bare_below=False)
