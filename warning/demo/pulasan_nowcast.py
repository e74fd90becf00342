"""What a nowcast would have made of the synthetic truth: blurred, displaced and wrong in amount, the more the longer the lead."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from warning.demo.pulasan_frame import CYCLES, LEADS, NX, NY, noise

Field = NDArray[np.float32]

_BLUR_CELLS, _SHIFT_CELLS, _LOG_RAIN, _LOG_WIND = 4.0, 5.0, 0.50, 0.10
#: How much of a cycle's error the next cycle inherits, so that forecasts drift and do not flicker.
_MEMORY = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The errors at the longest lead; shorter leads get their part.

    ``amount`` (CYCLES, NY, NX) is the standardised log error of rain, ``shift`` (CYCLES, 2) in cells north and east,
    ``speed`` (CYCLES,) the standardised log error of wind.
    """

    amount: Field
    shift: Field
    speed: Field


def errors(seed: int) -> Errors:
    """The seeded errors of all cycles."""
    rng = np.random.default_rng([seed, 6])
    amount = _remember(noise(rng, CYCLES, 12.0))
    shift = _SHIFT_CELLS * _remember(rng.standard_normal((CYCLES, 2), dtype=np.float32))
    return Errors(amount=amount, shift=shift, speed=_remember(rng.standard_normal(CYCLES, dtype=np.float32)))


def forecast_rain(truth: Field, err: Errors, cycle: int) -> Field:
    """One cycle's rain, mm per step, (leads, NY, NX); lead 0 is the truth itself."""
    blurred = truth[cycle : cycle + len(LEADS)].copy()
    for number, part in enumerate(_PART):
        if part and blurred[number].any():
            blurred[number] = gaussian_filter(blurred[number], _BLUR_CELLS * float(part), mode="nearest", truncate=3)
    out = _displaced(blurred, err.shift[cycle])
    sigma = (_LOG_RAIN * _PART)[:, None, None]
    out *= np.exp(sigma * err.amount[cycle] - sigma**2 / 2)
    out[0] = truth[cycle]
    return out


def forecast_wind(truth: Field, err: Errors, cycle: int) -> Field:
    """One cycle's speed or gust, m s-1, (leads, NY, NX); lead 0 is the truth itself."""
    out = _displaced(truth[cycle : cycle + len(LEADS)], err.shift[cycle])
    out *= np.exp(_LOG_WIND * _PART * err.speed[cycle])[:, None, None]
    out[0] = truth[cycle]
    return out


def _remember(fresh: Field) -> Field:
    for step in range(1, len(fresh)):
        fresh[step] = _MEMORY * fresh[step - 1] + np.sqrt(1 - _MEMORY**2) * fresh[step]
    return fresh


def _displaced(fields: Field, shift: Field) -> Field:
    out = np.empty(fields.shape, dtype=np.float32)
    for number, part in enumerate(_PART):
        north, east = (round(float(cells * part)) for cells in shift)
        rows, cols = np.clip(np.arange(NY) - north, 0, NY - 1), np.clip(np.arange(NX) - east, 0, NX - 1)
        out[number] = fields[number][np.ix_(rows, cols)]
    return out


_PART: Field = (np.arange(len(LEADS)) / (len(LEADS) - 1)).astype(np.float32)
