"""Likelihood: how probable an ensemble finds it that a row is met in a zone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """The chance of ``of`` in one zone: the largest in a cell and the largest area mean, 0..1 (None: unknown), of what is asked.

    ``members`` of the ensemble (0: ready probabilities), of which ``missing`` did not come; ``doubts`` say which fields were
    not believed.
    """

    asked: float | None
    highest: float | None
    mean: float | None
    members: int
    missing: tuple[int, ...]
    doubts: tuple[str, ...]
    of: str
