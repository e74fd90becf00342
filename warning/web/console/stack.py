"""A table that a phone reads downwards: there a row is a card of its cells, each behind its name, and nothing is scrolled sideways."""

from collections.abc import Sequence
from html import escape

CSS = """
@media(max-width:640px){.stack thead{display:none}.stack tr{display:block;border-bottom:1px solid #cfd6df;padding:.4rem 0}
.stack td{display:grid;grid-template-columns:6rem minmax(0,1fr);border:0;overflow-wrap:anywhere}.stack td::before{content:attr(data-of);color:var(--soft)}
.stack td:has(>div:empty){display:none}}
"""


def stacked(heads: Sequence[str], rows: Sequence[Sequence[str]], *, label: str = "", caption: str = "") -> str:
    """HTML; the cells of ``rows`` are HTML already, the heads are text. An empty cell is left out on a phone. Its page brings ``CSS``."""
    head = "".join(f"<th scope='col'>{escape(one)}</th>" if one else "<td></td>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td data-of='{escape(of)}'><div>{cell}</div></td>" for of, cell in zip(heads, row, strict=True)) + "</tr>" for row in rows)
    named = f" aria-label='{escape(label)}'" if label else ""
    told = f"<caption class='soft small' style='text-align:left'>{escape(caption)}</caption>" if caption else ""
    return f"<table class='grid stack'{named}>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
