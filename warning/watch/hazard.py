"""Hazard: a kind of danger that is warned of, with its codes, its names, and what tells it from its neighbours."""

from dataclasses import dataclass

from geo.criterion import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What sets a hazard apart from others that are read from the same quantity (a gale from a typhoon, haze from fog).

    Hazards of one ``group`` share their quantity. ``sign`` must hold in the same cells for this hazard to be *possible*
    (it excludes, it never proves: dust and haze are both dry); None when only a track, a weather type or a person tells.
    """

    group: str
    zh: str
    en: str
    sign: Criterion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """``Hazard(key="rainstorm", event_code="11B03", zh="暴雨", en="rainstorm")``; ``aliases`` are codes other lists use."""

    key: str
    event_code: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()
    cause: Cause | None = None
