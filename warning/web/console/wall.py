"""The wall: how it goes out, readable from five metres, for a screen that nobody touches; light or dark; a lost connection covers everything."""

from collections.abc import Hashable, Mapping
from html import escape
from typing import Literal

from nicegui import ui

from warning.store.board import AlertView
from warning.store.outgoing import Progress
from warning.watch.promise import FeedState
from warning.web.console.following import chip, name
from warning.web.console.frame import frame
from warning.web.console.progress import bar, called, countdown
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import BEIJING, DELIVERY_WORDS, Lang, channel_word, explained, local_time, span, zone_name

EVERY_S = 1.0
SILENT_S = 6
"""After so many seconds without a word from the server the screen says that it is blind."""

Theme = Literal["dark", "light"]
_LISTED, _DISTRICTS = 8, 12
_SAID: Mapping[Lang, int] = {"zh": 70, "en": 120}

CSS = """
.head,.q-footer,#popup{display:none!important}
:root{--wg:#fff;--wi:#101722;--ws:#3d4856;--wl:#c4ccd6}
body.dark-wall{--wg:#0d1219;--wi:#f4f7fb;--ws:#b9c4d2;--wl:#3a4656}
body.dark-wall.drill::after{border-color:#b07fe0;background:url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='560' height='380'%3E%3Ctext x='280' y='200' text-anchor='middle' font-size='68' font-weight='700' fill='%23d9b8ff' fill-opacity='.12' transform='rotate(-24 280 190)'%3E演练 DRILL%3C/text%3E%3C/svg%3E")}
body{background:var(--wg)!important;color:var(--wi)!important}
.wall{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1.2vw;padding:1.2vw max(1.6vw,.9rem);width:100%;font-size:1.8vw;line-height:1.3}
.wall h2{font-size:1.6vw;margin:0 0 .4vw;color:var(--ws);font-weight:600;line-height:1.3}.wall .clock{font-size:9vw;line-height:1;color:var(--wi)}
.wall .clock.late{color:#b00020}body.dark-wall .wall .clock.late{color:#ff8a93}.wall .clock.done{color:#0d5a2b}body.dark-wall .wall .clock.done{color:#7fdca0}
.wall .what{font-size:2.8vw;font-weight:700;line-height:1.25}.wall .soft{color:var(--ws)}.wall .meter{height:1.3vw;background:var(--wl)}
.wall table{width:100%;border-collapse:collapse}.wall td,.wall th{padding:.35vw .6vw .35vw 0;border-bottom:1px solid var(--wl);text-align:left;font-weight:400;vertical-align:middle}
.wall ul{list-style:none;margin:0;padding:0}.wall li{padding:.4vw 0;border-bottom:1px solid var(--wl)}
.wall .bad{background:#b00020;color:#fff;padding:.5vw .8vw;border-radius:.4vw;margin:.5vw 0;font-weight:700}
.wall .now{font-variant-numeric:tabular-nums;font-size:2.2vw}
#blind{display:none;position:fixed;inset:0;z-index:4000;background:#b00020;color:#fff;place-content:center;text-align:center;font-weight:700;font-size:5vw;line-height:1.3;padding:4vw}
#blind small{font-size:2.2vw;font-weight:400}
@media(max-width:900px){.wall{grid-template-columns:minmax(0,1fr);font-size:1rem}.wall .clock{font-size:4rem}.wall .what{font-size:1.5rem}.wall h2,.wall .now{font-size:1.1rem}}
"""

# The page itself counts: when the server is silent nothing else can speak.
_WATCH = """
(() => { let at = Date.now(); const blind = document.getElementById('blind'), since = document.getElementById('blind-since');
window.xxsBeat = (well) => { if (well) { at = Date.now(); blind.style.display = 'none' } };
setInterval(() => { if (Date.now() - at > %d) { since.textContent = new Date(at).toLocaleTimeString(); blind.style.display = 'grid' } }, 500) })();
"""


class Wall:
    """One screen. Drawn anew only where something has changed; the clock runs by itself."""

    def __init__(self, visit: Visit, reading: Reading, theme: Theme | None) -> None:
        self._visit = visit
        self._shown: dict[str, Hashable] = {}
        frame(visit, "/wall")
        ui.add_css(CSS)
        if theme == "dark":
            ui.query("body").classes("dark-wall")
        elif theme is None:
            ui.add_body_html("<script>if (matchMedia('(prefers-color-scheme: dark)').matches) document.body.classList.add('dark-wall')</script>")
        with ui.element("main").classes("wall").props('id="main"'):
            self._way = ui.html("", sanitize=False)
            self._rest = ui.html("", sanitize=False)
        ui.add_body_html(
            f"<div id='blind' role='alert'><div>{visit.t('blind')}<br><small>{visit.t('blind_since')} <span id='blind-since'></span><br>"
            f"{visit.t('blind_step')}</small></div></div><script>{_WATCH % (SILENT_S * 1000)}</script>")
        self._show(reading)
        ui.timer(EVERY_S, self._tick)

    async def _tick(self) -> None:
        reading = await self._visit.watch.reading()
        self._show(reading)
        # A database that is away is as blind as a broken line: what is shown is old.
        ui.run_javascript(f"window.xxsBeat && window.xxsBeat({str(not reading.away).lower()})")

    def _show(self, reading: Reading) -> None:
        alert = _watched(reading)
        for pane, element, content in (
                ("way", self._way, _way(self._visit, alert, reading.progress[alert.identifier]) if alert else f"<p class='what'>{self._visit.t('nothing_out')}</p>"),
                ("rest", self._rest, _rest(self._visit, reading))):
            if self._shown.get(pane) != content:
                self._shown[pane] = content
                element.set_content(content)


def _watched(reading: Reading) -> AlertView | None:
    """The strongest that is under way, the newest of these; else the newest that went out."""
    going = [alert for alert in reading.recent if not reading.progress[alert.identifier].race.done]
    return max(going, key=lambda alert: (alert.level, alert.sent)) if going else next(iter(reading.recent), None)


def _way(visit: Visit, alert: AlertView, progress: Progress) -> str:
    words, kind = countdown(progress, visit.lang)
    channels = "".join(_channel(visit, channel, states, progress) for channel, states in progress.counts.items())
    failed = sum(one.people for one in progress.failed)
    bad = f"<div class='bad'>✗ {visit.t('failed')} {failed:,} · {escape(', '.join(sorted({channel_word(one.channel, visit.lang) for one in progress.failed})))}</div>" if failed else ""
    calls = f"<p>{visit.t('acknowledged')}: {escape(called(progress.callouts, visit.lang))}</p>" if progress.callouts else ""
    return (
        f"<div class='what'>{chip(visit, alert)} {escape(name(visit, alert))}</div><div class='soft'>{visit.t('countdown')}</div>"
        f"<div class='clock {kind}' role='timer'>{escape(words)}</div>{bad}<table>{channels}</table>{calls}{_districts(visit, progress.districts)}")


def _channel(visit: Visit, channel: str, states: Mapping[str, int], progress: Progress) -> str:
    reached = states.get("accepted", 0) + states.get("delivered", 0)
    owed = sum(states.get(state, 0) for state in ("queued", "claimed", "unknown"))
    total = sum(n for state, n in states.items() if state not in ("muted", "superseded"))
    first = progress.accepted.get(channel)
    took = "" if first is None or first.last_s is None else f"<span class='soft'>{int(first.last_s) // 60}:{int(first.last_s) % 60:02d}</span>"
    left = f" · {DELIVERY_WORDS['queued'][visit.lang == 'en']} {owed:,}" if owed else ""
    return f"<tr><th scope='row'>{escape(channel_word(channel, visit.lang))}</th><td>{reached:,} / {total:,}{left}</td><td style='width:38%'>{bar(states)}</td><td>{took}</td></tr>"


def _districts(visit: Visit, districts: Mapping[str, tuple[int, int]]) -> str:
    """The districts where most is still to be done, first."""
    if not districts:
        return ""
    first = sorted(districts.items(), key=lambda one: (one[1][0] / one[1][1], -one[1][1]))[:_DISTRICTS]
    rows = "".join(
        f"<tr><th scope='row'>{escape(zone_name(visit.parts.zones, code, visit.lang))}</th><td>{reached:,} / {people:,}</td><td>{100 * reached / people:.0f}%</td></tr>"
        for code, (reached, people) in first)
    return f"<h2 style='margin-top:.8vw'>{visit.t('by_district')}</h2><table>{rows}</table>"


def _rest(visit: Visit, reading: Reading) -> str:
    force = "".join(
        f"<li>{chip(visit, alert)} {escape(name(visit, alert))} <span class='soft'>{visit.t('until')} {local_time(alert.expires, visit.lang, reading.now)}</span></li>"
        for alert in reading.in_force[:_LISTED])
    more = f"<p class='soft'>{visit.t('more_in_force').format(n=len(reading.in_force) - _LISTED)}</p>" if len(reading.in_force) > _LISTED else ""
    waiting = sum(1 for proposal in reading.proposals if proposal.status == "submitted")
    silent = "".join(
        f"<div class='bad'>▲ {escape(one.promise.source)} · {visit.t('feed_silent')}"
        f"{'' if one.data_age is None else ' · ' + span(one.data_age.total_seconds(), visit.lang)}</div>"
        for one in reading.feeds if one.state is FeedState.SILENT)
    notices = "".join(f"<div class='bad'>{escape(_short(explained(one.text, visit.lang), _SAID[visit.lang]))}</div>" for one in reading.notices[:3])
    return (
        f"<div class='now' role='status'>{reading.now.astimezone(BEIJING):%Y-%m-%d %H:%M} {visit.t('beijing_time')}</div>"
        f"<h2>{visit.t('in_force')} ({len(reading.in_force)})</h2><ul>{force or '<li>' + visit.t('no_alerts') + '</li>'}</ul>{more}"
        f"<h2 style='margin-top:.8vw'>{visit.t('proposals')}: {len(reading.proposals)} · {visit.t('submitted')}: {waiting}</h2>{silent}{notices}")


def _short(text: str, most: int) -> str:
    """What can be read in passing; the desk has the rest."""
    return text if len(text) <= most else text[:most - 1] + "…"
