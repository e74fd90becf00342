"""One event's story on one page: its versions and who signed them, the way of one version out, who answered, what the data said, every act."""

from html import escape

from nicegui import ui
from nicegui.events import GenericEventArguments

from warning.stage import PROMISE_S, StageTime, timeline
from warning.store import board
from warning.store.board import AlertView
from warning.store.outgoing import outgoing
from warning.store.stages import chain_events
from warning.store.story import story
from warning.web.console import stack, telling
from warning.web.console.following import chip, follow_buttons, follow_up, name
from warning.web.console.frame import frame
from warning.web.console.once import Once
from warning.web.console.progress import Tick, one_alert, still
from warning.web.console.visit import Visit
from warning.web.followup import Follow
from warning.web.words import STAGE_WORDS, channel_word, local_time

EVERY_S = 2.0
_CLICK = "(event) => { const at = event.target.closest('[data-follow]'); if (at) emit(at.dataset.follow) }"


async def timeline_page(visit: Visit, identifier: str) -> None:
    """Raises NotFound before anything is drawn."""
    alert = await board.alert(visit.parts.database, identifier)
    frame(visit, f"/alert/{identifier}")
    ui.add_css(stack.CSS)
    with ui.element("main").props('id="main"').style("padding:.8rem;width:100%;max-width:72rem;margin:0 auto;display:grid;grid-template-columns:minmax(0,1fr);gap:.6rem"):
        with ui.element("section").classes("pane"):
            _heading(visit, alert)
        with ui.element("section").classes("pane"):
            events = _scrolled(visit.t("event_versions"))
        with ui.element("section").classes("pane"):
            ui.html(f"<h2>{visit.t('way_out')} · {escape(identifier)}</h2>", sanitize=False)
            body = ui.element("div").style("width:100%;overflow-x:auto").props(f'tabindex=0 role=region aria-label="{visit.t("way_out")}"')
        with ui.element("section").classes("pane"):
            others = _scrolled(visit.t("calls"))

    drawn = ["", ""]
    clocks: list[Tick] = []

    async def draw() -> None:
        rows = timeline(await chain_events(visit.parts.database, str(alert.proposal_id)))
        reading = await visit.watch.reading()
        told = await story(visit.parts.database, alert.event_id)
        progress = reading.progress.get(identifier) or (await outgoing(visit.parts.database, [alert]))[identifier]
        if repr(told) != drawn[1]:
            drawn[1] = repr(told)
            events.set_content(telling.versions(visit, told, here=identifier))
            others.set_content(telling.calls(visit, told) + telling.values(visit, told) + telling.deeds(visit, told))
        new = repr(rows) + repr((progress.counts, progress.failed, progress.settled)) + still(reading)
        if new != drawn[0]:
            drawn[0] = new
            body.clear()
            clocks.clear()
            with body:
                ui.html(_table(visit, rows), sanitize=False)
                clocks.append(one_alert(visit, alert, progress, districts=True))
        for tick in clocks:
            tick(reading)

    await draw()
    ui.timer(EVERY_S, draw)


def _heading(visit: Visit, alert: AlertView) -> None:
    """What it is and how it stands, where else it is shown, and what may follow the newest version."""
    state = alert.state(visit.parts.clock.now())
    links = " · ".join(f"<a href='{href}'>{escape(word)}</a>" for href, word in (
        (f"/{'en/' if visit.lang == 'en' else ''}alert/{alert.identifier}", visit.t("public_page")), (f"/api/alerts/{alert.identifier}.xml", "CAP"),
        (f"/alerts/{alert.identifier}/product.png", visit.t("product_picture")),
        (f"/alerts/{alert.identifier}/product.png?size=landscape", f"{visit.t('product_picture')} 16:9"),
        (f"/alerts/{alert.identifier}/product.pdf", "PDF")))
    follow, once = follow_buttons(visit, alert) if state == "in_force" else "", Once()
    ui.html(
        f"<h1>{chip(visit, alert)} {escape(name(visit, alert))}</h1><p class='soft'>{escape(alert.identifier)} · {visit.t(f'state_{state}')} · "
        f"{visit.t('until')} {local_time(alert.expires, visit.lang)}</p><div class='row small'>{links}</div>"
        f"<div class='row' style='margin-top:.4rem'>{follow}</div>", sanitize=False).on("click", lambda event: once(lambda: _follow(visit, alert, event)), js_handler=_CLICK)


def _scrolled(about: str) -> ui.html:
    """A part that a narrow screen scrolls, by keyboard too."""
    return ui.html("", sanitize=False).style("width:100%;overflow-x:auto").props(f'tabindex=0 role=region aria-label="{about}"')


async def _follow(visit: Visit, alert: AlertView, event: GenericEventArguments) -> bool:
    return await follow_up(visit, alert, Follow(event.args))


def _table(visit: Visit, rows: list[StageTime]) -> str:
    names = [visit.t(key) for key in ("stage", "channel", "took", "since", "budget")]
    return f"{stack.stacked([*names, ''], [_row(visit, row) for row in rows])}<p class='soft small'>{visit.t('countdown')}: {PROMISE_S:.0f} s</p>"


def _row(visit: Visit, row: StageTime) -> list[str]:
    verdict = f"<span class='late-word'>{visit.t('late')}</span>" if row.late else ("" if row.budget_s is None else f"✓ {visit.t('on_time')}")
    width = min(100.0, 100.0 * row.since_arrival_s / PROMISE_S)
    return [
        escape(STAGE_WORDS[row.stage][visit.lang == "en"]), escape(channel_word(row.channel, visit.lang)), f"{row.took_s:.1f}",
        f"{row.since_arrival_s:.1f}<div class='meter' style='height:5px' aria-hidden='true'><i class='s-accepted' style='width:{width:.1f}%'></i></div>",
        "" if row.budget_s is None else f"{row.budget_s:.0f}", verdict]
