"""A page of the console that a notice names is a link; nothing else of the notice is more than text."""

import pytest

from warning.web.console.linked import linked
from warning.web.words import explained

LATE = "请电话通知该岗位，职责见 /console/responses / call the post by telephone; the duty stands at /console/responses"


def test_the_page_that_a_next_step_names_opens_in_the_readers_language() -> None:
    assert linked(explained(LATE, "en"), "en") == (
        "call the post by telephone; the duty stands at <a href='/console/responses?lang=en'>/console/responses</a>")
    assert "职责见 <a href='/console/responses?lang=zh'>/console/responses</a>" in linked(explained(LATE, "zh"), "zh")
    assert linked("请核对/console/roster名册", "zh") == "请核对<a href='/console/roster?lang=zh'>/console/roster</a>名册"
    assert linked("mend it: /console/roster.", "en") == "mend it: <a href='/console/roster?lang=en'>/console/roster</a>."


@pytest.mark.parametrize("said", ["/console/", "/consoles/x", "/console/a-b", "/console/alert/2.49", "//evil.example/console", "https://evil.example/console/roster", "/api/alerts"])
def test_no_other_address_becomes_a_link(said: str) -> None:
    assert linked(said, "en") == said


def test_what_looks_like_html_stays_text() -> None:
    assert linked("<a href='/console/roster'>&</a>", "en") == (
        "&lt;a href=&#x27;<a href='/console/roster?lang=en'>/console/roster</a>&#x27;&gt;&amp;&lt;/a&gt;")
    assert "<script" not in linked("/console/roster<script>", "en")
