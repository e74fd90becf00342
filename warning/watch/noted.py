"""Noted: a draft's evidence, with what the desk knows beside the answer of the row itself."""

from dataclasses import replace

from geo.criterion import comparisons
from warning.watch.draft import Draft
from warning.watch.evidence import Evidence
from warning.watch.measured import Measured
from warning.watch.rule import Rule, RuleSet

_NAMED = 5


def noted(draft: Draft, rule_set: RuleSet, measured: Measured) -> Draft:
    """The draft (and its candidates) with how far the data of its row reach, which gauges are over it, and which contradict.

    A level that gauges alone have reached has its evidence from them.
    """
    evidence = draft.evidence
    if evidence is None and draft.level is not None and not draft.candidates:
        evidence = _of_gauges(rule_set.rule(draft.hazard.key, draft.level), draft.zone, rule_set)
    return replace(
        draft,
        evidence=None if evidence is None else replace(_with_notes(evidence, rule_set, measured), goes_on=draft.goes_on),
        candidates=tuple(noted(one, rule_set, measured) for one in draft.candidates),
    )


def _with_notes(evidence: Evidence, rule_set: RuleSet, measured: Measured) -> Evidence:
    reach = measured.reach.get(evidence.row)
    # A row that is read at one station has its reading from there.
    place = next((rule.site for rule in rule_set.rules if rule.row == evidence.row), "") or evidence.zone
    readings = measured.gauges.get(evidence.row, {}).get(place, ())
    return replace(
        evidence,
        known_until=None if reach is None else reach.known_until,
        asked_until=None if reach is None else reach.asked_until,
        gauges=readings[:_NAMED],
        gauges_over=len(readings),
        likelihood=measured.likelihoods.get(evidence.row, {}).get(evidence.zone),
        disagreement=measured.disagreements.get(evidence.row, {}).get(evidence.zone),
        extrapolated=measured.extrapolated and evidence.test.startswith("rain/"),
        observed=evidence.observed or bool(readings),
        onset=evidence.onset if evidence.onset is not None or not readings else min(one.at for one in readings),
    )


def _of_gauges(rule: Rule, zone: str, rule_set: RuleSet) -> Evidence | None:
    if rule.criterion is None:
        return None
    leaf = next(comparisons(rule.criterion))
    return Evidence(
        zone=zone, hazard=rule.hazard.key, peak=None, units=leaf.quantity.units, test=str(leaf), share=0.0, known_share=0.0, cells=(),
        peak_time=None, onset=None, end=None, row=rule.row, rule_set=rule_set.id, version=rule_set.version, observed=True,
        unconfirmed=rule.unconfirmed)
