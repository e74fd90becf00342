"""Freshness: is a run recent enough to warn from, or dated wrongly?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    FUTURE = "future-dated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """``sentence`` is for the operator: what is wrong and what to do. ``age`` is negative for a run from the future."""

    state: State
    age: timedelta
    sentence: str

    @property
    def usable(self) -> bool:
        return self.state is State.FRESH


def check_run(run_time: datetime, now: datetime, *, max_age: timedelta, tolerance: timedelta = timedelta(minutes=5)) -> Freshness:
    """Compare a run (aware) with the clock: exactly ``max_age`` old is fresh, exactly ``tolerance`` ahead is fresh.

    A run ahead by more is dated wrongly (Beijing time read as UTC is 8 h ahead). Nothing is warned from a run that is not fresh.
    Raises ValueError for a time without zone or a negative limit.
    """
    if run_time.tzinfo is None or now.tzinfo is None:
        raise ValueError("run_time and now need a time zone; pass aware UTC")
    if max_age < timedelta(0) or tolerance < timedelta(0):
        raise ValueError("max_age and tolerance cannot be negative")
    age = now - run_time
    run = f"run {run_time:%Y-%m-%d %H:%M %Z}"
    if -age > tolerance:
        hint = "Beijing time taken for UTC; set the time zone of the source" if abs(-age - timedelta(hours=8)) <= timedelta(hours=1) \
            else "a wrong clock here or at the issuer; compare both with a time server"
        return Freshness(state=State.FUTURE, age=age, sentence=f"{run} is {_span(-age)} ahead of the clock: most likely {hint}")
    if age > max_age:
        return Freshness(state=State.STALE, age=age,
                         sentence=f"{run} is {_span(age)} old, {_span(max_age)} is allowed: ask the issuer for the newer run and look at the transfer")
    return Freshness(state=State.FRESH, age=age, sentence=f"{run} is {_span(age) if age > timedelta(0) else '0 min'} old")


def _span(span: timedelta) -> str:
    minutes = round(span / timedelta(minutes=1))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min" if minutes else f"{round(span.total_seconds())} s"
