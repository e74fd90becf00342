"""Window: the fields a desk keeps at hand, so that *observed so far* joins *forecast to come*."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from geo.field import GridField


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Analyses of the last ``reach`` (three days in a row, and the one before, of which a drop is counted) and the forecasts of the newest run of each source and variable."""

    fields: tuple[GridField, ...] = ()
    reach: timedelta = timedelta(hours=97)

    def with_run(self, fields: Iterable[GridField]) -> "Window":
        """One more payload: its fields come in, forecasts of older runs of the same variable and source and old analyses go.

        A run may come in several files, an old run may come late, and a file may come again corrected.
        """
        new = tuple(fields)
        if not new:
            return self
        again = {_identity(field) for field in new}
        everything = tuple(field for field in self.fields if _identity(field) not in again) + new
        newest: dict[tuple[str, str], datetime] = {}
        for field in everything:
            key = field.variable, field.provenance.source
            newest[key] = max(field.run_time, newest.get(key, field.run_time))
        horizon = max(newest.values()) - self.reach
        return Window(reach=self.reach, fields=tuple(
            field for field in everything
            if field.valid_time > horizon
            and (field.lead <= timedelta(0) or field.run_time == newest[field.variable, field.provenance.source])
        ))

    def since(self, moment: datetime, variable: str | None = None) -> tuple[GridField, ...]:
        """Fields that end after ``moment``."""
        return tuple(f for f in self.fields if f.valid_time > moment and (variable is None or f.variable == variable))


def _identity(field: GridField) -> tuple[object, ...]:
    """What makes two fields the same field, one of them a repetition."""
    return (field.variable, field.provenance.source, field.run_time, field.valid_time, field.window, field.statistic, field.level,
            field.member, field.threshold)
