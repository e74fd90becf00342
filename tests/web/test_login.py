"""Signing in: one sentence for every fault, pauses after wrong tries, codes that count once, sessions that end everywhere."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text
from starlette.responses import Response

from tests.web.conftest import World
from warning.web.auth import Session
from warning.web.device import device

PASSWORD = "rivers rise at night"


async def signed_in(world: World, who: str = "fu") -> httpx.AsyncClient:
    """A browser of its own, signed in with the first token."""
    browser = browser_of(world)
    assert (await browser.post("/login", data={"token": f"token-{who}"})).status_code == 303
    return browser


def browser_of(world: World, address: str = "127.0.0.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=world.app, client=(address, 4711)), base_url="http://faces.test")


async def with_password(world: World, who: str = "fu") -> httpx.AsyncClient:
    browser = await signed_in(world, who)
    done = await browser.post("/me", data={"act": "password", "new": PASSWORD, "again": PASSWORD})
    assert done.status_code == 303, done.text
    return browser


async def with_factor(world: World) -> tuple[pyotp.TOTP, str]:
    """fu has a password and a second factor; the app on the phone, and the code that was used up for it."""
    browser = await with_password(world)
    await browser.post("/me", data={"act": "factor"})
    page = (await browser.get("/me?factor=1")).text
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found is not None
    app = pyotp.TOTP(found[1])
    used = app.now()
    assert (await browser.post("/me?factor=1", data={"act": "confirm", "code": used})).status_code == 303
    return app, used


async def no_time_passes(world: World) -> None:
    """The last try was at this moment, also for a machine that needs seconds for the next one."""
    await world.execute("UPDATE login_try SET last_at = clock_timestamp() + interval '1 minute'")


async def rows(world: World, sql: str) -> list[tuple[Any, ...]]:
    async with world.parts.database.begin() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def test_the_first_token_opens_the_console_until_a_password_is_set(world: World) -> None:
    await with_password(world)
    refused = await browser_of(world).post("/login", data={"token": "token-fu"})
    assert refused.status_code == 401
    assert "口令" in refused.text
    assert (await world.get("/api/proposals", "fu")).status_code == 200  # for programs it counts as before
    assert (await browser_of(world).post("/login", data={"name": "fu", "password": PASSWORD})).status_code == 303


@pytest.mark.parametrize("fields", [{"name": "fu", "password": "wrong wrong wrong"}, {"name": "nobody", "password": PASSWORD}, {"name": "lin", "password": ""}])
async def test_whatever_is_wrong_the_answer_is_the_same(world: World, fields: dict[str, str]) -> None:
    await with_password(world)
    answer = await browser_of(world).post("/login?lang=en", data=fields)
    assert answer.status_code == 401
    assert "name, password or code is wrong" in answer.text
    assert "set-cookie" not in answer.headers


async def test_wrong_tries_are_answered_with_a_pause_even_when_the_sixth_is_right(world: World) -> None:
    await with_password(world)
    browser = browser_of(world)
    for _ in range(5):
        await browser.post("/login", data={"name": "fu", "password": "wrong wrong wrong"})
    await no_time_passes(world)
    paused = await browser.post("/login?lang=en", data={"name": "fu", "password": PASSWORD})
    assert paused.status_code == 429
    assert "wait" in paused.text
    await world.execute("UPDATE login_try SET last_at = clock_timestamp() - interval '3 seconds'")
    assert (await browser.post("/login", data={"name": "fu", "password": PASSWORD})).status_code == 303


async def test_a_stranger_who_locks_a_name_locks_out_nobody_who_has_signed_in_here_before(world: World) -> None:
    await with_password(world)
    browser, right = browser_of(world), {"name": "fu", "password": PASSWORD}
    assert (await browser.post("/login", data=right)).status_code == 303
    assert (await browser.post("/logout")).status_code == 303
    for _ in range(7):  # from the same address even: behind one proxy all have it
        await browser_of(world).post("/login", data={"name": "fu", "password": "wrong wrong wrong"})
    await no_time_passes(world)
    assert (await browser_of(world).post("/login", data=right)).status_code == 429
    assert (await browser.post("/login", data=right)).status_code == 303
    assert (await browser_of(world, "198.51.100.9").post("/login", data=right)).status_code == 429  # the stranger's tries are not forgotten for it
    lent = browser_of(world)
    lent.cookies.set("xxs_browser", browser.cookies["xxs_browser"])
    assert (await lent.post("/login", data={"name": "lin", "password": "wrong wrong wrong"})).status_code == 429  # known for its own name alone
    for _ in range(5):
        assert (await lent.post("/login", data={"name": "fu", "password": "wrong wrong wrong"})).status_code == 401
    await no_time_passes(world)
    assert (await lent.post("/login", data=right)).status_code == 429  # a stolen word has as many guesses as a stranger
    assert (await browser.post("/login", data=right)).status_code == 429


async def test_the_word_of_a_browser_opens_nothing_and_is_for_no_script_and_no_other_site(world: World) -> None:
    await with_password(world)
    answer = await browser_of(world).post("/login", data={"name": "fu", "password": PASSWORD})
    [said] = [one for one in answer.headers.get_list("set-cookie") if one.startswith("xxs_browser=")]
    assert {"httponly", "samesite=strict", "path=/"} <= set(said.lower().split("; "))
    word = browser_of(world)
    word.cookies.set("xxs_browser", answer.cookies["xxs_browser"])
    assert (await word.get("/me")).headers["location"].startswith("/login")
    assert "xxs_browser" not in (await browser_of(world).post("/login", data={"token": "token-lin"})).cookies  # a token proves no password


async def test_a_stolen_session_guesses_the_password_no_faster_than_a_stranger(world: World) -> None:
    browser = await with_password(world)
    change = {"act": "password", "new": "another good one here", "again": "another good one here"}
    for _ in range(5):
        assert (await browser.post("/me", data=change | {"old": "wrong wrong wrong"})).status_code == 422
    await no_time_passes(world)
    paused = await browser.post("/me?lang=en", data=change | {"old": PASSWORD})
    assert (paused.status_code, "wait" in paused.text) == (429, True)
    assert (await browser_of(world).post("/login", data={"name": "fu", "password": PASSWORD})).status_code == 429  # one count for both doors
    await world.execute("UPDATE login_try SET last_at = clock_timestamp() - interval '3 seconds'")
    assert (await browser.post("/me", data=change | {"old": PASSWORD})).status_code == 303


async def test_tries_at_the_same_moment_are_counted_one_by_one(world: World) -> None:
    await with_password(world)
    began = time.monotonic()
    answers = await asyncio.gather(*(browser_of(world).post("/login", data={"name": "fu", "password": "wrong wrong wrong"}) for _ in range(12)))
    freed = int((time.monotonic() - began) // 2)  # where that took longer than the pause, one more was let in
    refused = [answer.status_code for answer in answers].count(429)
    assert 7 - freed <= refused <= 7
    assert {answer.status_code for answer in answers} <= {401, 429}


async def test_codes_of_a_phone_that_is_being_added_are_tried_five_times(world: World) -> None:
    browser = await with_password(world)
    await browser.post("/me", data={"act": "factor"})
    found = re.search(r"<code>([A-Z2-7]{32})</code>", (await browser.get("/me?factor=1")).text)
    assert found is not None
    app = pyotp.TOTP(found[1])
    for _ in range(5):
        assert (await browser.post("/me?factor=1", data={"act": "confirm", "code": "no"})).status_code == 422
    await no_time_passes(world)
    assert (await browser.post("/me?factor=1", data={"act": "confirm", "code": app.now()})).status_code == 429
    await world.execute("UPDATE login_try SET last_at = clock_timestamp() - interval '3 seconds'")
    assert (await browser.post("/me?factor=1", data={"act": "confirm", "code": app.now()})).status_code == 303


async def test_what_is_counted_names_nobody(world: World) -> None:
    await with_password(world)
    await browser_of(world).post("/login", data={"name": "fu", "password": "wrong wrong wrong"})
    kept = [key for (key,) in await rows(world, "SELECT key FROM login_try")]
    assert len(kept) == 2  # of the name, and of where it came from
    assert all(re.fullmatch(r"[0-9a-f]{64}", key) for key in kept)


async def test_what_is_forgotten_is_kept_no_longer(world: World) -> None:
    for name in ("made-up-1", "made-up-2"):
        await browser_of(world).post("/login", data={"name": name, "password": "wrong wrong wrong"})
    assert len(await rows(world, "SELECT key FROM login_try")) == 3  # two names, one address
    await world.execute("UPDATE login_try SET last_at = clock_timestamp() - interval '59 minutes'")
    await browser_of(world).post("/login", data={"name": "made-up-3", "password": "wrong wrong wrong"})
    assert len(await rows(world, "SELECT key FROM login_try")) == 4
    await world.execute("UPDATE login_try SET last_at = clock_timestamp() - interval '61 minutes'")
    await browser_of(world).post("/login", data={"name": "made-up-3", "password": "wrong wrong wrong"})
    assert await rows(world, "SELECT failures FROM login_try ORDER BY failures") == [(1,), (1,)]  # the name of now, and the address


async def test_with_a_second_factor_the_password_alone_opens_nothing_and_a_code_counts_once(world: World) -> None:
    app, used = await with_factor(world)
    browser = browser_of(world)
    assert (await browser.post("/login", data={"name": "fu", "password": PASSWORD})).status_code == 401
    # The code that confirmed the factor was used up; the next step's code is within the drift that is allowed.
    later = app.at(datetime.now(UTC) + timedelta(seconds=30))
    assert (await browser.post("/login", data={"name": "fu", "password": PASSWORD, "code": used})).status_code == 401
    assert (await browser.post("/login", data={"name": "fu", "password": PASSWORD, "code": later})).status_code == 303
    assert (await browser_of(world).post("/login", data={"name": "fu", "password": PASSWORD, "code": later})).status_code == 401


async def test_the_factors_secret_lies_sealed_in_the_database(world: World) -> None:
    app, _ = await with_factor(world)
    [(kept,)] = await rows(world, "SELECT factor FROM credential")
    assert app.secret not in str(kept)


async def test_a_session_that_was_there_before_is_not_the_one_after_log_in(world: World) -> None:
    browser = browser_of(world)
    browser.cookies.set("xxs_session", "chosen-by-an-attacker", domain="faces.test")
    answer = await browser.post("/login", data={"token": "token-fu"})
    assert "chosen-by-an-attacker" not in answer.headers["set-cookie"]
    first = browser.cookies["xxs_session"]
    await browser.post("/login", data={"token": "token-fu"})
    assert browser.cookies["xxs_session"] != first
    stale = browser_of(world)
    stale.cookies.set("xxs_session", first, domain="faces.test")
    assert (await stale.get("/me")).status_code == 303  # the session before ended with the new log-in


@pytest.mark.parametrize("secure", [False, True])
def test_cookies_are_for_no_script_no_other_site_and_over_https_for_no_other_host(secure: bool) -> None:
    answer, session = Response(), Session(secure=secure)
    session.open(answer, "word")
    session.remember(answer, "known")
    said = [set(one.lower().split("; ")) for one in answer.headers.getlist("set-cookie")]
    prefix = "__host-" if secure else ""  # a browser takes such a cookie from this very host over HTTPS only (RFC 6265bis §4.1.3.2)
    assert [next(iter(one & {f"{prefix}xxs_session=word", f"{prefix}xxs_browser=known"}), "") for one in said] == [
        f"{prefix}xxs_session=word", f"{prefix}xxs_browser=known"]
    for one in said:
        assert {"httponly", "samesite=strict", "path=/"} <= one
        assert ("secure" in one) is secure
        assert not [word for word in one if word.startswith("domain")]


async def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    browser = await signed_in(world)
    kept = browser.cookies["xxs_session"]
    await browser.post("/logout")
    browser.cookies.set("xxs_session", kept, domain="faces.test")
    assert (await browser.get("/me")).headers["location"].startswith("/login")


@pytest.mark.parametrize("moved", ["seen_at = clock_timestamp() - interval '2 hours 1 minute'",
                                   "opened_at = clock_timestamp() - interval '12 hours 1 minute'"])
async def test_a_session_ends_after_two_idle_hours_and_after_a_shift(world: World, moved: str) -> None:
    browser = await signed_in(world)
    assert (await browser.get("/me")).status_code == 200
    await world.execute(f"UPDATE session SET {moved}")
    assert (await browser.get("/me")).status_code == 303


async def test_a_new_password_ends_every_other_session(world: World) -> None:
    phone = await signed_in(world)
    desk = await with_password(world)
    assert (await desk.get("/me")).status_code == 200
    assert (await phone.get("/me")).status_code == 303
    wrong = await desk.post("/me?lang=en", data={"act": "password", "old": "no no no no no", "new": "another good one here", "again": "another good one here"})
    assert wrong.status_code == 422
    assert "the present password is wrong" in wrong.text
    weak = await desk.post("/me?lang=en", data={"act": "password", "old": PASSWORD, "new": "password1234", "again": "password1234"})
    assert "choose several words" in weak.text


async def test_a_form_of_another_site_is_refused_although_the_cookie_is_right(world: World) -> None:
    browser = await signed_in(world)
    for head in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "http://evilfaces.test"},
                 {"Origin": "http://faces.test.evil.example"}, {"Origin": "http://faces.test@evil.example"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://faces.test"}):
        for path, form in (("/me", {"act": "end-sessions"}), ("/logout", {}), ("/login", {"token": "token-fu"})):
            assert (await browser.post(path, data=form, headers=head)).status_code == 403
    assert (await browser.get("/me")).status_code == 200
    # The browser's own word counts first: behind a proxy that renames the host, Origin is another.
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "https://warnings.example"}
    assert (await browser.post("/me", data={"act": "end-sessions"}, headers=own)).status_code == 303


async def test_every_log_in_and_change_is_in_the_audit_trail_and_no_secret_is(world: World) -> None:
    app, _ = await with_factor(world)
    trail = await rows(world, "SELECT who, act, object, detail::text FROM audit ORDER BY id")
    assert [row[:2] for row in trail] == [("fu", "log in"), ("fu", "password"), ("fu", "second factor")]
    assert PASSWORD not in str(trail)
    assert app.secret not in str(trail)


async def test_a_renewed_account_begins_anew(world: World) -> None:
    browser = await with_password(world)
    request = (await world.post("/api/admin/requests", "root", {"act": "add", "name": "fu", "role": "forecaster"})).json()["id"]
    await world.execute("INSERT INTO account (name, role, token_hash) VALUES ('second', 'admin', encode(sha256('token-second'), 'hex'))")
    token = (await world.post(f"/api/admin/requests/{request}", "second", {"confirmed": True})).json()["token"]
    assert (await browser.get("/me")).status_code == 303
    assert (await browser_of(world).post("/login", data={"name": "fu", "password": PASSWORD})).status_code == 401
    assert (await browser_of(world).post("/login", data={"token": token})).status_code == 303


@pytest.mark.parametrize(("client", "words"), [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile Safari/604.1", "Safari · iPhone"),
    ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0", "WeChat · Android"),
    ("python-httpx/0.28.1", "python-httpx/0.28.1"),
])
def test_a_session_is_named_so_that_its_owner_knows_it_again(client: str, words: str) -> None:
    assert device(client) == words
