"""Quality: which measurements may be believed: range, step, frozen and neighbour checks, each with a flag and a verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.observation import Observation, Quality
from geo.plane import to_km

# Beyond these a value is absurd, wherever on Earth (world records with room above them, as in config/overrides.yaml).
_RANGES: Mapping[str, tuple[float, float]] = {
    "air_temperature": (-90.0, 60.0), "ground_temperature": (-95.0, 90.0), "road_temperature": (-60.0, 90.0),
    "dew_point_temperature": (-100.0, 40.0), "relative_humidity": (0.0, 105.0), "visibility": (0.0, 150_000.0),
    "wind_speed": (0.0, 110.0), "wind_gust": (0.0, 130.0), "pm25": (0.0, 5000.0), "water_level": (-20.0, 9000.0),
}  # fmt: skip
# The most that a value changes between two reports of a station at most an hour apart.
_STEPS: Mapping[str, float] = {"air_temperature": 12.0, "relative_humidity": 60.0, "wind_speed": 25.0}
_STEP_WITHIN = timedelta(hours=1)
# So long without the least change is no weather; calm, dry and "as far as one sees" do last.
_FROZEN_AFTER: Mapping[str, timedelta] = {
    "air_temperature": timedelta(hours=5), "wind_speed": timedelta(hours=3), "wind_gust": timedelta(hours=3),
    "rain": timedelta(minutes=50),
}  # fmt: skip
_FROZEN_REPORTS = 6
# km within which stations are neighbours, and how many it takes for a judgement.
_NEAR_KM: Mapping[str, float] = {"rain": 10.0, "air_temperature": 30.0, "wind_speed": 30.0}
_ENOUGH = 3
_AT_MOST = 8
_DEGREES_BESIDE = 10.0
_WIND_BESIDE = 20.0
_KELVIN_PER_M = 0.0065


def checked(observations: Iterable[Observation], *, earlier: Iterable[Observation] = ()) -> tuple[Observation, ...]:
    """The observations, each with its flags and its verdict; ``earlier`` are those before them, which were checked.

    - ``range``: beyond what has ever been measured (rain: above the envelope of the world's records, 422 mm × hours^0.475,
      Jennings 1950), or not finite: BAD.
    - ``step``: a jump from the station's report up to an hour before that air does not make: SUSPECT.
    - ``frozen``: not the least change for hours in what never stands still, or six equal sums of rain: SUSPECT.
    - ``neighbours``: against at least 3 stations around: ten times as much rain as any of them (and 10 mm), none where
      all of them have 5 mm, 10 K (height allowed for) or 20 m/s from their median: SUSPECT.
    What passes is GOOD; a provider's own SUSPECT or BAD stays. The order is kept.
    """
    new = tuple(observations)
    before: dict[tuple[object, ...], list[Observation]] = {}
    for one in earlier:
        before.setdefault(_series(one), []).append(one)
    for one in new:
        before.setdefault(_series(one), []).append(one)
    for series in before.values():
        series.sort(key=lambda one: one.valid_time)
    flags: dict[int, list[str]] = {number: [] for number in range(len(new))}
    for number, one in enumerate(new):
        if _out_of_range(one):
            flags[number].append("range")
            continue
        past = [other for other in before[_series(one)] if other.valid_time < one.valid_time and not _out_of_range(other)]
        if _jumped(one, past):
            flags[number].append("step")
        if _frozen(one, past):
            flags[number].append("frozen")
    same_time: dict[tuple[object, ...], list[int]] = {}
    for number, one in enumerate(new):
        if one.variable in _NEAR_KM and "range" not in flags[number]:
            same_time.setdefault((one.variable, one.window, one.statistic, one.units, one.valid_time), []).append(number)
    for together in same_time.values():
        for number in _strangers([new[number] for number in together], together):
            flags[number].append("neighbours")
    return tuple(_judged(one, flags[number]) for number, one in enumerate(new))


def _judged(one: Observation, found: Sequence[str]) -> Observation:
    verdict = Quality.BAD if "range" in found else Quality.SUSPECT if found else Quality.GOOD
    if one.quality in (Quality.BAD, Quality.SUSPECT) and verdict is not Quality.BAD:
        verdict = one.quality
    return replace(one, quality=verdict, flags=(*one.flags, *(flag for flag in found if flag not in one.flags)))


def _series(one: Observation) -> tuple[object, ...]:
    return one.station, one.variable, one.window, one.statistic, one.units


def _out_of_range(one: Observation) -> bool:
    if not np.isfinite(one.value):
        return True
    if one.variable in ("rain", "snow_water"):
        hours = (one.window or timedelta(0)) / timedelta(hours=1)
        return not 0 <= one.value <= 422 * hours**0.475
    low, high = _RANGES.get(one.variable, (-np.inf, np.inf))
    return not low <= one.value <= high


def _jumped(one: Observation, past: Sequence[Observation]) -> bool:
    most = _STEPS.get(one.variable)
    if most is None or not past or one.valid_time - past[-1].valid_time > _STEP_WITHIN:
        return False
    return abs(one.value - past[-1].value) > most


def _frozen(one: Observation, past: Sequence[Observation]) -> bool:
    after = _FROZEN_AFTER.get(one.variable)
    if after is None or (one.variable != "air_temperature" and one.value == 0):
        return False
    run = [one]
    for other in reversed(past):
        if other.value != one.value:
            break
        run.append(other)
    return len(run) >= _FROZEN_REPORTS and one.valid_time - run[-1].valid_time >= after


def _strangers(together: Sequence[Observation], numbers: Sequence[int]) -> list[int]:
    """The numbers of those whose neighbours tell of other weather."""
    if len(together) <= _ENOUGH:
        return []
    variable = together[0].variable
    lats = np.array([one.lat for one in together])
    places = to_km([one.lon for one in together], lats, lat0=float(lats.mean()))
    values = np.array([one.value for one in together])
    if variable == "air_temperature" and all(one.elevation is not None for one in together):
        values = values + _KELVIN_PER_M * np.array([one.elevation for one in together])
    query = cKDTree(places).query(places, k=min(_AT_MOST + 1, len(together)), distance_upper_bound=_NEAR_KM[variable])
    distances, nearest = (np.atleast_2d(part) for part in query)
    found: list[int] = []
    for position, (away, near) in enumerate(zip(distances, nearest, strict=True)):
        around = values[near[np.isfinite(away) & (near != position)]]
        if around.size >= _ENOUGH and _strange(variable, float(values[position]), around):
            found.append(numbers[position])
    return found


def _strange(variable: str, value: float, around: NDArray[np.float64]) -> bool:
    if variable == "rain":
        alone = value >= 10 and value > 10 * float(around.max())
        blocked = value == 0 and float(around.min()) >= 5
        return alone or blocked
    return abs(value - float(np.median(around))) > (_DEGREES_BESIDE if variable == "air_temperature" else _WIND_BESIDE)
