"""GCJ-02, the shifted coordinates of Chinese web maps: forward from WGS 84, and its exact inverse by iteration.

The offset is the public formula found in every open implementation (e.g. the ``eviltransform`` project): two
polynomials with sines on the Krasovsky 1940 ellipsoid. Outside the box 72.004..137.8347 E, 0.8293..55.8271 N there is none.
"""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

_A = 6378245.0
_EE = 0.00669342162296594323
_ROUNDS = 30
_STOP = 1e-12

Coordinates = tuple[NDArray[np.float64], NDArray[np.float64]]


def to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Coordinates:
    """WGS 84 degrees (any shape) to GCJ-02 degrees."""
    east, north = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    dlon, dlat = _offset(east, north)
    return east + dlon, north + dlat


def to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Coordinates:
    """GCJ-02 degrees (any shape) to WGS 84 degrees, exact to about 1e-11 degrees.

    Each round subtracts the offset found at the last estimate; the offset changes by under 1 % of a step, so the
    error shrinks a hundredfold per round. Forgetting this call moves a place in Shanghai by about 500 m.
    """
    east, north = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    guess_lon, guess_lat = east, north
    for _ in range(_ROUNDS):
        dlon, dlat = _offset(guess_lon, guess_lat)
        next_lon, next_lat = east - dlon, north - dlat
        moved = max(_largest(next_lon - guess_lon), _largest(next_lat - guess_lat))
        guess_lon, guess_lat = next_lon, next_lat
        if moved < _STOP:
            break
    return guess_lon, guess_lat


def geometry_to_wgs84(geometry: BaseGeometry) -> BaseGeometry:
    """Every vertex of a GCJ-02 geometry in WGS 84."""
    return shapely.transform(geometry, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1])))


def geometry_to_gcj02(geometry: BaseGeometry) -> BaseGeometry:
    """Every vertex of a WGS 84 geometry in GCJ-02."""
    return shapely.transform(geometry, lambda xy: np.column_stack(to_gcj02(xy[:, 0], xy[:, 1])))


def _offset(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Coordinates:
    """GCJ-02 minus WGS 84 in degrees at a WGS 84 position; zero outside China's box."""
    inside = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    short = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + short
    north = north + (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + short
    east = east + (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _EE * np.sin(phi) ** 2
    dlat = north * 180.0 / ((_A * (1.0 - _EE)) / (magic * np.sqrt(magic)) * np.pi)
    cosine = np.where(inside, np.cos(phi), 1.0)
    dlon = east * 180.0 / (_A / np.sqrt(magic) * cosine * np.pi)
    return np.where(inside, dlon, 0.0), np.where(inside, dlat, 0.0)


def _largest(change: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(change), initial=0.0, where=~np.isnan(change)))
