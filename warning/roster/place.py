"""Place: what is known of a street or village beside its posts: the document that says who does what, and where it lies."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``rule``: title of the document (有制度), ``rule_on``: its date. ``lat``/``lon`` WGS 84, for places without a border of their own."""

    zone: str
    name: str
    rule: str = ""
    rule_on: date | None = None
    lat: float | None = None
    lon: float | None = None
