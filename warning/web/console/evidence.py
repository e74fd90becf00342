"""What a proposal rests on, row by row: the peak, the rule, how much is known, what gauges and ensembles say."""

from html import escape

from warning.watch.explain import unit, words_of
from warning.web.body import Body, EvidenceView
from warning.web.console.stack import stacked
from warning.web.console.visit import Visit
from warning.web.words import BEIJING, zone_name

_TIME = "%Y-%m-%d %H:%M"


def evidence_table(visit: Visit, body: Body) -> str:
    heads = [visit.t(key) for key in ("zones", "peak", "rule_row", "share", "known")]
    return stacked(heads, [_cells(visit, view) for view in body.evidence[:12]], caption=visit.t("evidence"))


def _cells(visit: Visit, view: EvidenceView) -> list[str]:
    peak = "—" if view.peak is None else f"<b>{view.peak:.1f}</b> {escape(_unit(visit, view.units))}"
    flags = [visit.t("observed")] if view.observed else []
    if view.extrapolated:
        flags.append(visit.t("extrapolated"))
    if view.goes_on in ("unknown", "no"):
        flags.append("⚠ " + visit.t(f"goes_on_{view.goes_on}"))
    if view.unconfirmed:
        flags.append("⚠ " + visit.t("unconfirmed"))
    test = words_of(view.test)[visit.lang == "en"]
    rule = f"{escape(test)}<br><span class='soft'>{escape(view.row)} v{escape(view.version)} {escape(' · '.join(flags))}</span>{_beside(visit, view)}"
    return [escape(zone_name(visit.parts.zones, view.zone, visit.lang)), peak, rule, f"{view.share:.0%}", f"{view.known_share:.0%}{_known_until(visit, view)}"]


def _unit(visit: Visit, units: str) -> str:
    return unit(units)[visit.lang == "en"]


def _known_until(visit: Visit, view: EvidenceView) -> str:
    """"known until 06:00 of 10:00", where the data end before the rule's lead does."""
    if not view.ends_early or view.asked_until is None:
        return ""
    reached = "—" if view.known_until is None else view.known_until.astimezone(BEIJING).strftime(_TIME)
    asked = view.asked_until.astimezone(BEIJING).strftime(_TIME)
    return f"<br><span class='soft'>⚠ {escape(visit.t('known_until'))} {reached} / {asked}</span>"


def _beside(visit: Visit, view: EvidenceView) -> str:
    """What gauges and ensembles say of the same row, a line each."""
    lines = []
    if view.gauges:
        named = ", ".join(f"{one.station} {one.value:.1f} {_unit(visit, one.units)}" for one in view.gauges)
        more = "" if view.gauges_over <= len(view.gauges) else f" … ({view.gauges_over})"
        lines.append(f"{visit.t('gauges_over')}: {named}{more}")
    if view.disagreement is not None:
        one = view.disagreement
        lines.append(f"⚠ {visit.t('gauges_disagree')}: {one.said:.1f} → {one.measured:.1f} {_unit(visit, 'mm')} / {one.hours:g} {'h' if visit.lang == 'en' else '小时'} ({one.gauges})")
    if view.likelihood is not None:
        chance = view.likelihood
        asked = "" if chance.asked is None else f" / {chance.asked:.0%}"
        highest, mean = ("?" if part is None else f"{part:.0%}" for part in (chance.highest, chance.mean))
        lines.append(f"{visit.t('likelihood')}: {highest}{asked} ({visit.t('area_mean')} {mean})")
        if chance.missing:
            lines.append(f"⚠ {visit.t('members_missing')}: {', '.join(map(str, chance.missing))}")
        lines += [f"⚠ {doubt}" for doubt in chance.doubts]
    return "".join(f"<br><span class='soft'>{escape(line)}</span>" for line in lines)
