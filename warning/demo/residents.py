"""Residents drawn from the 2020 census for a drill: a district, a coarse cell, a channel; nobody real, no exact place."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.districts import shanghai
from geo.zone import Zone
from warning.errors import Invalid
from warning.level import Level

#: Eleven digits in the mainland's form. China keeps no range for fiction, so only the exercise lane's own SMS sink may get these.
PHONE_PREFIX: Final = "8619900"
PHONES: Final = 1_000_000
#: RFC 2606: names under .example can never be registered.
MAIL_DOMAIN: Final = "residents.example"
PUSH_KEYS: Final = 16
LEVEL_SHARES: Final = {Level.BLUE: 0.15, Level.YELLOW: 0.70, Level.ORANGE: 0.10, Level.RED: 0.05}
ENGLISH_SHARE: Final = 0.10
_CELLS_PER_DEGREE: Final = 100
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelShares:
    """Which part of the residents has registered an address on a channel; the rest reads the public page only."""

    sms: float = 0.20
    webpush: float = 0.08
    email: float = 0.02

    def __post_init__(self) -> None:
        parts = (self.sms, self.webpush, self.email)
        if min(parts) < 0 or sum(parts) > 1 + 1e-9:
            raise Invalid(f"the channel shares {parts} must not be negative nor pass 1 together")


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """Columns of one length; row n is resident ``number[n]``.

    ``district`` 6-digit codes; ``cell`` as ``c3123_12147`` (floor of degrees x 100); the centres in degrees, WGS 84;
    ``channel`` sms, webpush, email or none; ``language`` zh-CN or en-US; ``min_level`` as Level.
    """

    district: NDArray[np.str_]
    cell: NDArray[np.str_]
    lon_cell_centre: NDArray[np.float64]
    lat_cell_centre: NDArray[np.float64]
    channel: NDArray[np.str_]
    language: NDArray[np.str_]
    min_level: NDArray[np.int8]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKey:
    """One browser of the drill: what it gives away (base64url), and the key by which the demo's sink can read the pushes."""

    p256dh: str
    auth: str
    private: ec.EllipticCurvePrivateKey


def draw(n: int, zones: Sequence[Zone], *, seed: int, shares: ChannelShares | None = None) -> Residents:
    """``n`` residents of the districts ``zones``, apportioned by the 2020 census, uniform over each district's polygon.

    The districts' counts add up to exactly ``n`` (largest remainder). Raises Invalid for a zone without a census figure.
    """
    census = {district.code: district.population_2020 for district in shanghai().districts}
    unknown = [zone.code for zone in zones if zone.code not in census]
    if n < 0 or not zones or unknown:
        raise Invalid(f"cannot draw {n} residents of {len(zones)} zones; without a census figure: {unknown}; pass districts of Shanghai")
    counts = apportion(n, [census[zone.code] for zone in zones])
    rng = np.random.default_rng([seed, 2020])
    cells = [_cells_inside(zone.geometry, count, rng) for zone, count in zip(zones, counts, strict=True)]
    cols, rows = (np.concatenate([part[axis] for part in cells]) for axis in (0, 1))
    chosen = shares or ChannelShares()
    parts = [chosen.sms, chosen.webpush, chosen.email]
    channel_of = rng.choice(4, n, p=[*parts, max(0.0, 1 - sum(parts))])
    # Text is made once a cell, not once a resident.
    places, place_of = np.unique(rows * 100_000 + cols, return_inverse=True)
    names = np.array([f"c{place // 100_000}_{place % 100_000}" for place in places.tolist()], dtype=np.str_)
    return Residents(
        district=np.repeat(np.array([zone.code for zone in zones]), counts),
        cell=names[place_of] if n else names,
        lon_cell_centre=(cols + 0.5) / _CELLS_PER_DEGREE,
        lat_cell_centre=(rows + 0.5) / _CELLS_PER_DEGREE,
        channel=np.array(["sms", "webpush", "email", "none"])[channel_of],
        language=np.array(["zh-CN", "en-US"])[(rng.random(n) < ENGLISH_SHARE).astype(np.int8)],
        min_level=rng.choice(np.array(list(LEVEL_SHARES), dtype=np.int8), n, p=list(LEVEL_SHARES.values())),
        number=np.arange(n, dtype=np.int64),
    )


def apportion(n: int, weights: Sequence[int]) -> list[int]:
    """``n`` split by ``weights``: whole quotas first, the rest to the largest remainders (ties: the earlier one)."""
    total = sum(weights)
    quotas = [divmod(n * weight, total) for weight in weights]
    counts = [whole for whole, _ in quotas]
    by_remainder = sorted(range(len(weights)), key=lambda at: -quotas[at][1])
    for at in by_remainder[: n - sum(counts)]:
        counts[at] += 1
    return counts


def push_keys(seed: int) -> tuple[PushKey, ...]:
    """The drill's pool of browsers.

    Sixteen key pairs for all residents together, because a fresh pair each would take minutes; they come from the seed and
    protect nothing.
    """
    rng = np.random.default_rng([seed, 256])
    found = []
    for _ in range(PUSH_KEYS):
        secret = int.from_bytes(rng.bytes(32)) % (_P256_ORDER - 1) + 1
        private = ec.derive_private_key(secret, ec.SECP256R1())
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        found.append(PushKey(p256dh=_b64url(point), auth=_b64url(rng.bytes(16)), private=private))
    return tuple(found)


def addresses(residents: Residents, *, push_base: str, keys: Sequence[PushKey]) -> Iterator[tuple[int, str]]:
    """(row, address) of every resident who registered one, in order of rows: exercise addresses only.

    Phones count up from 8619900 000000 (Invalid when a million is not enough), e-mail is ``r<number>@residents.example``,
    Web Push is a PushSubscription as JSON whose endpoint is ``<push_base>/<number>``.
    """
    phones = int(np.count_nonzero(residents.channel == "sms"))
    if phones > PHONES:
        raise Invalid(f"{phones} residents have SMS and the drill range holds {PHONES} numbers; draw fewer, or lower the share of sms")
    base = push_base.rstrip("/")
    phone = 0
    for row in np.flatnonzero(residents.channel != "none").tolist():
        number, channel = int(residents.number[row]), residents.channel[row]
        if channel == "sms":
            yield row, f"{PHONE_PREFIX}{phone:06d}"
            phone += 1
        elif channel == "email":
            yield row, f"r{number}@{MAIL_DOMAIN}"
        else:
            key = keys[number % len(keys)]
            yield row, json.dumps({"endpoint": f"{base}/{number}", "keys": {"p256dh": key.p256dh, "auth": key.auth}})


def _cells_inside(area: BaseGeometry, count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the cells of ``count`` uniform points in ``area``; the points themselves are not kept."""
    if count and not area.area > 0:
        raise Invalid("a district without area cannot hold residents; give it a polygon")
    west, south, east, north = area.bounds if count else (0.0, 0.0, 1.0, 1.0)
    shapely.prepare(area)
    cols, rows = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    found = 0
    while found < count:
        # About as many as will hit, so that most districts need two or three rounds.
        tries = int((count - found) * (east - west) * (north - south) / area.area * 1.05) + 16
        lon, lat = rng.uniform(west, east, tries), rng.uniform(south, north, tries)
        hit = np.flatnonzero(shapely.contains_xy(area, lon, lat))[: count - found]
        cols.append(np.floor(lon[hit] * _CELLS_PER_DEGREE).astype(np.int64))
        rows.append(np.floor(lat[hit] * _CELLS_PER_DEGREE).astype(np.int64))
        found += len(hit)
    return np.concatenate(cols), np.concatenate(rows)


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
