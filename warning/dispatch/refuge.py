"""Refuge: a shelter or an assembly point as a message names it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuge:
    """``km`` from the warned place, 0 inside it; ``places`` 0 = not known; ``lat``, ``lon`` WGS 84."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    address: str
    places: int
    lat: float
    lon: float
    km: float


def told(refuges: Sequence[Refuge], *, chinese: bool) -> str:
    """One line for a message: names, addresses, how far; "" when there is none."""
    said = []
    for one in refuges:
        name = one.name_zh if chinese else one.name_en
        how_far = "" if one.km < 0.05 else f"{one.km:.1f} 公里" if chinese else f"{one.km:.1f} km"
        about = ("，" if chinese else ", ").join(filter(None, [one.address, how_far]))
        said.append(name if not about else f"{name}（{about}）" if chinese else f"{name} ({about})")
    return "" if not said else "避难场所：" + "、".join(said) if chinese else "Shelters: " + "; ".join(said)


def listed(refuges: Sequence[Refuge]) -> list[dict[str, str | int | float]]:
    """For a program."""
    return [{"code": one.code, "kind": one.kind, "name_zh": one.name_zh, "name_en": one.name_en, "address": one.address, "places": one.places,
             "lat": one.lat, "lon": one.lon, "km": round(one.km, 2)} for one in refuges]
