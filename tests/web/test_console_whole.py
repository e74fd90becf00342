"""A page of the console is sent when it is made, and not before."""

import httpx

from tests.web.browsing import site

__all__ = ["site"]


def test_no_page_carries_a_list_of_zones_nor_the_main_page_the_form_that_follows_its_map(site: str) -> None:
    with httpx.Client(base_url=site, follow_redirects=True) as console:
        console.post("/login", data={"token": "token-fu"})
        desk, compose = console.get("/console/").text, console.get("/console/compose").text
    assert '"tag":"nicegui-zonepick"' in compose
    assert "金山区" not in compose.replace("金山区气象", "")
    assert '"tag":"nicegui-zonemap"' in desk
    assert '"tag":"nicegui-zonepick"' not in desk
    assert '"tag":"q-slider"' not in desk, "nor the controls of its field, whose place is kept"
    assert "超过阈值的格点" in desk, "but what the map's signs mean"


def test_a_page_of_the_console_is_sent_whole_and_not_before_it_is_made(site: str) -> None:
    """What is added after the page was sent comes as text: its styles are late, and its scripts, such as the keys, never run."""
    proposal = httpx.get(f"{site}/api/proposals", headers={"Authorization": "Bearer token-fu"}, timeout=60).json()[0]["id"]
    with httpx.Client(base_url=site, follow_redirects=True, timeout=60) as console:
        console.post("/login", data={"token": "token-fu"})
        for path in ("/", "/compose", "/packs", "/arrivals", f"/explain/{proposal}", "/calls", "/roster", "/responses", "/routes", "/wall") * 3:
            answer = console.get(f"/console{path}")
            assert "id='keys-made'" in answer.text, path
            assert (answer.headers["x-content-type-options"], answer.headers["x-frame-options"], answer.headers["referrer-policy"]) == (
                "nosniff", "DENY", "no-referrer"), path
            assert {"default-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= set(answer.headers["content-security-policy"].split("; ")), path
