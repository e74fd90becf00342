"""The check before a signature: do the languages agree, what was edited, which zones, what each channel will carry, who is reached."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape

from nicegui import ui
from sqlalchemy.exc import OperationalError

from warning.dispatch.asread import AsRead, Way, as_read
from warning.errors import WarningEngineError
from warning.issue.look import Look
from warning.web.console.reach import reach_of
from warning.web.console.visit import Visit
from warning.web.textdiff import marked
from warning.web.words import Lang, channel_word, explained, say

AFTER_S, AGAIN_S = 0.7, 3.0
"""So long nobody has typed before it is checked again; so long after the database did not answer."""
_PARTS = ("headline", "description", "instruction", "sms")
_NAMES = {"zh-CN": "中文", "en-US": "English"}
CSS = """
.check{display:grid;gap:.5rem;width:100%;grid-template-columns:minmax(0,1fr);overflow-x:auto}.check h3{font-size:.9rem;font-weight:700;margin:.2rem 0 0;line-height:1.4;letter-spacing:0}
.check del{background:#fbe3e4;color:#7a0014;text-decoration:line-through}.check ins{background:#dff3e4;color:#0b4d22;text-decoration:underline;text-decoration-thickness:2px}
.check p,.check ul{margin:.15rem 0}
.good{border-left:4px solid #0d6b34;background:#eaf6ee;padding:.3rem .5rem;border-radius:4px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:.6rem}@media(max-width:700px){.two,.texts{grid-template-columns:1fr!important}}
.check details{border:1px solid var(--line);border-radius:6px;padding:.25rem .5rem;background:#fbfcfd}.check summary{cursor:pointer;font-weight:600}
.carried{white-space:pre-wrap;overflow-wrap:anywhere;background:#fff;border:1px solid var(--line);border-radius:10px;padding:.45rem .6rem;margin:.3rem 0;font-size:.9rem}
.diff{overflow-wrap:anywhere;margin:.1rem 0 .4rem}
"""


class Check:
    """Filled a moment after the page is there, and again when somebody has stopped typing. Its page brings ``CSS``: styles that come after it are late."""

    def __init__(self, visit: Visit, look: Callable[[], Awaitable[Look]], *, at_once: bool = True) -> None:
        self._visit, self._look = visit, look
        self._timer: ui.timer | None = None
        self._shown = ""
        with ui.element("div").classes("check").props(f'role="region" aria-label="{escape(visit.t("check"))}"').mark("check") as self._pane:
            self._said = ui.html(f"<p class='soft small'>{escape(visit.t('check_busy'))}</p>" if at_once else "", sanitize=False)
            self._reach = ui.html("", sanitize=False).mark("reach")
        if at_once:
            self.soon(0.05)

    def soon(self, after_s: float = AFTER_S) -> None:
        """Something was changed."""
        if self._timer is not None:
            self._timer.cancel()
        with self._pane:
            self._timer = ui.timer(after_s, self.run, once=True)

    async def run(self) -> None:
        visit = self._visit
        try:
            found = await self._look()
            carried = () if found.alert is None else as_read(found.alert.cap_xml, visit.parts.ways)
        except (WarningEngineError, OperationalError, ValueError) as error:
            away = isinstance(error, OperationalError)
            said = visit.t("database_away") if away else explained(str(error), visit.lang)
            self._show(f"<p class='fault small'>{escape(visit.t('check_failed'))} {escape(said)}</p>")
            self._reach.set_content("")
            if away:
                self.soon(AGAIN_S)
            return
        self._show(_html(found, carried, visit.parts.ways, visit.lang))
        self._reach.set_content("" if found.alert is None else await reach_of(visit, found.alert))

    def _show(self, html: str) -> None:
        if html != self._shown:
            self._shown = html
            self._said.set_content(html)


def _html(found: Look, carried: Sequence[AsRead], ways: Sequence[Way], lang: Lang) -> str:
    blocks = [f"<h2>{escape(say('check', lang))}</h2>", _agreement(found, lang)]
    if found.unregistered:
        blocks.append(f"<p class='fault small'>{escape(say('unregistered', lang))} {escape(', '.join(found.unregistered))}</p>")
    blocks += [_edits(found.template, found.texts, lang), _covered(found, lang), *([] if found.alert is None else [_channels(carried, ways, lang)])]
    return f"<div class='check'>{''.join(blocks)}</div>"


def _agreement(found: Look, lang: Lang) -> str:
    if not found.unlike:
        return f"<p class='good small'>✓ {escape(say('agree', lang))}</p>"
    lines = "".join(f"<li>{escape(explained(one, lang))}</li>" for one in found.unlike)
    return f"<div class='fault small'>✗ {escape(say('unlike' if found.alert is not None else 'unworded', lang))}<ul style='margin:.2rem 0 0 1rem'>{lines}</ul></div>"


def _edits(template: Mapping[str, Mapping[str, str]], texts: Mapping[str, Mapping[str, str]], lang: Lang) -> str:
    columns, none = [], f"<p class='soft'>{escape(say('no_edits', lang))}</p>"
    for language, name in _NAMES.items():
        changed = [part for part in _PARTS if template[language][part] != texts[language][part]]
        rows = "".join(
            f"<p class='diff'><span class='soft small'>{escape(say(part, lang))}</span><br>{marked(template[language][part], texts[language][part])}</p>"
            for part in changed)
        columns.append(f"<div lang='{language}'><b class='small'>{name}</b>{rows or none}</div>")
    return f"<h3>{escape(say('edits', lang))}</h3><div class='two small'>{''.join(columns)}</div>"


def _covered(found: Look, lang: Lang) -> str:
    cells = "".join(
        f"<tr><td>{escape(one.zone.name_en if lang == 'en' else one.zone.name_zh)}</td><td>{_share(one.share)}</td><td>{one.km2:,.1f} km²</td></tr>"
        for one in found.covered[:16])
    more = f"<p class='soft small'>… {len(found.covered) - 16}</p>" if len(found.covered) > 16 else ""
    return f"<h3>{escape(say('covered', lang))}</h3><table class='grid'>{cells}</table>{more}"


def _share(share: float) -> str:
    """A sliver is not nothing."""
    return "&lt; 0.1%" if share < 0.0005 else f"{share:.1%}"


def _channels(carried: Sequence[AsRead], ways: Sequence[Way], lang: Lang) -> str:
    if not ways:
        return f"<p class='soft small'>{escape(say('no_channels', lang))}</p>"
    blocks = []
    for number, way in enumerate(ways):
        own = [one for one in carried if one.channel == way.channel]
        heads = " · ".join(f"{_NAMES[one.language]} {measure(one, lang)}" for one in own)
        texts = "".join(
            f"<div lang='{one.language}'><p class='fault small'>{escape(say('cannot_say', lang))} {escape(explained(one.fault, lang))}</p></div>" if one.fault else
            f"<div lang='{one.language}'>" + (f"<p class='soft small'>{escape(say('subject', lang))}: {escape(one.subject)}</p>" if way.kind in _WITH_SUBJECT else "")
            + f"<div class='carried'>{escape(one.text)}</div></div>"
            for one in own)
        blocks.append(f"<details{' open' if number == 0 else ''}><summary>{escape(channel_word(way.channel, lang))} <span class='soft small'>{escape(heads)}</span></summary><div class='two'>{texts}</div></details>")
    return f"<h3>{escape(say('as_read', lang))}</h3>{''.join(blocks)}"


_WITH_SUBJECT = ("email", "webpush")


def measure(one: AsRead, lang: Lang) -> str:
    """``134 字 UCS-2 · 2 条``, with the limit where there is one."""
    if one.fault:
        return "✗"
    room = "" if one.room is None else f" / {one.room}"
    words = f"{one.units}{room} {say('chars', lang)}"
    if one.segments:
        words += f" {one.alphabet} · {one.segments} {say('segments', lang)}"
    return words + (f" · {say('shortened', lang)}" if one.shortened else "")
