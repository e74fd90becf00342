"""Addresses of this console in what is said to an operator, as links; everything else of it is text."""

import re
from html import escape

from warning.web.words import Lang

_ADDRESS = re.compile(r"(?<![\w./-])/console(?:/[a-z]+)+(?![\w/-])", re.ASCII)
"""A page by its words alone: no number, no name and no mark can be smuggled into a link."""


def linked(said: str, lang: Lang) -> str:
    """HTML of ``said``: a page that it names opens in the reader's language."""
    parts, at = [], 0
    for found in _ADDRESS.finditer(said):
        parts += [escape(said[at:found.start()]), f"<a href='{found[0]}?lang={lang}'>{found[0]}</a>"]
        at = found.end()
    return "".join([*parts, escape(said[at:])])
