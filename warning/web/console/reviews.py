"""What went out with one signature and waits for the second look; it stands here until somebody else has given it."""

from nicegui import ui

from warning.account import Account, Act
from warning.issue.consult.work import Review, Verdict
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import hazard_name, local_time, zone_name


def owed(reading: Reading) -> tuple[tuple[str, bool], ...]:
    """What is drawn: a review that becomes overdue is drawn anew."""
    return tuple((one.identifier, one.overdue(reading.now)) for one in reading.reviews)


def review_list(visit: Visit, reading: Reading) -> None:
    ui.html(f"<h2>{visit.t('reviews')} ({len(reading.reviews)})</h2>", sanitize=False)
    for one in reading.reviews:
        with ui.element("div").classes("fault small" if one.overdue(reading.now) else "wait small").mark("review"):
            _one(visit, one, reading)


def _one(visit: Visit, one: Review, reading: Reading) -> None:
    places = ("、" if visit.lang == "zh" else ", ").join(zone_name(visit.parts.zones, code, visit.lang) for code in one.zones[:3])
    ui.link(f"{hazard_name(visit.parts.rule_sets, one.hazard, visit.lang)} · {places}", f"/alert/{one.identifier}?lang={visit.lang}").style("font-weight:700")
    late = f" · {visit.t('review_late')}" if one.overdue(reading.now) else ""
    ui.label(f"{visit.t('issued_alone')} {one.issued_by} {local_time(one.issued_at, visit.lang, reading.now)} · "
             f"{visit.t('review_by')} {local_time(one.due_at, visit.lang, reading.now)}{late}")
    if not visit.can(Act.APPROVE):
        return
    if one.issued_by == visit.account.name:
        ui.label(visit.t("review_own")).classes("soft")
        return
    remark = ui.input(visit.t("review_remark")).props("dense outlined").style("width:100%")

    async def settle(verdict: Verdict) -> None:
        async def verb(account: Account) -> None:
            await visit.parts.consult.review(one.identifier, verdict=verdict, remark=str(remark.value or ""), account=account)

        await visit.act(verb, visit.t("review_done"))

    with ui.element("div").classes("row"):
        ui.button(visit.t("review_confirm"), on_click=lambda: settle(Verdict.CONFIRMED)).props("dense no-caps color=primary")
        ui.button(visit.t("review_contest"), on_click=lambda: settle(Verdict.CONTESTED)).props("dense outline no-caps color=red-9")
    ui.label(visit.t("review_next")).classes("soft")
