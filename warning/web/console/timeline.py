"""One alert's way from the data's arrival to the last channel, against its budget."""

from html import escape

from nicegui import ui

from warning.stage import PROMISE_S, StageTime, timeline
from warning.store import board
from warning.store.stages import chain_events
from warning.web.console.frame import frame
from warning.web.console.progress import Tick, name, one_alert, still
from warning.web.console.visit import Visit
from warning.web.words import STAGE_WORDS, SYMBOL, level_word, local_time

EVERY_S = 2.0


async def timeline_page(visit: Visit, identifier: str) -> None:
    """Raises NotFound before anything is drawn."""
    alert = await board.alert(visit.parts.database, identifier)
    frame(visit, f"/alert/{identifier}")
    with ui.element("main").style("padding:.8rem;width:100%;max-width:64rem;margin:0 auto"), ui.element("section").classes("pane"):
        ui.html(
            f"<h1><span class='chip l{alert.level.value}'>{SYMBOL[alert.level]} "
            f"{level_word(alert.level, visit.lang)}</span> {escape(name(visit, alert))}</h1>", sanitize=False)
        ui.label(f"{identifier} · {alert.msg_type} · {visit.t('until')} {local_time(alert.expires, visit.lang)}").classes("soft")
        body = ui.element("div")

    drawn: list[str] = [""]
    clocks: list[Tick] = []

    async def draw() -> None:
        rows = timeline(await chain_events(visit.parts.database, str(alert.proposal_id)))
        reading = await visit.watch.reading()
        new = repr(rows) + still(reading)
        if new != drawn[0]:
            drawn[0] = new
            body.clear()
            clocks.clear()
            with body:
                ui.html(_table(visit, rows), sanitize=False)
                if identifier in reading.progress:
                    clocks.append(one_alert(visit, alert, reading.progress[identifier]))
        for tick in clocks:
            tick(reading)

    await draw()
    ui.timer(EVERY_S, draw)


def _table(visit: Visit, rows: list[StageTime]) -> str:
    head = "".join(f"<th scope='col'>{escape(visit.t(key))}</th>" for key in ("stage", "channel", "took", "since", "budget"))
    body = "".join(_row(visit, row) for row in rows)
    return f"<table class='grid'><tr>{head}<th></th></tr>{body}</table><p class='soft small'>{visit.t('countdown')}: {PROMISE_S:.0f} s</p>"


def _row(visit: Visit, row: StageTime) -> str:
    verdict = f"<span class='late-word'>{visit.t('late')}</span>" if row.late else ("" if row.budget_s is None else f"✓ {visit.t('on_time')}")
    width = min(100.0, 100.0 * row.since_arrival_s / PROMISE_S)
    cells = [
        escape(STAGE_WORDS[row.stage][visit.lang == "en"]), escape(row.channel), f"{row.took_s:.1f}",
        f"{row.since_arrival_s:.1f}<div class='meter' style='height:5px' aria-hidden='true'><i class='s-accepted' style='width:{width:.1f}%'></i></div>",
        "" if row.budget_s is None else f"{row.budget_s:.0f}", verdict]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
