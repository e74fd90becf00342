"""Header: what the keys of one GRIB field say of its level, time, statistic and threshold."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import eccodes

from feeds.errors import BadField

# Kept as Provenance.original and matched by overrides.
ORIGINAL_KEYS = (
    "edition", "centre", "shortName", "paramId", "discipline", "parameterCategory", "parameterNumber", "productDefinitionTemplateNumber",
    "typeOfLevel", "level", "stepRange", "stepType", "typeOfStatisticalProcessing", "dataType", "units", "gridType", "packingType",
    "derivedForecast", "probabilityType", "scaleFactorOfLowerLimit", "scaledValueOfLowerLimit", "scaleFactorOfUpperLimit",
    "scaledValueOfUpperLimit", "perturbationNumber", "numberOfForecastsInEnsemble",
)  # fmt: skip

_STEP = re.compile(r"(-?\d+)([smhD]?)")
_SECONDS = {"s": 1, "m": 60, "": 3600, "h": 3600, "D": 86400}
# WMO code table 4.10, where we have a word for it; the rest keep ecCodes' name.
_PROCESSING = {0: "mean", 1: "sum", 2: "max", 3: "min", 6: "spread", 11: "sum"}
_STEP_TYPE = {"instant": "instant", "avg": "mean", "accum": "sum", "max": "max", "min": "min", "sd": "spread"}
# WMO code table 4.7: 0/1/6 means over members, 2/3/4 spreads, 8 and 9 extremes, 10/11 nothing we have a word for.
_DERIVED = {0: "mean", 1: "mean", 2: "spread", 3: "spread", 4: "spread", 6: "mean", 8: "min", 9: "max"}
# WMO code table 4.9: which limit is the threshold, and how the event lies to it.
_PROBABILITY = {0: ("Lower", "probability_below"), 1: ("Upper", "probability"), 2: ("Lower", "probability_between"),
                3: ("Lower", "probability"), 4: ("Upper", "probability_below")}  # fmt: skip
DERIVED_TEMPLATES = frozenset({2, 3, 4, 12, 13, 14})
PROBABILITY_TEMPLATES = frozenset({5, 9})


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Run, end of validity and window (None = instantaneous) of a field."""

    run: datetime
    valid: datetime
    window: timedelta | None


def text(handle: int, key: str) -> str:
    """A key as text, "" when the field has none."""
    try:
        return str(eccodes.codes_get_string(handle, key))
    except eccodes.KeyValueNotFoundError:
        return ""


def number(handle: int, key: str) -> int | None:
    """A key as a whole number, None when the field has none or calls it missing."""
    try:
        if eccodes.codes_is_missing(handle, key):
            return None
        return int(eccodes.codes_get_long(handle, key))
    except eccodes.KeyValueNotFoundError:
        return None


def shape(handle: int) -> tuple[int, int] | None:
    """Rows and columns (ny, nx), None for a grid whose rows differ in length."""
    for rows, columns in (("Nj", "Ni"), ("Ny", "Nx")):
        ny, nx = number(handle, rows), number(handle, columns)
        if ny is not None and nx is not None:
            return ny, nx
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What ecCodes finds for a parameter in its tables; "" when it has none."""

    short_name: str
    units: str
    param_id: str


def names(handle: int, message: bytes) -> Names:
    """The parameter's names. Looking through the tables takes longer than unpacking the values, so it is done once a parameter:

    for messages of edition 2 whose sections 1, 2 and 4 are the same but for the step. ``message`` is the handle's.
    """
    signature = _signature(message)
    found = _KNOWN.get(signature) if signature else None
    if found is None:
        found = Names(short_name=text(handle, "shortName"), units=text(handle, "units"), param_id=_raw_number(handle, "paramId"))
        if signature:
            if len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.clear()
            _KNOWN[signature] = found
    return found


_KNOWN: dict[bytes, Names] = {}
_MOST_KNOWN = 4096
# Octets of section 4 (from 0) that only tell when: the forecast time, and the end of the interval of template 4.8.
_WHEN = {0: (slice(18, 22),), 8: (slice(18, 22), slice(34, 41))}


def _signature(message: bytes) -> bytes:
    """Sections 0, 1, 2 and 4 without the step; empty where it is not known which octets those are."""
    if message[7] != 2:
        return b""
    parts, at = [message[:8]], 16
    while at + 5 <= len(message) and message[at : at + 4] != b"7777":
        section = message[at : at + int.from_bytes(message[at : at + 4], "big")] if message[at + 4] in (1, 2, 4) else b""
        if message[at + 4] == 1:
            # Year to second of the run: octets 13 to 19.
            section = section[:12] + section[19:]
        if message[at + 4] == 4:
            when = _WHEN.get(int.from_bytes(section[7:9], "big"))
            if when is None:
                return b""
            blank = bytearray(section)
            for octets in when:
                blank[octets] = bytes(octets.stop - octets.start)
            section = bytes(blank)
        parts.append(section)
        at += max(int.from_bytes(message[at : at + 4], "big"), 5)
    return b"|".join(parts)


def original(handle: int, names: Names) -> tuple[tuple[str, str], ...]:
    """The keys as the file has them, those it has; codes as numbers."""
    pairs = []
    for key in ORIGINAL_KEYS:
        if key in ("shortName", "units", "paramId"):
            value = {"shortName": names.short_name, "units": names.units, "paramId": names.param_id}[key]
        else:
            numeric = key not in ("centre", "typeOfLevel", "stepRange", "stepType", "dataType", "gridType", "packingType")
            value = _raw_number(handle, key) if numeric else text(handle, key)
        if value != "":
            pairs.append((key, value))
    return tuple(pairs)


def _raw_number(handle: int, key: str) -> str:
    try:
        return str(eccodes.codes_get_long(handle, key))
    except eccodes.KeyValueNotFoundError:
        return ""


def times(handle: int) -> Times:
    """Run time, valid time and window, UTC; steps in seconds, minutes, hours or days."""
    date, clock = eccodes.codes_get_long(handle, "dataDate"), eccodes.codes_get_long(handle, "dataTime")
    try:
        run = datetime(date // 10000, date // 100 % 100, date % 100, clock // 100, clock % 100, tzinfo=UTC)
    except ValueError as fault:
        raise BadField(f"its reference date {date} {clock:04d} is no date") from fault
    step_range = text(handle, "stepRange")
    steps = [_step(part, step_range) for part in re.split(r"(?<=[\dsmhD])-", step_range)]
    window = steps[-1] - steps[0] if len(steps) == 2 else None
    if window is not None and window < timedelta(0):
        raise BadField(f"its step range {step_range} ends before it begins")
    return Times(run=run, valid=run + steps[-1], window=window or None)


def _step(part: str, whole: str) -> timedelta:
    match = _STEP.fullmatch(part)
    if match is None:
        raise BadField(f"its step range {whole!r} is not in seconds, minutes, hours or days")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def level(handle: int) -> str:
    """The level in words: ``2 m``, ``850 hPa``, ``surface``, ``0-3000 m``; anything else as ``type value``."""
    kind = text(handle, "typeOfLevel")
    value = text(handle, "level")
    top, bottom = text(handle, "topLevel"), text(handle, "bottomLevel")
    match kind:
        case "surface":
            return "surface"
        case "meanSea":
            return "mean sea level"
        case "isobaricInhPa":
            return f"{value} hPa"
        case "isobaricInPa":
            return f"{float(value) / 100:g} hPa"
        case "heightAboveGround":
            return f"{value} m"
        case "heightAboveSea":
            return f"{value} m above sea"
        case "heightAboveGroundLayer":
            return "-".join(sorted((top, bottom), key=float)) + " m"
        case "depthBelowLandLayer":
            depths = eccodes.codes_get_double(handle, "topLevel"), eccodes.codes_get_double(handle, "bottomLevel")
            return f"{depths[0]:g}-{depths[1]:g} m below ground" if depths[0] != depths[1] else f"{depths[0]:g} m below ground"
    if kind.endswith("Layer") and top != bottom:
        return f"{kind} {top}-{bottom}"
    return f"{kind} {value}" if value not in ("", "0") else kind


def statistic(handle: int, times: Times) -> str:
    """instant, sum, mean, max, min, spread, or of a probability: see :func:`threshold`; unnamed ones as ecCodes calls them."""
    template = number(handle, "productDefinitionTemplateNumber")
    if number(handle, "edition") == 2:
        if template in DERIVED_TEMPLATES:
            derived = number(handle, "derivedForecast")
            return _DERIVED.get(derived, f"derived_{derived}") if derived is not None else "derived_unknown"
        processing = number(handle, "typeOfStatisticalProcessing")
        if processing in _PROCESSING:
            return _PROCESSING[processing]
    elif (kind := text(handle, "dataType")) in ("em", "es"):
        return {"em": "mean", "es": "spread"}[kind]
    step_type = text(handle, "stepType")
    if step_type == "instant" and times.window is not None:
        return "unknown"
    return _STEP_TYPE.get(step_type, step_type)


def threshold(handle: int) -> tuple[float | None, str] | None:
    """(threshold in the parameter's units, statistic) of a probability template, or None when the field is no probability.

    The statistic is ``probability`` (of reaching or passing the threshold), ``probability_below``, ``probability_between``
    (the threshold is then the lower limit), or ``probability_unknown`` when the type is none of code table 4.9's.
    """
    if number(handle, "productDefinitionTemplateNumber") not in PROBABILITY_TEMPLATES or number(handle, "edition") != 2:
        return None
    kind = number(handle, "probabilityType")
    known = _PROBABILITY.get(kind) if kind is not None else None
    side, name = known or ("Lower", "probability_unknown")
    limit = _limit(handle, side)
    if limit is None and known is None:
        limit = _limit(handle, "Upper")
    return limit, name


def _limit(handle: int, side: str) -> float | None:
    scale, scaled = number(handle, f"scaleFactorOf{side}Limit"), number(handle, f"scaledValueOf{side}Limit")
    if scale is None or scaled is None:
        return None
    return float(scaled * 10**-scale) if scale <= 0 else scaled / 10**scale


def member(handle: int) -> int | None:
    """The member's number (0 = control), None when the field is no member of an ensemble."""
    if number(handle, "edition") == 2 or text(handle, "dataType") in ("pf", "cf"):
        return number(handle, "perturbationNumber")
    return None
