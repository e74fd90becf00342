"""Criterion: what counts as exceeded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from geo.quantity import Quantity

Operator = Literal[">=", ">", "<=", "<"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``quantity`` ``operator`` ``value`` (in the quantity's units), on ``days`` consecutive local days when more than one."""

    quantity: Quantity
    operator: Operator
    value: float
    days: int = 1

    def __str__(self) -> str:
        return f"{self.quantity} {self.operator} {self.value:g}" + (f" on {self.days} days" if self.days > 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    parts: tuple["Criterion", ...]

    def __str__(self) -> str:
        return "(" + " and ".join(map(str, self.parts)) + ")"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    parts: tuple["Criterion", ...]

    def __str__(self) -> str:
        return "(" + " or ".join(map(str, self.parts)) + ")"


Criterion = Comparison | AllOf | AnyOf


def comparisons(criterion: Criterion) -> Iterator[Comparison]:
    """Every leaf, left to right."""
    if isinstance(criterion, Comparison):
        yield criterion
    else:
        for part in criterion.parts:
            yield from comparisons(part)
