"""Members: whether each ensemble in a file is whole."""

from datetime import datetime

import numpy as np

from geo.field import GridField

_Kind = tuple[str, str, str]


class Members:
    """Counts as the fields go by. A member is missing where others of its file have it, or where the file itself says how many there are;
    one without any value counts as missing."""

    def __init__(self) -> None:
        self._seen: dict[_Kind, dict[datetime, set[int]]] = {}
        self._declared: dict[_Kind, int] = {}

    def add(self, field: GridField) -> None:
        if field.member is None:
            return
        kind = field.variable, field.level, field.statistic
        there = self._seen.setdefault(kind, {}).setdefault(field.valid_time, set())
        if not np.isnan(field.values).all():
            there.add(field.member)
        told = dict(field.provenance.original).get("numberOfForecastsInEnsemble", "")
        self._declared[kind] = max(self._declared.get(kind, 0), int(told) if told.isdigit() else 0)

    def lacking(self) -> list[str]:
        """One sentence a variable: probabilities will be those of the members that are there."""
        found = []
        for kind, times in self._seen.items():
            everyone = set[int]().union(*times.values())
            gaps = {time: everyone - there for time, there in sorted(times.items()) if everyone - there}
            if gaps:
                time, missing = next(iter(gaps.items()))
                found.append(f"variable {kind[0]!r}: member {', '.join(map(str, sorted(missing)))} of {len(everyone)} is missing at "
                             f"{time:%Y-%m-%d %H:%M} UTC{f' and at {len(gaps) - 1} more time(s)' if len(gaps) > 1 else ''}; {_MEND}")
            elif 1 < len(everyone) < self._declared[kind]:  # a file a member is how many are sent
                found.append(f"variable {kind[0]!r}: {len(everyone)} members of {self._declared[kind]} are there; {_MEND}")
        return found


_MEND = "probabilities are of those that are there, fetch the file again"
