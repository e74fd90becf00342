"""Picture: a map as PNG bytes: layers on an equirectangular window, title above, legend beside, source and time beneath."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geo.picture_canvas import Window, dots, draw, fill, paint, rim, strokes, wash, window, write
from geo.picture_layer import Chip, Extent, FieldLayer, LabelLayer, Layer, Legend, LineLayer, PointLayer, ZoneLayer
from geo.picture_legend import entries, ramp_bar
from geo.picture_png import png
from geo.picture_text import width

_PAPER, _GROUND, _INK, _FAINT = "#ffffff", "#f2f5f8", "#1b2430", "#5a6675"
_MARGIN, _HEAD, _FOOT, _SIDE = 16, 70, 40, 172
_STEPS_DEGREES = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_STEPS_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
# On the sphere of the mean radius 6371 km.
_KM_PER_DEGREE = 111.195


def picture(
    extent: Extent,
    layers: Sequence[Layer],
    *,
    title: str,
    subtitle: str = "",
    chip: Chip | None = None,
    legend: Legend | None = None,
    size: tuple[int, int] = (800, 600),
) -> bytes:
    """A PNG of ``size`` (columns, rows) pixels; the same arguments give the same bytes. Pure.

    The map shows at least ``extent``, true to scale at its middle latitude, with a scale bar and a faint graticule. Layers are laid one
    over the other in their order. Raises ValueError for a size too small to hold a map, FontMissing without the font.
    """
    columns, rows = size
    side = _SIDE if legend is not None and (legend.ramp is not None or legend.entries) else 0
    right, bottom = columns - _MARGIN - side, rows - _FOOT
    if right - _MARGIN < 200 or bottom - _HEAD < 150:
        raise ValueError(f"a picture of {columns} x {rows} pixels has no room for a map; give at least 420 x 300")
    image = np.empty((rows, columns, 3), dtype=np.uint8)
    wash(image, _PAPER)
    shown = image[_HEAD:bottom, _MARGIN:right]
    wash(shown, _GROUND)
    at = window(shown, extent)
    for layer in layers:
        _lay_layer(at, layer)
    _graticule(at)
    _scale_bar(at)
    rim(image, _MARGIN - 1, _HEAD - 1, right + 1, bottom + 1, "#8c98a6")
    _heading(image, title, subtitle, chip)
    if legend is not None:
        top = _HEAD if legend.ramp is None else ramp_bar(image, legend.ramp, right + 16, _HEAD)
        entries(image, legend.entries, right + 16, top)
        _footing(image, legend, bottom)
    return png(image)


def _lay_layer(at: Window, layer: Layer) -> None:
    match layer:
        case FieldLayer():
            paint(at, layer)
        case ZoneLayer():
            if layer.fill:
                fill(at, layer.geometries, layer.fill, layer.opacity, hatched=layer.hatched)
            if layer.line:
                draw(at, layer.geometries, layer.line, layer.width, 1.0)
        case LineLayer():
            draw(at, layer.geometries, layer.colour, layer.width, layer.opacity)
        case PointLayer():
            dots(at, layer.points, layer.colour, layer.radius)
        case LabelLayer():
            _labels(at, layer)


def _labels(at: Window, layer: LabelLayer) -> None:
    taken: list[tuple[float, float, float, float]] = []
    rows, columns = at.image.shape[:2]
    for lon, lat, text in layer.labels:
        x, y = at.at(np.array([lon]), np.array([lat]))
        across, down = float(x[0]), float(y[0])
        half = width(text, layer.size) / 2
        box = (across - half - 2, down - layer.size * 0.6, across + half + 2, down + layer.size * 0.6)
        outside = box[0] < 0 or box[1] < 0 or box[2] > columns or box[3] > rows
        if outside or any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken):
            continue
        taken.append(box)
        write(at.image, text, across - half, down + layer.size * 0.36, size=layer.size, colour=layer.colour, halo=2)


def _graticule(at: Window) -> None:
    """Faint meridians and parallels at round degrees, named inside the frame."""
    rows, columns = at.image.shape[:2]
    step = next((step for step in _STEPS_DEGREES if columns / at.scale / step <= 6), _STEPS_DEGREES[-1])
    east, south = at.west + columns / at.scale, at.north - rows / at.rise
    lons = np.arange(np.ceil(at.west / step), np.floor(east / step) + 1) * step
    lats = np.arange(np.ceil(south / step), np.floor(at.north / step) + 1) * step
    x, y = (lons - at.west) * at.scale, (at.north - lats) * at.rise
    ends = (np.concatenate((x, np.zeros_like(y))), np.concatenate((np.zeros_like(x), y)),
            np.concatenate((x, np.full_like(y, columns))), np.concatenate((np.full_like(x, rows), y)))
    strokes(at.image, ends, "#8c98a6", 1.0, 0.35)
    for lon, place in zip(lons, x, strict=True):
        text = _degrees(lon, "E", "W", step)
        if 30 < place < columns - 40:
            write(at.image, text, place - width(text, 10) / 2, 13, size=10, colour=_FAINT, halo=2)
    for lat, place in zip(lats, y, strict=True):
        if 24 < place < rows - 30:
            write(at.image, _degrees(lat, "N", "S", step), 5, place + 4, size=10, colour=_FAINT, halo=2)


def _degrees(value: float, positive: str, negative: str, step: float) -> str:
    turned = (value + 180) % 360 - 180 if positive == "E" else value
    decimals = 0 if step >= 1 else 1 if round(step * 10, 6) % 1 == 0 else 2
    return f"{abs(turned):.{decimals}f}°{positive if turned >= 0 else negative}"


def _scale_bar(at: Window) -> None:
    """A length in kilometres that takes between a tenth and a quarter of the map's width, true at its middle latitude."""
    rows, columns = at.image.shape[:2]
    per_km = at.rise / _KM_PER_DEGREE
    length = max((km for km in _STEPS_KM if km * per_km <= columns / 4), default=_STEPS_KM[0])
    x0, x1, y = 14.0, 14.0 + length * per_km, rows - 14.0
    ends = np.array([[x0, y, x1, y], [x0, y - 5, x0, y], [x1, y - 5, x1, y]]).T
    strokes(at.image, (ends[0], ends[1], ends[2], ends[3]), "#ffffff", 5.0)
    strokes(at.image, (ends[0], ends[1], ends[2], ends[3]), _INK, 2.0)
    write(at.image, f"{length} km", x0 + 4, y - 6, size=11, colour=_INK, halo=2)


def _heading(image: NDArray[np.uint8], title: str, subtitle: str, chip: Chip | None) -> None:
    x = float(_MARGIN)
    if chip is not None:
        wide = width(chip.text, 18) + 20
        wash(image[14:42, _MARGIN : _MARGIN + wide], chip.background)
        write(image, chip.text, x + 10, 35, size=18, colour=chip.ink)
        x += wide + 12
    room = image.shape[1] - _MARGIN - x
    write(image, title, x, 36, size=next((size for size in (22, 20, 18, 16) if width(title, size) <= room), 14), colour=_INK)
    write(image, subtitle, _MARGIN, 60, size=13, colour=_FAINT)


def _footing(image: NDArray[np.uint8], legend: Legend, bottom: int) -> None:
    x = float(_MARGIN)
    for note in legend.notes:
        write(image, note, x, bottom + 25, size=12, colour=_FAINT)
        x += width(note, 12) + 24
    if legend.mark:
        write(image, legend.mark, image.shape[1] - _MARGIN - width(legend.mark, 12), bottom + 25, size=12, colour=_INK)
