"""Text diff: what an operator has changed of the template's words, marked for a reader who has ten seconds."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from html import escape

_TOKENS = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)
"""A Latin word or number is one thing; of Chinese every character is."""


def parts(before: str, after: str) -> Iterator[tuple[str, str]]:
    """``("same" | "gone" | "new", words)`` in the order in which they are read."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    for what, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if what == "equal":
            yield "same", "".join(old[i1:i2])
            continue
        if i2 > i1:
            yield "gone", "".join(old[i1:i2])
        if j2 > j1:
            yield "new", "".join(new[j1:j2])


def marked(before: str, after: str) -> str:
    """HTML: what is gone struck through, what is new underlined; by shape, not by colour alone."""
    tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    return "".join(tags[what].format(escape(words)) for what, words in parts(before, after)).replace("\n", "<br>")
