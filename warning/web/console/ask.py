"""Ask for a reason before an act: a small dialog that the keyboard opens, fills, sends and leaves."""

from nicegui import ui

from warning.web.console.visit import Visit


async def ask_reason(visit: Visit, title: str, *, about: str, explains: str = "") -> str | None:
    """The reason, or None when the person turned back; an empty one is not taken. ``about``: what is acted on, so that nobody acts on the row beside it."""
    with ui.context.client.content, ui.dialog().props('persistent aria-modal="true"') as dialog, ui.card().style("min-width:min(30rem,90vw)"):
        ui.html(f"<h2 style='margin:0;font-size:1.05rem'>{title}</h2>", sanitize=False)
        ui.label(about).style("font-weight:700")
        if explains:
            ui.label(explains).classes("soft small")
        field = ui.input(visit.t("reason")).props('outlined dense autofocus maxlength="200"').style("width:100%")

        def send() -> None:
            if field.value.strip():
                dialog.submit(field.value.strip())
            else:
                field.props(f'error error-message="{visit.t("reason_needed")}"')

        field.on("keydown.enter", send)
        field.on("keydown.escape", lambda: dialog.submit(None))
        with ui.element("div").classes("row").style("justify-content:flex-end;width:100%"):
            ui.button(visit.t("cancel_dialog"), on_click=lambda: dialog.submit(None)).props("flat no-caps")
            ui.button(title, on_click=send).props("no-caps color=primary")
    said = await dialog
    dialog.delete()
    return None if said is None else str(said)
