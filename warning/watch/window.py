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
        """One more run: its fields come in, older forecasts of the same variable and source and old analyses go."""
        new = tuple(fields)
        if not new:
            return self
        newest = max(field.run_time for field in new)
        renewed = {(field.variable, field.provenance.source) for field in new}
        kept = tuple(
            field for field in self.fields
            if field.valid_time > newest - self.reach
            and (field.lead <= timedelta(0) or (field.variable, field.provenance.source) not in renewed)
        )
        return Window(fields=kept + new, reach=self.reach)

    def since(self, moment: datetime, variable: str | None = None) -> tuple[GridField, ...]:
        """Fields that end after ``moment``."""
        return tuple(f for f in self.fields if f.valid_time > moment and (variable is None or f.variable == variable))
