"""Companion: what a signature does to the other events of its issuer and hazard, so that no zone ever has two warnings, or none.

A zone that goes over from one event to another (it rose or fell alone, or two events met) leaves the old one by the very signature that takes
it into the new one: the old event is updated to the zones it still has, or cancelled when it has none.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

import shapely

from geo.zone import ZoneSet
from warning.issue.work import Earlier, StoredProposal
from warning.level import Level
from warning.watch.proposal import Action, Proposal, Reason, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Another event in force: its newest version, its hand-drawn ground (GeoJSON) if any, and the proposal that was signed for it."""

    event_id: UUID
    earlier: Earlier
    polygon: dict[str, object] | None
    signed: StoredProposal


def companion(
    beside: Beside, proposal: Proposal, taken: Collection[str], *, zones: ZoneSet, now: datetime
) -> tuple[StoredProposal, dict[str, object]]:
    """The other event without the ``taken`` zones, and the changes under which it is signed (its drawn ground, cut).

    ``proposal`` is what was signed for ``beside``, with the changes of that time.
    """
    rest = tuple(zone for zone in beside.earlier.zones if zone not in taken)
    ground = _cut(beside.polygon, taken, zones) if rest else None
    if beside.polygon is not None and ground is None:
        rest = ()
    level: Level = beside.earlier.level
    left = replace(
        proposal, level=level, previous_level=level, action=Action.UPDATE if rest else Action.CANCEL,
        reason=Reason.AREA_SHRANK if rest else Reason.MERGED, zones=rest or beside.earlier.zones, event_id=str(beside.event_id),
        expires=beside.earlier.expires, evidence=tuple(one for one in proposal.evidence if not rest or one.zone in rest), created_at=now)
    stored = replace(
        beside.signed, id=uuid4(), level=level, action=left.action.value, reason=left.reason.value, status="submitted",
        event_id=beside.event_id, zones=left.zones, body=to_json(left), texts={}, polygon=ground, expires=beside.earlier.expires,
        created_at=now, changes={}, revision=1)
    return stored, {} if ground is None else {"polygon": ground}


def _cut(polygon: dict[str, object] | None, taken: Collection[str], zones: ZoneSet) -> dict[str, object] | None:
    if polygon is None:
        return None
    gone = shapely.union_all([zones[code].geometry for code in taken])
    left = shapely.geometry.shape(polygon).difference(gone)
    kept = [part for part in getattr(left, "geoms", [left]) if part.geom_type == "Polygon" and not part.is_empty]
    return dict(shapely.geometry.mapping(shapely.MultiPolygon(kept))) if kept else None
