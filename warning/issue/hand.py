"""HandMade: a warning that a person composes, without a grid; any issuer, any event code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from warning.cap import Status
from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class HandMade:
    """``texts`` may be empty: then the template library fills them. ``replaces`` is the alert to update or cancel.

    ``status``: a drill or test of its own in a deployment that warns for real; None = as this deployment issues.
    ``circle``: ``{"lat", "lon", "km"}`` instead of a polygon.
    ``note`` says why; it is needed where a level falls over another, or ends above the lowest.
    """

    issuer: str
    hazard: str
    event_code: str
    level: Level
    zones: tuple[str, ...]
    onset: datetime
    expires: datetime
    action: Literal["new", "update", "cancel"] = "new"
    polygon: Mapping[str, object] | None = None
    circle: Mapping[str, object] | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    replaces: str | None = None
    status: Status | None = None
    note: str = ""
