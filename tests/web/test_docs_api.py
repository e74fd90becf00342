"""The examples of docs/api.md run as they stand."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from tests.web.conftest import World

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def examples() -> list[list[str]]:
    """The words of each curl command of the page."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(one, comments=True) for block in blocks for one in re.split(r"\n(?=curl )", block.strip())]


async def test_every_example_of_the_page_is_answered(world: World) -> None:
    await world.warned(zones=["310115"])
    told = []
    assert not re.search(r"(?m)^curl [^#\"'\n]*\?", PAGE.read_text(encoding="utf-8")), "the shell of a Mac takes a bare question mark for a pattern"
    for words in examples():
        assert words[0] == "curl"
        url = urlsplit(next(word for word in words if word.startswith("http")))
        path = f"{url.path}?{url.query}" if url.query else url.path
        heads = dict(words[at + 1].replace("$TOKEN", "token-office").split(": ", 1) for at, word in enumerate(words) if word == "-H")
        if "-N" in words:  # it never ends: tests/web/test_events.py
            assert path in (await world.get("/openapi.json")).json()["paths"]
            continue
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        method = "POST" if body else "HEAD" if "-I" in words else "GET"
        answer = await world.http.request(method, path, headers=heads, json=body)
        told.append((path, answer.status_code))
    assert [one for one in told if one[1] >= 400] == []
    assert len(told) >= 16
