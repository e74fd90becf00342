"""Confirming a signature: by typed words and another key where it is real than where it is a drill, so that no habit carries over."""

from collections.abc import Sequence

from nicegui import ui

from warning.web.console.visit import Visit

DRILL_WORDS = ("演练", "DRILL")
COLOUR = {True: ("#6f3aa0", "deep-purple-8"), False: ("#c4161c", "red-9")}
"""Of a drill, and of the real thing: the edge of the dialog, and Quasar's word for the button."""


def says(typed: str, *, drill: bool, places: Sequence[str]) -> bool:
    """Whether the words confirm: a drill's own word, or the name of the first place that is really warned, in either language."""
    word = typed.strip()
    if drill:
        return word.upper() in DRILL_WORDS
    return bool(word) and word.casefold() in {place.casefold() for place in places}


async def confirmed(visit: Visit, *, drill: bool, what: str, places: Sequence[str], why: str = "") -> bool:
    """Ask. ``places``: the first place's names in both languages; ``why``: more to be read before."""
    edge, colour = COLOUR[drill]
    with ui.dialog() as dialog, ui.card().classes("confirm drillcard" if drill else "confirm livecard").style(f"border-top:12px solid {edge}"):
        ui.label(f"{'演练 DRILL' if drill else visit.t('live')}").style(f"font-weight:800;font-size:1.3rem;color:{edge}")
        ui.label(what).style("font-weight:700")
        ui.label(visit.t("confirm_drill" if drill else "confirm_live"))
        for line in filter(None, (why, visit.t("stays_drill") if drill else "")):
            ui.label(line).classes("soft small")
        asked = visit.t("type_drill") if drill else f"{visit.t('type_place')} {places[0]}"
        ui.label(asked).classes("wait small")
        typed = ui.input(asked).props("outlined dense autofocus autocomplete=off").style("width:100%").mark("confirm-word")
        with ui.element("div").classes("row"):
            ui.button(visit.t("cancel_dialog"), on_click=lambda: dialog.submit(False)).props("outline no-caps color=grey-9")
            sign = ui.button(f"{visit.t('confirm')}（{visit.t('key_drill' if drill else 'key_live')}）" if visit.lang == "zh" else
                             f"{visit.t('confirm')} ({visit.t('key_drill' if drill else 'key_live')})",
                             on_click=lambda: dialog.submit(True)).props(f"no-caps color={colour}").mark("confirm")
        sign.set_enabled(False)
        typed.on_value_change(lambda event: sign.set_enabled(says(str(event.value or ""), drill=drill, places=places)))

        def by_key() -> None:
            if says(str(typed.value or ""), drill=drill, places=places):
                dialog.submit(True)

        typed.on("keydown.enter.exact" if drill else "keydown.ctrl.enter", by_key)
    answer = bool(await dialog)
    dialog.delete()
    return answer
