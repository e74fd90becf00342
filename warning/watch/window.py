"""Window: the fields and measurements a desk keeps at hand, so that *observed so far* joins *forecast to come*."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from geo.analysis import analysis
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.nowcast import LONGEST, extrapolated
from geo.observation import Observation
from geo.quality import checked
from geo.stations import GAUGES, Stations

_ZERO = timedelta(0)
#: What is put on the grid between stations; a water level holds at its own gauge only.
_ANALYSED = frozenset({
    "rain", "snow_water", "air_temperature", "relative_humidity", "visibility", "wind_speed", "wind_gust", "road_temperature",
    "ground_temperature", "pm25",
})  # fmt: skip
#: What was said of the last hours, at most so long before, is kept to be compared with the gauges.
_SAID_OF = frozenset({"rain", "snow_water"})
_SAID_BEFORE = timedelta(hours=6)
#: The source of rain that we have moved on ourselves.
EXTRAPOLATED = "extrapolation"
_FRAMES, _LEAST_FRAMES = 3, 2
_LONGEST_STEP, _RECENT = timedelta(minutes=30), timedelta(minutes=30)


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
        # An analysis takes no forecast's place: a source may bring the one every 10 minutes and the other every hour.
        newest: dict[tuple[str, str], datetime] = {}
        for field in everything:
            if field.lead > _ZERO:
                key = field.variable, field.provenance.source
                newest[key] = max(field.run_time, newest.get(key, field.run_time))
        latest = max(field.run_time for field in everything)
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

    def with_extrapolation(self, now: datetime) -> "Window":
        """The window with the rain of the next two hours, were it only to move on as in the last half hour.

        From the three newest analyses of equal steps, the last of them now; not where the provider's own nowcast of the
        last half hour tells of the next hours in steps as short. The fields are a run of their own, ``EXTRAPOLATED``, which the next
        one replaces.
        """
        others = tuple(field for field in self.fields if field.provenance.source != EXTRAPOLATED)
        rain = [field for field in others if field.variable == "rain" and field.statistic == "sum" and field.member is None and field.window]
        frames = _frames([field for field in rain if field.lead == _ZERO], now)
        if not frames or frames[-1].window is None:
            return replace(self, fields=others)
        step = frames[-1].window
        provided = any(field.run_time > now - _RECENT and field.valid_time == now + step and field.window == step for field in rain)
        if provided or step > _LONGEST_STEP:
            return replace(self, fields=others)
        ahead = extrapolated(np.stack([field.values.astype(np.float32) for field in frames]), steps=LONGEST // step)
        last = frames[-1]
        told = Provenance(source=EXTRAPOLATED, path=last.provenance.path)
        return replace(self, fields=others).with_run(
            replace(last, values=values, valid_time=now + (number + 1) * step, provenance=told) for number, values in enumerate(ahead))

    @property
    def newest(self) -> datetime | None:
        """The newest run of all: the moment from which the data look ahead, also when an older run arrives late."""
        times = [field.run_time for field in self.fields] + [field.valid_time for field in self.stations.fields]
        return max(times, default=None)

    def since(self, moment: datetime, variable: str | None = None) -> tuple[GridField, ...]:
        """Fields that end after ``moment``."""
        return tuple(f for f in self.fields if f.valid_time > moment and (variable is None or f.variable == variable))


def _frames(analyses: Iterable[GridField], now: datetime) -> list[GridField]:
    """The newest analysis, which ends now, and up to two before it on the same grid, each a step earlier; gauges before others."""
    at: dict[datetime, GridField] = {}
    for field in sorted(analyses, key=lambda field: field.provenance.source == GAUGES):
        at[field.valid_time] = field
    found = [at[now]] if now in at and at[now].grid.regular else []
    while found and len(found) < _FRAMES:
        last = found[0]
        before = at.get(last.valid_time - (last.window or _ZERO))
        if before is None or (before.window, before.grid, before.units) != (last.window, last.grid, last.units):
            break
        found.insert(0, before)
    return found if len(found) >= _LEAST_FRAMES else []


def _identity(field: GridField) -> tuple[object, ...]:
    """What makes two fields the same field, one of them a repetition."""
    return (field.variable, field.provenance.source, field.run_time, field.valid_time, field.window, field.statistic, field.level,
            field.member, field.threshold)


def _first_said(fields: Iterable[GridField], *, since: datetime) -> tuple[GridField, ...]:
    """Of each source and time the forecast that was made first, at most ``_SAID_BEFORE`` ahead."""
    first: dict[tuple[object, ...], GridField] = {}
    for field in fields:
        ahead = _ZERO < field.lead <= _SAID_BEFORE and field.statistic == "sum" and field.member is None
        ahead = ahead and field.provenance.source != EXTRAPOLATED
        if ahead and field.variable in _SAID_OF and field.valid_time > since:
            key = field.variable, field.provenance.source, field.valid_time, field.window
            if key not in first or field.run_time < first[key].run_time:
                first[key] = field
    return tuple(first.values())
