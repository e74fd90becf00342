"""The channels' self-tests: which way out has proved itself, and which has not."""

from nicegui import ui

from warning.store.pulses import Standing
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import Lang, channel_word, say


def canaries(visit: Visit, reading: Reading) -> None:
    """One line a channel; a drill's and a real deployment's look alike, because both must be well."""
    if not reading.canaries:
        return
    ui.label(visit.t("canaries")).classes("soft small")
    for one in reading.canaries:
        ui.label(line(one, visit.lang)).classes("small" if one.state == "well" else "fault small")


def line(one: Standing, lang: Lang) -> str:
    """``短信 ✓ 0.21 s``, or the state in words and what the channel said."""
    channel = channel_word(one.target, lang)
    if one.state == "well":
        return f"{channel} ✓ {one.latency_s or 0.0:.2f} s"
    said = f" × {one.failures}: {one.evidence}" if one.failures else ""
    return f"{channel} ✗ {say(f'canary_{one.state}', lang)}{said}"


def shown(reading: Reading) -> list[tuple[str, str, int]]:
    """What is drawn, without what changes at every reading."""
    return [(one.target, one.state, one.failures) for one in reading.canaries]
