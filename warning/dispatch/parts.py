"""Parts: what reports of single parts, known by the gateway's id alone, say of whole messages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from channels.message import Outcome, Receipt, Stamp

Id = TypeVar("Id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Generic[Id]):
    """``said``: the last word on whole messages; ``owed``: of others, the ids still owed and what was told; ``fits``: ids that were somebody's."""

    said: dict[Id, Receipt]
    owed: dict[Id, tuple[str, str]]
    fits: frozenset[Stamp]


def joined(ids: Mapping[Id, Stamp], reports: Mapping[Stamp, Receipt]) -> Joined[Id]:
    """``ids``: by message, its channel and the gateway's ids of which a report is owed, with commas; ``reports`` by channel and such an id.

    A message is delivered with the last of its parts and has failed with the first. An id that fits two messages of a channel fits none; what
    another channel's gateway calls by the same id is another message.
    """
    owners = Counter((channel, part) for channel, line in ids.values() for part in set(line.split(",")) if (channel, part) in reports)
    said: dict[Id, Receipt] = {}
    owed: dict[Id, tuple[str, str]] = {}
    for message, (channel, line) in ids.items():
        parts = line.split(",")
        told = {part: reports[channel, part] for part in parts if owners[channel, part] == 1}
        left = [part for part in parts if part not in told]
        failed = [report for report in told.values() if report.outcome is not Outcome.DELIVERED]
        if failed or (told and not left):
            said[message] = (failed or list(told.values()))[0]
        elif told:
            owed[message] = ",".join(left), "; ".join(report.evidence for report in told.values())
    return Joined(said=said, owed=owed, fits=frozenset(stamp for stamp, times in owners.items() if times == 1))
