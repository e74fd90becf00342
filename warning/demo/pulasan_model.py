"""What a weather model would have made of the synthetic truth: hourly, to 24 h, on 0.05°; it sees the rain and misses the extremes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from warning.demo.pulasan_frame import LATS, LEADS, LONS, NX, NY
from warning.demo.pulasan_nowcast import Errors

Field = NDArray[np.float32]

#: Fine cells in one coarse cell, each way; the coarse lattice begins at the fine one's edge and covers it.
_FINE: Final = 5
MODEL_LATS: Final = np.round(LATS[0] - 0.005 + 0.05 * (np.arange(-(-NY // _FINE)) + 0.5), 3)
MODEL_LONS: Final = np.round(LONS[0] - 0.005 + 0.05 * (np.arange(-(-NX // _FINE)) + 0.5), 3)
#: The hours that end after the nowcast does.
_NOWCAST_HOURS: Final = (len(LEADS) - 1) // 6
HOURS: Final = tuple(range(_NOWCAST_HOURS + 1, 25))

# Ours: what models of some kilometres make of convection on a front. Blur in coarse cells at 3 h and at 24 h.
_AMOUNT, _BLUR, _SHIFT, _LOG_RAIN, _LOG_WIND = 0.45, (1.5, 4.0), 2.0, 0.3, 0.05


def coarse(fields: Field) -> Field:
    """Means over the fine cells of each coarse one, (…, len(MODEL_LATS), len(MODEL_LONS)); the border is repeated."""
    rows, cols = len(MODEL_LATS) * _FINE, len(MODEL_LONS) * _FINE
    padded = np.pad(fields, ((0, 0), (0, rows - NY), (0, cols - NX)), mode="edge")
    blocks = padded.reshape(len(fields), len(MODEL_LATS), _FINE, len(MODEL_LONS), _FINE)
    return np.asarray(blocks.mean(axis=(2, 4)), dtype=np.float32)


def model_rain(truth: Field, err: Errors, cycle: int) -> Field:
    """mm in each hour that ends at cycle + HOURS, on the coarse lattice; ``truth`` is coarse, and dry after its end."""
    out = np.zeros((len(HOURS), len(MODEL_LATS), len(MODEL_LONS)), dtype=np.float32)
    amount = coarse(err.amount[cycle][None])[0]
    for number, hour in enumerate(HOURS):
        total = truth[cycle + 6 * hour - 5 : cycle + 6 * hour + 1].sum(axis=0)
        if total.any():
            out[number] = gaussian_filter(_displaced(total, err, cycle), float(np.interp(hour, (3, 24), _BLUR)), mode="nearest", truncate=3)
    out *= _AMOUNT * np.exp(_LOG_RAIN * amount - _LOG_RAIN**2 / 2)
    return out


def model_wind(truth: Field, err: Errors, cycle: int) -> Field:
    """Speed or gust at cycle + HOURS on the coarse lattice; after the end of ``truth`` its last state holds."""
    at = np.minimum(cycle + 6 * np.array(HOURS), len(truth) - 1)
    return np.asarray(truth[at] * np.exp(_LOG_WIND * err.speed[cycle]), dtype=np.float32)


def _displaced(field: Field, err: Errors, cycle: int) -> Field:
    north, east = (round(_SHIFT * float(cells) / _FINE) for cells in err.shift[cycle])
    rows = np.clip(np.arange(field.shape[0]) - north, 0, field.shape[0] - 1)
    cols = np.clip(np.arange(field.shape[1]) - east, 0, field.shape[1] - 1)
    return field[np.ix_(rows, cols)]
