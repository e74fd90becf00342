"""Units: one table of what we convert, and the Beaufort force of a wind speed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


class UnitError(ValueError):
    """A unit is unknown, or two units measure different things. The message names both."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """``base = value * scale + offset`` in the base unit of its dimension."""

    dimension: str
    scale: float
    offset: float = 0.0


_KELVIN = _Unit("temperature", 1.0)
_CELSIUS = _Unit("temperature", 1.0, 273.15)
_METRE = _Unit("length", 1.0)
# 1 kg of water on 1 m2 stands 1 mm high: rain and snow water arrive in any of the three.
_MILLIMETRE = _Unit("length", 1e-3)
_CENTIMETRE = _Unit("length", 1e-2)
_KILOMETRE = _Unit("length", 1e3)
_METRE_PER_SECOND = _Unit("speed", 1.0)
_KILOMETRE_PER_HOUR = _Unit("speed", 1 / 3.6)
_KNOT = _Unit("speed", 1852 / 3600)
_PASCAL = _Unit("pressure", 1.0)
_HECTOPASCAL = _Unit("pressure", 100.0)
_KILOGRAM_PER_CUBIC_METRE = _Unit("concentration", 1.0)
_MICROGRAM_PER_CUBIC_METRE = _Unit("concentration", 1e-9)
_FRACTION = _Unit("share", 1.0)
_PERCENT = _Unit("share", 0.01)

_TABLE: dict[str, _Unit] = {
    "K": _KELVIN,
    "degC": _CELSIUS, "°C": _CELSIUS, "C": _CELSIUS, "celsius": _CELSIUS, "degree_Celsius": _CELSIUS, "deg C": _CELSIUS,
    "m": _METRE, "metre": _METRE, "meter": _METRE, "gpm": _METRE, "m of water equivalent": _METRE,
    "mm": _MILLIMETRE, "millimeter": _MILLIMETRE,
    "kg m-2": _MILLIMETRE, "kg m**-2": _MILLIMETRE, "kg m^-2": _MILLIMETRE, "kg/m2": _MILLIMETRE, "kg/m^2": _MILLIMETRE,
    "cm": _CENTIMETRE, "km": _KILOMETRE,
    "kg m-3": _KILOGRAM_PER_CUBIC_METRE, "kg m**-3": _KILOGRAM_PER_CUBIC_METRE, "kg/m3": _KILOGRAM_PER_CUBIC_METRE,
    "ug m-3": _MICROGRAM_PER_CUBIC_METRE, "µg m-3": _MICROGRAM_PER_CUBIC_METRE, "μg m-3": _MICROGRAM_PER_CUBIC_METRE,
    "ug/m3": _MICROGRAM_PER_CUBIC_METRE, "µg/m3": _MICROGRAM_PER_CUBIC_METRE, "μg/m3": _MICROGRAM_PER_CUBIC_METRE, "µg/m³": _MICROGRAM_PER_CUBIC_METRE,
    "m s-1": _METRE_PER_SECOND, "m s**-1": _METRE_PER_SECOND, "m s^-1": _METRE_PER_SECOND, "m/s": _METRE_PER_SECOND,
    "km/h": _KILOMETRE_PER_HOUR, "km h-1": _KILOMETRE_PER_HOUR, "km h**-1": _KILOMETRE_PER_HOUR,
    "kt": _KNOT, "kn": _KNOT, "knot": _KNOT, "knots": _KNOT,
    "Pa": _PASCAL,
    "hPa": _HECTOPASCAL, "mb": _HECTOPASCAL, "mbar": _HECTOPASCAL, "millibar": _HECTOPASCAL,
    "0-1": _FRACTION, "1": _FRACTION, "(0 - 1)": _FRACTION, "fraction": _FRACTION, "Proportion": _FRACTION,
    "%": _PERCENT, "percent": _PERCENT,
}  # fmt: skip

# Lower bounds of forces 0..17 and of "above 17" (GB/T 28591-2012), in tenths of m/s so that comparing them is exact.
_BOUNDS_TENTHS = np.array([0, 3, 16, 34, 55, 80, 108, 139, 172, 208, 245, 285, 327, 370, 415, 462, 510, 561, 613])
ABOVE_17 = 18


def convert(values: ArrayLike, from_units: str, to_units: str) -> NDArray[np.floating]:
    """``values`` (any shape) from one unit to another; NaN stays NaN; float32 stays float32, the sum is done in float64.

    The same unit twice gives the values back unchanged, also when the table does not know it (a drought index, dBZ).
    Raises UnitError naming both units when one is unknown or they measure different things.
    """
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    if from_units == to_units:
        return array
    source, target = _known(from_units, from_units, to_units), _known(to_units, from_units, to_units)
    if source.dimension != target.dimension:
        raise UnitError(
            f"cannot convert {from_units!r} to {to_units!r}: one is a {source.dimension}, the other a {target.dimension}"
        )
    if source == target:
        return array
    base = array.astype(np.float64) * source.scale + (source.offset - target.offset)
    return (base / target.scale).astype(array.dtype)


def _known(name: str, from_units: str, to_units: str) -> _Unit:
    unit = _TABLE.get(name)
    if unit is None:
        raise UnitError(
            f"cannot convert {from_units!r} to {to_units!r}: unit {name!r} is unknown; name a known unit in the source's overrides"
        )
    return unit


def beaufort(speed: ArrayLike) -> NDArray[np.float32]:
    """Beaufort force 0..17 of wind speeds in m s-1 (any shape), 18 for above 17; NaN and negative speeds give NaN.

    GB/T 28591-2012: the speed is rounded to 0.1 m/s (half up), then the bounds are half-open: 10.8 is force 6, 10.7 is 5.
    """
    array = np.asarray(speed, dtype=np.float64)
    # float32 stores 17.15 as 17.1499996: a slack of 1e-5 m/s lets the half still round up.
    with np.errstate(invalid="ignore"):
        tenths = np.floor(array * 10 + 0.5 + 1e-4)
        known = array >= 0
    force = np.searchsorted(_BOUNDS_TENTHS, np.where(known, tenths, 0.0), side="right") - 1
    return np.where(known, force, np.nan).astype(np.float32)


def lower_bound(force: int) -> float:
    """The least speed (m s-1, rounded to 0.1) that counts as ``force``; 0..17, and 18 for above 17 (61.3)."""
    if not 0 <= force <= ABOVE_17:
        raise UnitError(f"Beaufort force {force} does not exist; GB/T 28591-2012 has 0 to 17, and {ABOVE_17} stands for above 17")
    return float(_BOUNDS_TENTHS[force]) / 10
