"""How the newest alerts go out against the ten minutes: the countdown, channels and districts, what failed and what to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from nicegui import ui

from geo.zone import ZoneSet
from warning.account import Account, Act
from warning.stage import PROMISE_S
from warning.store.board import AlertView, Failure
from warning.store.outgoing import Accepted, Progress
from warning.web.console.ask import ask_reason
from warning.web.console.canary import canaries
from warning.web.console.canary import shown as canaries_shown
from warning.web.console.following import chip, name
from warning.web.console.linked import linked
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import DELIVERY_WORDS, Lang, channel_word, explained, next_step, say, zone_name

_ORDER = ("delivered", "accepted", "claimed", "queued", "unknown", "failed", "expired", "muted", "superseded")
_FAILURES = 4

Tick = Callable[[Reading], None]
"""Brings what was drawn up to a newer reading in place, so that nobody's focus is lost."""


def going_out(visit: Visit, reading: Reading) -> list[Tick]:
    """The countdown and the channels of the newest alerts."""
    ticks: list[Tick] = []
    ui.html(f"<div class='row'><h2 style='flex:1'>{visit.t('progress')}</h2><a class='small' href='/console/wall?lang={visit.lang}'>{visit.t('wall')}</a></div>",
            sanitize=False).style("width:100%")
    shown = [alert for alert in reading.recent if not reading.progress[alert.identifier].race.done] or list(reading.recent[:2])
    for alert in shown[:5]:
        with ui.element("div").style("border-top:1px solid var(--line);padding:.4rem 0;width:100%"):
            ticks.append(one_alert(visit, alert, reading.progress[alert.identifier]))
    for notice in reading.notices[:5]:
        with ui.element("div").classes("wait small"):
            ui.label(explained(notice.text, visit.lang))
            ui.html(linked(f"{visit.t('next_step')}: {explained(notice.next_step, visit.lang)}", visit.lang), sanitize=False).classes("soft")
    canaries(visit, reading)
    return ticks


@lru_cache(maxsize=4)
def still(reading: Reading) -> str:
    """What ``going_out`` draws, without the running clocks: a pane is rebuilt only when this changes. Said once for all consoles of a reading."""
    return repr([
        (identifier, progress.race.done, progress.counts, progress.callouts, progress.failed, progress.settled)
        for identifier, progress in reading.progress.items()
    ] + [reading.notices, canaries_shown(reading)])


def one_alert(visit: Visit, alert: AlertView, progress: Progress, *, districts: bool = False) -> Tick:
    ui.html(f"<div>{chip(visit, alert)} <b>{escape(name(visit, alert))}</b></div>", sanitize=False)
    clock = _clock(visit, alert.identifier)
    parts = [meter(visit.lang, channel, states, progress.accepted.get(channel)) for channel, states in progress.counts.items()]
    if progress.callouts:
        parts.append(f"<div class='small'>{visit.t('acknowledged')}: {escape(called(progress.callouts, visit.lang))}</div>")
    if districts and progress.districts:
        parts.append(by_district(visit.parts.zones, visit.lang, progress.districts))
    ui.html("".join(parts), sanitize=False).style("width:100%")
    if progress.failed or progress.settled:
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
        text, kind = countdown(progress, self.visit.lang)
        self.label.set_text(text)
        self.label.classes(replace=f"clock {kind}")


def countdown(progress: Progress, lang: Lang) -> tuple[str, str]:
    """(words, kind): what is left of the ten minutes, how long it took, or by how much it is late; kind is "", done or late."""
    race = progress.race
    left = PROMISE_S - race.elapsed_s
    if race.done:
        return f"{say('complete', lang)} {minutes(race.elapsed_s)}", "done" if left >= 0 else "late"
    return (minutes(left), "") if left >= 0 else (f"{say('over_time', lang)} {minutes(-left)}", "late")


def _clock(visit: Visit, identifier: str) -> _Clock:
    ui.label(visit.t("countdown")).classes("soft small")
    return _Clock(visit=visit, identifier=identifier, label=ui.label().props('role="timer"'))


def meter(lang: Lang, channel: str, states: Mapping[str, int], accepted: Accepted | None = None) -> str:
    """A bar with the numbers in words beside it, and when the first and the last of the channel was accepted."""
    words = " · ".join(f"{DELIVERY_WORDS[state][lang == 'en']} {states[state]:,}" for state in _ORDER if states.get(state))
    times = "" if accepted is None or accepted.first_s is None else (
        f"<div class='soft small'>{say('first_last', lang)} {minutes(accepted.first_s)} → {minutes(accepted.last_s or accepted.first_s)}</div>")
    return f"<div class='small'><b>{escape(channel_word(channel, lang))}</b> <span class='soft'>{words}</span></div>{bar(states)}{times}"


def bar(states: Mapping[str, int]) -> str:
    total = sum(states.values()) or 1
    parts = "".join(f"<i class='s-{state}' style='width:{100 * states[state] / total:.1f}%'></i>" for state in _ORDER if states.get(state))
    return f"<div class='meter' aria-hidden='true'>{parts}</div>"


def by_district(zones: ZoneSet, lang: Lang, districts: Mapping[str, tuple[int, int]]) -> str:
    """Residents by district: reached of all, the least first, because there somebody should look."""
    rows = "".join(
        f"<tr><th scope='row'>{escape(zone_name(zones, code, lang))}</th><td>{reached:,} / {people:,}</td>"
        f"<td style='width:45%'><div class='meter' aria-hidden='true'><i class='s-accepted' style='width:{100 * reached / people:.1f}%'></i></div></td>"
        f"<td>{100 * reached / people:.0f}%</td></tr>"
        for code, (reached, people) in sorted(districts.items(), key=lambda one: one[1][0] / one[1][1]))
    return (f"<table class='grid'><caption class='small' style='text-align:left'>{say('by_district', lang)}</caption>"
            f"<tr><th scope='col'>{say('zones', lang)}</th><th scope='col'>{say('reached', lang)}</th><td></td><td></td></tr>{rows}</table>")


def called(callouts: Mapping[str, int], lang: Lang) -> str:
    return ", ".join(f"{say(f'call_{state}', lang)} {n}" for state, n in callouts.items())


def failures(visit: Visit, progress: Progress) -> None:
    """What failed, for whom, what to do; who may operate tries it again, or settles it and says why."""
    for failed in progress.failed[:_FAILURES]:
        with ui.element("div").classes("fault small"):
            ui.label(f"{visit.t('failed')}: {channel_word(failed.channel, visit.lang)} · {recipient(failed, visit.lang)} · {why(failed.reason, visit.lang)}").style("font-weight:700")
            if failed.evidence:
                ui.label(failed.evidence[:160]).classes("soft")
            ui.label(f"{visit.t('next_step')}: {next_step(failed.reason, visit.lang)}")
            if visit.can(Act.OPERATE):
                ui.button(visit.t("skip_failed"), on_click=lambda _, one=failed: settle(visit, one)).props("flat dense no-caps").props(
                    f'aria-label="{visit.t("skip_failed")}: {escape(channel_word(failed.channel, visit.lang))} {escape(recipient(failed, visit.lang))}"')
    if len(progress.failed) > _FAILURES:
        ui.label(visit.t("more_failures").format(n=len(progress.failed) - _FAILURES)).classes("soft small")
    if progress.settled:
        ui.label(f"{visit.t('settled')} {progress.settled:,}").classes("soft small")
    if visit.can(Act.OPERATE) and progress.failed:
        ids = [failed.delivery_id for failed in progress.failed if failed.delivery_id]
        crowds = [crowd for failed in progress.failed for crowd in failed.crowds]

        async def again() -> None:
            async def verb(account: Account) -> None:
                await visit.parts.dispatch.retry(ids, crowd_ids=crowds, account=account)

            await visit.act(verb, visit.t("retried"))

        people = sum(failed.people for failed in progress.failed)
        ui.button(f"{visit.t('retry')} ({people:,})", on_click=again).props("outline dense no-caps color=red-9")


async def settle(visit: Visit, failed: Failure) -> None:
    """Nobody tries it again; the ledger and the audit say who decided so, and why."""
    reason = await ask_reason(
        visit, visit.t("skip_failed"), about=f"{channel_word(failed.channel, visit.lang)} · {recipient(failed, visit.lang)}", explains=visit.t("skip_why"))
    if reason is None:
        return

    async def verb(account: Account) -> None:
        await visit.parts.dispatch.skip(
            [failed.delivery_id] if failed.delivery_id else [], crowd_ids=failed.crowds, only=failed.reason, reason=reason, account=account)

    await visit.act(verb, visit.t("skipped_done"))


def recipient(failed: Failure, lang: Lang) -> str:
    """An office by its name, residents by their number."""
    if failed.crowds:
        return f"居民 {failed.people:,} 人" if lang == "zh" else f"{failed.people:,} residents"
    return failed.recipient


def why(reason: str, lang: Lang) -> str:
    """A channel's reason in words."""
    return say(f"why_{reason}", lang) if f"why_{reason}" in WHY else reason


WHY = frozenset(f"why_{word}" for word in (
    "bad_address", "gone", "too_long", "expired", "rate_limited", "unreachable", "timeout", "refused", "wrong_lane", "broken_reply", "unsigned"))


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
