"""The reach of the chosen proposal, for the person who is going to sign it: by when, on which channel, and what the place has had already."""

from collections.abc import Sequence
from html import escape
from uuid import UUID

from nicegui import ui
from sqlalchemy.exc import OperationalError

from warning.dispatch.plan import MOMENTS_S, ReachPlan
from warning.errors import WarningEngineError
from warning.store.reach import NOISE_HOURS, Noise, draft_of
from warning.web.console.visit import Visit
from warning.web.words import Lang, say


def reach_panel(visit: Visit, proposal_id: UUID) -> None:
    """Filled a moment after the page is there: the texts are never kept waiting for the counts."""
    pane = ui.html(f"<p class='soft small'>{escape(visit.t('reach_counting'))}</p>", sanitize=False).mark("reach")

    async def fill() -> None:
        try:
            draft, now = draft_of(await visit.parts.issue.preview(proposal_id)), visit.parts.clock.now()
            plan = await visit.parts.reach.plan(draft, now=now)
            noise = await visit.parts.reach.noise(draft.zones, lane=draft.lane, now=now)
        except (WarningEngineError, OperationalError) as error:
            pane.set_content(f"<p class='wait small'>{escape(visit.t('reach_unknown'))}: {escape(type(error).__name__)}</p>")
            return
        pane.set_content(reach_html(plan, noise, visit.lang))

    ui.timer(0.05, fill, once=True)


def reach_html(plan: ReachPlan, noise: Sequence[Noise], lang: Lang) -> str:
    """A table of channels at one, two, five and ten minutes; then what remains, who carries it, what was assumed, and the noise."""
    heads = "".join(f"<th scope='col'>{escape(head)}</th>" for head in (
        say("reach_channel", lang), say("reach_people", lang), *(f"{moment // 60} min" for moment in MOMENTS_S), say("reach_rate", lang)))
    rows = "".join(
        f"<tr><th scope='row'>{escape(one.channel)}</th><td>{one.people:,}</td>" + "".join(f"<td>{count:,}</td>" for count in one.reached)
        + f"<td>{one.per_second:,.0f}/s{' *' if one.rate_from == 'assumed' else ''}</td></tr>" for one in plan.channels)
    told = ", ".join(plan.carried_by) or say("reach_nobody", lang)
    lines = [f"{say('reach_remains', lang)} {plan.remains:,} / {plan.people:,} · {say('reach_carried', lang)} {told}"]
    if plan.assumptions:
        lines.append(f"* {say('reach_assumed', lang)}: " + ", ".join(one.channel for one in plan.channels if one.rate_from == "assumed"))
    if noise:
        had = ", ".join(f"{one.issuer} × {one.alerts}" for one in noise)
        lines.append(f"{say('reach_noise', lang).format(hours=NOISE_HOURS)} {sum(one.alerts for one in noise)} ({had})")
    words = "".join(f"<p class='soft small'>{escape(line)}</p>" for line in lines)
    return f"<table class='grid'><caption class='soft small' style='text-align:left'>{escape(say('reach_title', lang))}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{words}"
