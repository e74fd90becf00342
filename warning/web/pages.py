"""Server-rendered pages: one Jinja environment, autoescaped, with the words of one language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from warning.cap import Info
from warning.clock import SystemClock
from warning.web.links import Links, live, switched
from warning.web.parts import Parts
from warning.web.words import SYMBOL, Lang, channel_word, hazard_name, level_word, local_time, say, zone_name

GOOD_FOR = timedelta(minutes=10)
"""After so long a page that is still on a screen, or in a cache, says that it is old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A page on a disk: until when it may be believed, by the wall's clock (that of a drill is another), and by the page's."""

    until: datetime
    shown_until: datetime


_SENTENCE = re.compile(r"[。！？!?]|(?<!\d)\.(?=\s)|(?=\n)")


def environment() -> Environment:
    """Templates are read through importlib.resources, so that a wheel works as a checkout does."""
    folder = files("warning.web") / "templates"
    made = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False)
    made.filters["brief"] = brief
    return made


def brief(text: str, most: int) -> str:
    """The whole of it, or its first sentences and an ellipsis: at most ``most`` characters, never cut within an instruction when one ends in the second half."""
    if len(text) <= most:
        return text
    ends = [found.end() for found in _SENTENCE.finditer(text, 0, most - 1) if found.end() > most // 2]
    return text[:ends[-1] if ends else most - 1].rstrip() + "…"


def render(
    jinja: Environment, parts: Parts, template: str, lang: Lang, now: datetime, links: Links = live, copy: Copy | None = None, /,
    **values: object
) -> str:
    """The page's text. Values are what the template names; StrictUndefined refuses a forgotten one."""
    until = copy.until if copy is not None else SystemClock().now() + GOOD_FOR
    other: Lang = "zh" if lang == "en" else "en"
    words = {
        "lang": lang, "t": partial(say, lang=lang), "level_word": partial(level_word, lang=lang), "channel": partial(channel_word, lang=lang),
        "time": partial(local_time, lang=lang, now=now), "moment": partial(local_time, lang=lang), "zone": partial(zone_name, parts.zones, lang=lang),
        "hazard": partial(hazard_name, parts.rule_sets, lang=lang), "symbol": SYMBOL, "now": now, "until": until, "copy": copy,
        "href": lambda path: links(path, lang), "translated": lambda path: links(path, other), "file": lambda path: links(path, None),
        "exercise": parts.settings.status != "Actual", "spoken": partial(_spoken, lang),
    }
    return jinja.get_template(template).render({**words, **values})


def _spoken(lang: Lang, info: Info) -> Markup:
    """The attribute that tells a screen reader by which voice words are read that are not in the page's language."""
    own = info.language.lower().startswith(lang)
    return Markup("") if own else Markup(' lang="{}"').format(info.language)


def page(
    request: Request, template: str, lang: Lang, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
) -> HTMLResponse:
    """A page that is not cached."""
    parts: Parts = request.app.state.parts
    other: Lang = "zh" if lang == "en" else "en"
    content = render(request.app.state.jinja, parts, template, lang, parts.clock.now(), live, None,
                     **{"switched": lambda path: switched(path, request.query_params, other), **values})
    return HTMLResponse(content, status_code=status, headers=dict(headers or {"Cache-Control": "no-store"}))
