"""What is in force, and how the newest alerts go out against the ten minutes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from nicegui import ui

from warning.account import Account, Act
from warning.issue.hand import HandMade
from warning.stage import PROMISE_S
from warning.store.board import AlertView, Failure
from warning.web.console.canary import canaries
from warning.web.console.canary import shown as canaries_shown
from warning.web.console.reading import Progress, Reading
from warning.web.console.visit import Visit
from warning.web.words import (
    DELIVERY_WORDS,
    SYMBOL,
    Lang,
    explained,
    hazard_name,
    level_word,
    local_time,
    next_step,
    span,
    zone_name,
)

_ORDER = ("delivered", "accepted", "claimed", "queued", "unknown", "failed", "expired", "muted", "superseded")


Tick = Callable[[Reading], None]
"""Brings what was drawn up to a newer reading in place, so that nobody's focus is lost."""


def in_force(visit: Visit, reading: Reading) -> list[Tick]:
    """Each with its end, and one click to propose its lifting."""
    ticks: list[Tick] = []
    ui.html(f"<h2>{visit.t('in_force')} ({len(reading.in_force)})</h2>", sanitize=False)
    if not reading.in_force:
        ui.label(visit.t("no_alerts")).classes("soft")
    for alert in reading.in_force:
        with ui.element("div").classes(f"entry b{alert.level.value}").style("cursor:default"):
            with ui.element("div").classes("row"):
                ui.label(f"{SYMBOL[alert.level]} {level_word(alert.level, visit.lang)}").classes(f"chip l{alert.level.value}")
                ui.label(name(visit, alert)).style("font-weight:700")
            ticks.append(_left(visit, alert, ui.label().classes("small")))
            with ui.element("div").classes("row"):
                ui.link(visit.t("timeline"), f"/alert/{alert.identifier}?lang={visit.lang}").classes("small")
                if visit.can(Act.SUBMIT):
                    ui.button(visit.t("lift"), on_click=lambda _, one=alert: lift(visit, one)).props("flat dense no-caps")
    for tick in ticks:
        tick(reading)
    return ticks


def _left(visit: Visit, alert: AlertView, label: ui.label) -> Tick:
    def tick(reading: Reading) -> None:
        left = span((alert.expires - reading.now).total_seconds(), visit.lang)
        label.set_text(f"{visit.t('until')} {local_time(alert.expires, visit.lang, reading.now)} · {visit.t('left')} {left}")

    return tick


def going_out(visit: Visit, reading: Reading) -> list[Tick]:
    """The countdown and the channels of the newest alerts."""
    ticks: list[Tick] = []
    ui.html(f"<h2>{visit.t('progress')}</h2>", sanitize=False)
    shown = [alert for alert in reading.recent if not reading.progress[alert.identifier].race.done] or list(reading.recent[:2])
    for alert in shown[:5]:
        with ui.element("div").style("border-top:1px solid var(--line);padding:.4rem 0;width:100%"):
            ticks.append(one_alert(visit, alert, reading.progress[alert.identifier]))
    for notice in reading.notices[:5]:
        with ui.element("div").classes("wait small"):
            ui.label(explained(notice.text, visit.lang))
            ui.label(f"{visit.t('next_step')}: {explained(notice.next_step, visit.lang)}").classes("soft")
    canaries(visit, reading)
    return ticks


def still(reading: Reading) -> str:
    """What ``going_out`` draws, without the running clocks: a pane is rebuilt only when this changes."""
    return repr([
        (identifier, progress.race.done, progress.counts, progress.callouts, progress.failed)
        for identifier, progress in reading.progress.items()
    ] + [reading.notices, canaries_shown(reading)])


def one_alert(visit: Visit, alert: AlertView, progress: Progress) -> Tick:
    ui.label(f"{SYMBOL[alert.level]} {level_word(alert.level, visit.lang)} · {name(visit, alert)}").style("font-weight:700")
    clock = _clock(visit, alert.identifier)
    for channel, states in progress.counts.items():
        ui.html(meter(visit, channel, states), sanitize=False).style("width:100%")
    if progress.callouts:
        ui.label(f"{visit.t('acknowledged')}: " + ", ".join(f"{state} {n}" for state, n in progress.callouts.items())).classes("small")
    if progress.failed:
        failures(visit, progress)
    clock.show(progress)
    return clock.reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    visit: Visit
    identifier: str
    label: ui.label

    def reading(self, reading: Reading) -> None:
        if self.identifier in reading.progress:
            self.show(reading.progress[self.identifier])

    def show(self, progress: Progress) -> None:
        """Real seconds: a drill's time is never multiplied here."""
        race = progress.race
        left = PROMISE_S - race.elapsed_s
        if race.done:
            text, kind = f"{self.visit.t('complete')} {minutes(race.elapsed_s)}", "done" if left >= 0 else "late"
        elif left >= 0:
            text, kind = minutes(left), ""
        else:
            text, kind = f"{self.visit.t('over_time')} {minutes(-left)}", "late"
        self.label.set_text(text)
        self.label.classes(replace=f"clock {kind}")


def _clock(visit: Visit, identifier: str) -> _Clock:
    ui.label(visit.t("countdown")).classes("soft small")
    return _Clock(visit=visit, identifier=identifier, label=ui.label().props('role="timer"'))


def meter(visit: Visit, channel: str, states: Mapping[str, int]) -> str:
    """A bar with the numbers in words beside it."""
    total = sum(states.values()) or 1
    here = [(state, states[state]) for state in _ORDER if states.get(state)]
    bar = "".join(f"<i class='s-{state}' style='width:{100 * count / total:.1f}%'></i>" for state, count in here)
    words = " · ".join(f"{DELIVERY_WORDS[state][visit.lang == 'en']} {count:,}" for state, count in here)
    return f"<div class='small'><b>{escape(channel)}</b> <span class='soft'>{words}</span></div><div class='meter' aria-hidden='true'>{bar}</div>"


def failures(visit: Visit, progress: Progress) -> None:
    """What failed, for whom, what to do; who may operate can try all of it again."""
    ids = [failed.delivery_id for failed in progress.failed if failed.delivery_id]
    crowds = [crowd for failed in progress.failed for crowd in failed.crowds]
    people = sum(failed.people for failed in progress.failed)
    for failed in progress.failed[:4]:
        with ui.element("div").classes("fault small"):
            ui.label(f"{visit.t('failed')}: {failed.channel} · {recipient(failed, visit.lang)} · {failed.reason}").style("font-weight:700")
            if failed.evidence:
                ui.label(failed.evidence[:160]).classes("soft")
            ui.label(f"{visit.t('next_step')}: {next_step(failed.reason, visit.lang)}")
    if visit.can(Act.OPERATE):
        async def again() -> None:
            async def verb(account: Account) -> None:
                await visit.parts.dispatch.retry(ids, crowd_ids=crowds, account=account)

            await visit.act(verb, visit.t("retried"))

        ui.button(f"{visit.t('retry')} ({people:,})", on_click=again).props("outline dense no-caps color=red-9")


def recipient(failed: Failure, lang: Lang) -> str:
    """An office by its name, residents by their number."""
    if failed.crowds:
        return f"居民 {failed.people:,} 人" if lang == "zh" else f"{failed.people:,} residents"
    return failed.recipient


async def lift(visit: Visit, alert: AlertView) -> None:
    """A proposal to lift it; two people sign it like any other."""
    hand = HandMade(
        issuer=alert.issuer, hazard=alert.hazard, event_code=alert.event_code, level=alert.level, zones=alert.zones,
        onset=visit.parts.clock.now(), expires=alert.expires, action="cancel", polygon=alert.polygon, replaces=alert.identifier)

    async def verb(account: Account) -> None:
        await visit.parts.issue.compose(hand, account=account)

    await visit.act(verb, visit.t("is_new"))


def name(visit: Visit, alert: AlertView) -> str:
    places = [zone_name(visit.parts.zones, code, visit.lang) for code in alert.zones[:3]]
    return f"{hazard_name(visit.parts.rule_sets, alert.hazard, visit.lang)} · {', '.join(places)}{'…' if len(alert.zones) > 3 else ''}"


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
