"""The age of each feed's data, beside the decision; a silent one is marked in words and colour."""

from nicegui import ui

from warning.watch.promise import FeedState, Standing
from warning.web.console.progress import Tick
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import span


def feed_list(visit: Visit, reading: Reading) -> list[Tick]:
    """One line a feed; the ticks keep the ages running."""
    ui.html(f"<h2>{visit.t('feeds')}</h2>", sanitize=False)
    return [_line(visit, standing.promise.source) for standing in reading.feeds]


def states(reading: Reading) -> tuple[tuple[str, FeedState], ...]:
    """What the list is drawn anew for."""
    return tuple((standing.promise.source, standing.state) for standing in reading.feeds)


def _line(visit: Visit, source: str) -> Tick:
    label = ui.label()

    def tick(reading: Reading) -> None:
        standing = next((one for one in reading.feeds if one.promise.source == source), None)
        if standing is not None:
            label.set_text(told(visit, standing))
            label.classes(replace="small fault" if standing.state is FeedState.SILENT else "small soft")

    return tick


def told(visit: Visit, standing: Standing) -> str:
    """``● nowcast · data age 12 min``; a silent feed begins with a triangle and says so."""
    space = " " if visit.lang == "en" else ""
    age = visit.t("no_data_yet") if standing.data_age is None else (
        f"{visit.t('data_age')} {span(standing.data_age.total_seconds(), visit.lang)}{space}{visit.t('ago')}")
    silent = standing.state is FeedState.SILENT
    return f"{'▲' if silent else '●'} {standing.promise.source} · {age}{' · ' + visit.t('feed_silent') if silent else ''}"
