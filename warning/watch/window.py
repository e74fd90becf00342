"""Window: the fields and measurements a desk keeps at hand, so that *observed so far* joins *forecast to come*."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from geo.analysis import analysis
from geo.field import GridField
from geo.grid import Grid
from geo.observation import Observation
from geo.quality import checked
from geo.stations import Stations

_ZERO = timedelta(0)
#: What is put on the grid between stations; a water level holds at its own gauge only.
_ANALYSED = frozenset({
    "rain", "snow_water", "air_temperature", "relative_humidity", "visibility", "wind_speed", "wind_gust", "road_temperature",
    "ground_temperature", "pm25",
})  # fmt: skip
#: What was said of the last hours, at most so long before, is kept to be compared with the gauges.
_SAID_OF = frozenset({"rain", "snow_water"})
_SAID_BEFORE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Analyses of the last ``reach`` (three days in a row, and the one before, of which a drop is counted) and the forecasts of the newest run of each source and variable.

    ``stations`` are the measurements behind the analyses of gauges; ``said`` the first forecast of each recent hour of rain.
    """

    fields: tuple[GridField, ...] = ()
    stations: Stations = Stations()
    said: tuple[GridField, ...] = ()
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
        latest = max(newest.values())
        return replace(
            self,
            said=_first_said((*self.said, *new), since=latest - _SAID_BEFORE),
            fields=tuple(
                field for field in everything
                if field.valid_time > latest - self.reach
                and (field.lead <= _ZERO or field.run_time == newest[field.variable, field.provenance.source])
            ))

    def with_observations(self, observations: Iterable[Observation], grid: Grid) -> tuple["Window", tuple[Observation, ...]]:
        """Measurements come in: checked, and those that pass put on ``grid`` as analyses. Also the checked ones, for the log."""
        found = checked(observations, earlier=self.stations.recent)
        stations, changed = self.stations.with_checked(found)
        analysed = [
            replace(field, values=analysis(field.values[0], stations.places, grid), grid=grid)
            for field in changed if field.variable in _ANALYSED
        ]
        return replace(self, stations=stations).with_run(analysed), found

    @property
    def newest(self) -> datetime | None:
        """The newest run of all: the moment from which the data look ahead, also when an older run arrives late."""
        times = [field.run_time for field in self.fields] + [field.valid_time for field in self.stations.fields]
        return max(times, default=None)

    def since(self, moment: datetime, variable: str | None = None) -> tuple[GridField, ...]:
        """Fields that end after ``moment``."""
        return tuple(f for f in self.fields if f.valid_time > moment and (variable is None or f.variable == variable))


def _identity(field: GridField) -> tuple[object, ...]:
    """What makes two fields the same field, one of them a repetition."""
    return (field.variable, field.provenance.source, field.run_time, field.valid_time, field.window, field.statistic, field.level,
            field.member, field.threshold)


def _first_said(fields: Iterable[GridField], *, since: datetime) -> tuple[GridField, ...]:
    """Of each source and time the forecast that was made first, at most ``_SAID_BEFORE`` ahead."""
    first: dict[tuple[object, ...], GridField] = {}
    for field in fields:
        ahead = _ZERO < field.lead <= _SAID_BEFORE and field.statistic == "sum" and field.member is None
        if ahead and field.variable in _SAID_OF and field.valid_time > since:
            key = field.variable, field.provenance.source, field.valid_time, field.window
            if key not in first or field.run_time < first[key].run_time:
                first[key] = field
    return tuple(first.values())
