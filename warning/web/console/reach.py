"""The reach of the chosen proposal, for the person who is going to sign it: by when, on which channel, and what the place has had already."""

from collections.abc import Mapping, Sequence
from html import escape

from sqlalchemy.exc import OperationalError

from warning.dispatch.plan import MOMENTS_S, ReachPlan
from warning.errors import WarningEngineError
from warning.issue.work import NewAlert
from warning.store.reach import NOISE_HOURS, Noise, draft_of
from warning.watch.issuer import Issuer
from warning.web.console.visit import Visit
from warning.web.words import Lang, channel_word, say


async def reach_of(visit: Visit, alert: NewAlert) -> str:
    """As HTML; that it cannot be counted now is said in its place."""
    draft, now = draft_of(alert), visit.parts.clock.now()
    try:
        plan = await visit.parts.reach.plan(draft, now=now)
        noise = await visit.parts.reach.noise(draft.zones, lane=draft.lane, now=now)
    except (WarningEngineError, OperationalError) as error:
        return f"<p class='wait small'>{escape(visit.t('reach_unknown'))}: {escape(type(error).__name__)}</p>"
    return reach_html(plan, noise, visit.lang, visit.parts.issuers)


def reach_html(plan: ReachPlan, noise: Sequence[Noise], lang: Lang, issuers: Mapping[str, Issuer]) -> str:
    """A table of channels at one, two, five and ten minutes; then what remains, who carries it, what was assumed, and the noise."""
    heads = "".join(f"<th scope='col'>{escape(head)}</th>" for head in (
        say("reach_channel", lang), say("reach_people", lang), *(f"{moment // 60} {'min' if lang == 'en' else '分钟'}" for moment in MOMENTS_S), say("reach_rate", lang)))
    rows = "".join(
        f"<tr><th scope='row'>{escape(channel_word(one.channel, lang))}</th><td>{one.people:,}</td>" + "".join(f"<td>{count:,}</td>" for count in one.reached)
        + f"<td>{one.per_second:,.0f}/s{' *' if one.rate_from == 'assumed' else ''}</td></tr>" for one in plan.channels)
    ways = [f"{channel_word(one.channel, lang)}/{route.route}: " + (f"{route.per_second:,.0f}/s" if route.used else say("reach_not_counted", lang))
            for one in plan.channels for route in one.routes]
    told = ", ".join(channel_word(one, lang) for one in plan.carried_by) or say("reach_nobody", lang)
    lines = [f"{say('reach_remains', lang)} {plan.remains:,} / {plan.people:,} · {say('reach_carried', lang)} {told}"]
    if plan.assumptions:
        lines.append(f"* {say('reach_assumed', lang)}: " + ", ".join(channel_word(one.channel, lang) for one in plan.channels if one.rate_from == "assumed"))
    if ways:
        lines.append(f"{say('reach_routes', lang)}: {' · '.join(ways)}")
    had = f" ({', '.join(f'{_named(issuers, one.issuer, lang)} × {one.alerts}' for one in noise)})" if noise else ""
    lines.append(f"{say('reach_noise', lang).format(hours=NOISE_HOURS)} {sum(one.alerts for one in noise)}{had}")
    words = "".join(f"<p class='soft small'>{escape(line)}</p>" for line in lines)
    if not plan.channels:
        words = f"<p class='wait small'>{escape(say('reach_empty', lang))}</p>{words}"
        return f"<p class='soft small'>{escape(say('reach_title', lang))}</p>{words}"
    return f"<table class='grid'><caption class='soft small' style='text-align:left'>{escape(say('reach_title', lang))}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{words}"


def _named(issuers: Mapping[str, Issuer], code: str, lang: Lang) -> str:
    issuer = issuers.get(code)
    return code if issuer is None else issuer.name_en if lang == "en" else issuer.name_zh
