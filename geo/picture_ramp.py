"""Ramps: colours for the classes of a quantity, told apart by lightness alone, so also by the colour-blind and in grey print."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = str
"""``#rrggbb``"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Class k holds values from ``bounds[k - 1]`` up to, not including, ``bounds[k]``; ``colours`` has one more than bounds.

    The colour ``""`` leaves what lies beneath: no rain is no colour. ``title`` and ``unit`` stand above the bar.
    """

    title: str
    unit: str
    bounds: tuple[float, ...]
    colours: tuple[Colour, ...]

    def __post_init__(self) -> None:
        if len(self.colours) != len(self.bounds) + 1 or list(self.bounds) != sorted(set(self.bounds)):
            raise ValueError(f"ramp {self.title!r}: {len(self.bounds)} rising bounds part {len(self.bounds) + 1} colours, not {len(self.colours)}")

    def classes(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """The class of each value; 255 where it is unknown (NaN or infinite), 254 where the class has no colour."""
        found = np.searchsorted(np.asarray(self.bounds, dtype=values.dtype), values, side="right").astype(np.uint8)
        bare = np.array([colour == "" for colour in self.colours])
        return np.where(np.isfinite(values), np.where(bare[found], np.uint8(254), found), np.uint8(255)).astype(np.uint8)


# Start and end of each scale in OKLCH (Ottosson 2020): lightness 0..1, chroma, hue in degrees. Lightness falls evenly all the way.
_SCALES = {
    "rain": ((0.95, 0.05, 170.0), (0.30, 0.14, 285.0)),
    "snow": ((0.95, 0.03, 240.0), (0.32, 0.12, 300.0)),
    "wind": ((0.95, 0.05, 110.0), (0.33, 0.13, 20.0)),
    "heat": ((0.96, 0.09, 100.0), (0.34, 0.14, 15.0)),
    "cold": ((0.95, 0.03, 200.0), (0.32, 0.15, 265.0)),
    "fog": ((0.94, 0.02, 80.0), (0.33, 0.06, 320.0)),
    "chance": ((0.96, 0.06, 145.0), (0.32, 0.13, 330.0)),
}
SCALES = tuple(_SCALES)


def ramp(
    scale: str, bounds: Sequence[float], *, title: str, unit: str, bare_below: bool = True, low_is_dark: bool = False
) -> Ramp:
    """A ramp over ``bounds`` (rising): the class below the first is bare when ``bare_below``.

    ``low_is_dark`` turns it round, for quantities that are dangerous when low (visibility, cold); then the class above the last is
    the bare one. Raises KeyError for a scale that is none of SCALES.
    """
    count = len(bounds) + (0 if bare_below else 1)
    colours = _colours(scale, count)
    if low_is_dark:
        made = (*reversed(colours), "") if bare_below else tuple(reversed(colours))
    else:
        made = ("", *colours) if bare_below else colours
    return Ramp(title=title, unit=unit, bounds=tuple(bounds), colours=made)


def _colours(scale: str, count: int) -> tuple[Colour, ...]:
    (light, low, hue), (dark, high, last) = _SCALES[scale]
    at = np.linspace(0, 1, count) if count > 1 else np.ones(1)
    # Chroma swells in the middle, where the screen can show most of it.
    chroma = low + (high - low) * at + 0.05 * np.sin(np.pi * at)
    return tuple(_hex(light + (dark - light) * t, c, hue + (last - hue) * t) for t, c in zip(at, chroma, strict=True))


def _hex(lightness: float, chroma: float, hue: float) -> Colour:
    """OKLCH to sRGB; a colour the screen cannot show loses chroma until it can."""
    for strength in np.linspace(1, 0, 41):
        a, b = chroma * strength * np.cos(np.radians(hue)), chroma * strength * np.sin(np.radians(hue))
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        linear = np.array([
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ])
        if linear.min() >= -1e-4 and linear.max() <= 1 + 1e-4:
            break
    clipped = np.clip(linear, 0, 1)
    coded = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    red, green, blue = (int(round(float(part) * 255)) for part in coded)
    return f"#{red:02x}{green:02x}{blue:02x}"
