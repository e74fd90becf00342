"""Parts: what reports of single parts, known by the gateway's id alone, say of whole messages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from channels.message import Outcome, Receipt

Id = TypeVar("Id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Generic[Id]):
    """``said``: the last word on whole messages; ``owed``: of others, the ids still owed and what was told; ``fits``: ids that were somebody's."""

    said: dict[Id, Receipt]
    owed: dict[Id, tuple[str, str]]
    fits: frozenset[str]


def joined(ids: Mapping[Id, str], reports: Mapping[str, Receipt]) -> Joined[Id]:
    """``ids``: by message, the gateway's ids of which a report is owed, with commas; ``reports`` by such an id.

    A message is delivered with the last of its parts and has failed with the first. An id that fits two messages fits none.
    """
    owners = Counter(part for line in ids.values() for part in set(line.split(",")) & reports.keys())
    said: dict[Id, Receipt] = {}
    owed: dict[Id, tuple[str, str]] = {}
    for message, line in ids.items():
        told = [part for part in line.split(",") if owners[part] == 1]
        left = [part for part in line.split(",") if part not in told]
        failed = [part for part in told if reports[part].outcome is not Outcome.DELIVERED]
        if failed or (told and not left):
            said[message] = reports[(failed or told)[0]]
        elif told:
            owed[message] = ",".join(left), "; ".join(reports[part].evidence for part in told)
    return Joined(said=said, owed=owed, fits=frozenset(part for part, times in owners.items() if times == 1))
