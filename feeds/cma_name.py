"""CMA file names: what ``Z_NWGD_C_BABJ_20240919061500_P_RFFC_SCMOC-TMP_202409191400_24003.GRB2`` tells of its times.

The time it was made is UTC, the start (of a forecast) or the hour (of an analysis) is Beijing time: read in one zone, a file is
eight hours wrong. Names as in use at the National Meteorological Centre and Information Centre (Z_NWGD, Z_SURF … CMPA, Z_NAFP).
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from geo.field import GridField

_BEIJING = ZoneInfo("Asia/Shanghai")
_EIGHT = timedelta(hours=8)
_NAME = re.compile(r"Z_(?P<kind>[A-Z]{4})_[A-Z]_(?P<centre>[A-Z0-9]{4})_(?P<made>\d{14})_[A-Z]_(?P<product>.+)")
_START = re.compile(r"_(\d{12})_\d{5}(?:\D|$)")  # …_202409191400_24003: start, longest lead and step in hours
_HOUR = re.compile(r"-(\d{12}|\d{10})(?:\.|$)")  # …_HOR-PRE-2024091914: the hour (or minute) of an analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class CmaName:
    """``made`` as told in UTC; ``run`` or ``analysis`` (its valid time), also in UTC; None = not told."""

    kind: str
    centre: str
    made: datetime
    run: datetime | None = None
    analysis: datetime | None = None

    @property
    def data_time(self) -> datetime | None:
        return self.run or self.analysis


def parse(name: str) -> CmaName | None:
    """None for a name of another form. A model's file (NAFP) without a start is named for its run, in UTC."""
    match = _NAME.match(name)
    made = _time(match["made"], "%Y%m%d%H%M%S", utc=True) if match else None
    if match is None or made is None:
        return None
    found = CmaName(kind=match["kind"], centre=match["centre"], made=made)
    if start := _START.search(match["product"]):
        return replace(found, run=_time(start[1], "%Y%m%d%H%M"))
    if hour := _HOUR.search(match["product"]):
        return replace(found, analysis=_time(hour[1], "%Y%m%d%H%M" if len(hour[1]) == 12 else "%Y%m%d%H"))
    return replace(found, run=made) if found.kind == "NAFP" else found


def dated(field: GridField, told: CmaName | None) -> GridField:
    """``field`` with the run that the name tells, where the file itself tells none; where both do and differ, a suspicion.

    The file is believed: names are written by transfer programs. A field of the future is refused later by its freshness.
    """
    if told is None or (name_time := told.data_time) is None:
        return field
    past = field.provenance
    if told.run is not None and "run_time" in dict(past.original):  # the reader notes there that the file has none
        if told.run == field.run_time:
            return field
        if told.run > field.valid_time:
            return _doubted(field, f"its valid time {field.valid_time:%Y-%m-%d %H:%M} UTC lies before the start {told.run:%H:%M} UTC of its name")
        return replace(field, run_time=told.run, provenance=replace(past, corrections=(
            *past.corrections, f"run {told.run:%Y-%m-%d %H:%M} UTC from the file's name (Beijing time there), the file has none")))
    if name_time in ((field.run_time,) if told.run else (field.valid_time, field.run_time)):
        return field
    own = field.run_time if told.run else field.valid_time
    hint = "; eight hours apart: Beijing time and UTC were mixed in one of them" if abs(own - name_time) == _EIGHT else ""
    return _doubted(field, f"the file says {own:%Y-%m-%d %H:%M} UTC and its name {name_time:%Y-%m-%d %H:%M} UTC{hint}; ask the issuer which is right")


def _doubted(field: GridField, why: str) -> GridField:
    return replace(field, provenance=replace(field.provenance, suspicions=(*field.provenance.suspicions, why)))


def _time(digits: str, form: str, *, utc: bool = False) -> datetime | None:
    try:
        return datetime.strptime(digits, form).replace(tzinfo=UTC if utc else _BEIJING).astimezone(UTC)
    except ValueError:
        return None
