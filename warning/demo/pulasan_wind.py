"""The synthetic wind of Pulasan: a Holland-type vortex on a track through the published landfall."""

import numpy as np
from numpy.typing import NDArray

from warning.demo.pulasan_frame import KM_EAST, KM_NORTH, LATS, LONS, NX, NY, STEPS, hours, land, noise

Field = NDArray[np.float32]

#: (hours after 20 Sept 00:00 Beijing, lat, lon, strength m s-1). Published: 21:45 on the 19th at the Fengxian coast, and
#: about midnight out over Jiading; the rest is ours.
TRACK = (
    (-34.0, 27.3, 126.6, 12.4),
    (-16.0, 29.2, 124.0, 12.4),
    (-5.2, 30.25, 122.15, 12.4),
    (-2.25, 30.84, 121.55, 12.4),
    (0.0, 31.42, 121.18, 11.0),
    (6.0, 31.9, 120.4, 8.0),
    (18.0, 32.6, 119.2, 5.0),
)
_RADIUS_KM, _SHAPE = 55.0, 1.2
_BACKGROUND = (-3.0, -1.5)
_LAND_DRAG, _GUST_SEA, _GUST_LAND = 0.75, 1.28, 1.55


def centre(hour: float) -> tuple[float, float]:
    """Latitude and longitude of the storm's centre, ``hour`` after 20 Sept 00:00 Beijing time."""
    at, lat, lon, _ = np.array(TRACK).T
    return float(np.interp(hour, at, lat)), float(np.interp(hour, at, lon))


def wind(seed: int) -> tuple[Field, Field]:
    """Mean speed and gust at 10 m in m s-1, each (STEPS, NY, NX).

    Tangential profile of Holland (1980, Mon. Wea. Rev. 108, 1212-1218), plus half of the storm's own motion and a steady
    north-easterly; slower and gustier over land.
    """
    rng = np.random.default_rng([seed, 5])
    strength = rng.uniform(0.97, 1.03)
    uneven = 1 + 0.03 * noise(rng, 1, 12.0)[0]
    rough = land()
    drag, gustiness = np.where(rough, _LAND_DRAG, 1.0) * uneven, np.where(rough, _GUST_LAND, _GUST_SEA)
    at, _, _, speeds = np.array(TRACK).T
    mean = np.empty((STEPS, NY, NX), dtype=np.float32)
    for step, hour in enumerate(hours() + 1 / 12):
        east, north = _vortex(float(hour), strength * float(np.interp(hour, at, speeds)))
        mean[step] = np.hypot(east, north) * drag
    return mean, (mean * gustiness).astype(np.float32)


def _vortex(hour: float, strength: float) -> tuple[Field, Field]:
    lat, lon = centre(hour)
    later = centre(hour + 0.5)
    north = ((LATS - lat) * 100 * KM_NORTH)[:, None]
    east = ((LONS - lon) * 100 * KM_EAST)[None, :]
    radius = np.maximum(np.hypot(north, east), 1.0)
    ratio = (_RADIUS_KM / radius) ** _SHAPE
    profile = np.sqrt(ratio * np.exp(1 - ratio))
    # km in half an hour to m s-1, and half of it.
    push_north = (later[0] - lat) * 100 * KM_NORTH / 1.8 / 2
    push_east = (later[1] - lon) * 100 * KM_EAST / 1.8 / 2
    u = profile * (-strength * north / radius + push_east) + _BACKGROUND[0]
    v = profile * (strength * east / radius + push_north) + _BACKGROUND[1]
    return u.astype(np.float32), v.astype(np.float32)
