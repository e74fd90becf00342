"""A person who opens an address that is none gets a page in their language; a program gets problem+json."""

import pytest

from tests.web.conftest import World

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(("path", "heading", "back"), [
    ("/place/999999", "没有这一页", 'href="/"'),
    ("/en/place/999999", "There is no such page", 'href="/en"'),
    ("/alert/nothing", "没有这一页", 'href="/"'),
    ("/nowhere?lang=en", "There is no such page", 'href="/en"'),
])
async def test_a_wrong_address_is_a_page_with_the_way_back(world: World, path: str, heading: str, back: str) -> None:
    answer = await world.http.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{heading}</h1>" in answer.text
    assert back in answer.text
    assert "系统原文" not in answer.text
    assert ("It does not mean that there is no warning." if "no such" in heading else "这不表示没有预警。") in answer.text


@pytest.mark.parametrize(("path", "headers"), [("/place/999999", {"Accept": "*/*"}), ("/api/alerts/nothing", BROWSER), ("/api/nowhere", BROWSER)])
async def test_a_program_gets_problem_json(world: World, path: str, headers: dict[str, str]) -> None:
    answer = await world.http.get(path, headers=headers)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["next_step"]
