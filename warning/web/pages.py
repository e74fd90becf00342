"""Server-rendered pages: one Jinja environment, autoescaped, with the words of one language."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib.resources import files

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined

from warning.web.parts import Parts
from warning.web.words import SYMBOL, Lang, hazard_name, level_word, local_time, say, zone_name


def environment() -> Environment:
    """Templates are read through importlib.resources, so that a wheel works as a checkout does."""
    folder = files("warning.web") / "templates"
    return Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False)


def render(jinja: Environment, parts: Parts, template: str, lang: Lang, now: datetime, **values: object) -> str:
    """The page's text. Values are what the template names; StrictUndefined refuses a forgotten one."""
    words = {
        "lang": lang, "t": partial(say, lang=lang), "level_word": partial(level_word, lang=lang),
        "time": partial(local_time, lang=lang, now=now), "zone": partial(zone_name, parts.zones, lang=lang),
        "hazard": partial(hazard_name, parts.rule_sets, lang=lang), "symbol": SYMBOL, "now": now,
        "base": "/en" if lang == "en" else "", "exercise": parts.settings.status != "Actual",
    }
    return jinja.get_template(template).render({**words, **values})


def page(
    request: Request, template: str, lang: Lang, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
) -> HTMLResponse:
    """A page that is not cached."""
    parts: Parts = request.app.state.parts
    content = render(request.app.state.jinja, parts, template, lang, parts.clock.now(), **values)
    return HTMLResponse(content, status_code=status, headers=dict(headers or {"Cache-Control": "no-store"}))
