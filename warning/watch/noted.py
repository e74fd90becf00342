"""Noted: a draft's evidence, with what the desk knows beside the answer of the row itself."""

from dataclasses import replace

from warning.watch.draft import Draft
from warning.watch.evidence import Evidence
from warning.watch.measured import Measured


def noted(draft: Draft, measured: Measured) -> Draft:
    """The draft (and its candidates) with how far the data of its row reach."""
    return replace(
        draft,
        evidence=None if draft.evidence is None else _with_reach(draft.evidence, measured),
        candidates=tuple(noted(one, measured) for one in draft.candidates),
    )


def _with_reach(evidence: Evidence, measured: Measured) -> Evidence:
    reach = measured.reach.get(evidence.row)
    return evidence if reach is None else replace(evidence, known_until=reach.known_until, asked_until=reach.asked_until)
