"""Links: where a page of ours points to, on the running server and in a copy on a disk."""

from collections.abc import Callable
from posixpath import dirname, relpath
from typing import Literal
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from warning.web.words import Lang

Links = Callable[[str, Lang | None], str]
"""A path such as ``/place/310115`` in a language (None = a file without one) → what stands in ``href``."""

PAGES = ("/place/", "/alert/", "/archive")
"""What becomes ``….html`` in a copy."""


def live(path: str, lang: Lang | None) -> str:
    """As the server answers it."""
    if lang != "en":
        return path
    return "/en" if path == "/" else f"/en{path}"


def switched(path: str, query: QueryParams, to: Lang) -> str:
    """The same page in another language: what its query chose stays chosen."""
    return f"{path}?{urlencode([(key, value) for key, value in query.multi_items() if key != 'lang'] + [('lang', to)])}"


def file_of(path: str, lang: Lang | None) -> str:
    """The file of a copy that holds this page, from its folder."""
    inside = "en/" if lang == "en" else ""
    if path == "/":
        return f"{inside}index.html"
    return f"{inside}{path.lstrip('/')}.html" if path.startswith(PAGES) else path.lstrip("/")


def copied(here: str, lang: Literal["zh", "en"]) -> Links:
    """Links of the page ``here`` of a copy: relative, so that the folder may lie anywhere."""
    folder = dirname(file_of(here, lang)) or "."

    def link(path: str, to: Lang | None) -> str:
        return relpath(file_of(path, to), folder)

    return link
