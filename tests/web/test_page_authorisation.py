"""Who may open which page and send which form, with a session: against a table written by hand, in which a missing address fails.

The console's acts come over NiceGUI's event channel. Each ends in a verb of a desk, asked as the account that the cookie names at that
moment; the table says which address of the API asks the same verb, and the matrices of the API show whom it refuses.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from fastapi.routing import iter_route_contexts

from tests.web.conftest import TOKENS, World
from tests.web.test_authorisation import CALLERS, TABLE, addresses
from tests.web.test_foreign import state
from warning.account import Account, token_hash
from warning.errors import NotAllowed
from warning.issue.hand import HandMade
from warning.level import Level
from warning.web.auth import Session, signed_in
from warning.web.followup import propose

# "+" is answered, "-" is refused (403), ">" is sent to the log-in, "?" must sign in (401); in the order of CALLERS.
OPEN, SIGNED_IN, OFFICE = "++++++", ">+++++", ">---++"
PAGES = {
    "GET /login": OPEN, "POST /login": OPEN, "POST /logout": ">>>>>>", "GET /login/oidc": OPEN, "GET /login/oidc/back": OPEN,
    "GET /me": SIGNED_IN, "POST /me": SIGNED_IN,
    "GET /office": OFFICE, "GET /office/new": OFFICE, "POST /office/new": OFFICE, "GET /office/{number}": OFFICE, "POST /office/{number}": OFFICE,
    "GET /office/attempts": OFFICE, "POST /office/attempts": OFFICE, "GET /office/attempts.csv": OFFICE, "GET /office/office.js": OPEN,
    "POST /register": OPEN, "POST /en/register": OPEN, "POST /register/confirm": OPEN, "POST /en/register/confirm": OPEN,
    "POST /register/end": OPEN, "POST /en/register/end": OPEN,
}
"""Every address outside of the API that asks who is there, and every one that a form is sent to."""
CONSOLE = {
    "/": SIGNED_IN, "/compose": SIGNED_IN, "/packs": SIGNED_IN, "/responses": SIGNED_IN, "/routes": SIGNED_IN, "/wall": SIGNED_IN,
    "/explain/{proposal}": SIGNED_IN, "/alert/{identifier}": SIGNED_IN,
    "/arrivals": ">+++-+",  # what has come in may be forged: an office reads what went out
    "/calls": ">+++-+", "/roster": ">+++-+",  # the office of this test has no area, and names are shown by area
    "/field/{key}.png": "?+++++", "/ground/{version}/{lang}/{number}.json": "?+++++", "/paper/{name}.json": "?+++++", "/tiles/{version}/{z}/{x}/{y}": "?+++++",
}
"""What may be looked at. A button is shown by role; whether the act behind it is allowed is the desk's word, see ACTS."""
ACTS = {
    "RouteStore.order": "POST /api/routes/{channel}/{route}",
    "answer.enter": "POST /api/calls/{call_id}/answer",
    "consult.review": "POST /api/reviews/{identifier}",
    "consult.say": "POST /api/proposals/{proposal_id}/notes",
    "dispatch.retry": "POST /api/deliveries/retry",
    "dispatch.skip": "POST /api/deliveries/skip",
    "issue.approve": "POST /api/proposals/{proposal_id}/approve",
    "issue.compose": "POST /api/proposals",
    "issue.dismiss": "POST /api/proposals/{proposal_id}/dismiss",
    "issue.express": "POST /api/proposals/{proposal_id}/express",
    "issue.give_back": "POST /api/proposals/{proposal_id}/return",
    "issue.submit": "POST /api/proposals/{proposal_id}/submit",
    "proofs.test": "POST /api/roster/contacts/{contact}/test",
    "proofs.test_all": "POST /api/roster/tests",
    "propose": "POST /api/proposals",  # an update or end, composed by one click
    "response.acknowledge": "POST /api/responses/{response_id}/duties/{duty_id}/acknowledge",
    "response.close": "POST /api/responses/{response_id}/close",
    "response.done": "POST /api/responses/{response_id}/duties/{duty_id}/done",
    "response.tick": "POST /api/responses/{response_id}/duties/{duty_id}/checks/{check}",
    "retract": "POST /api/alerts/{identifier}/retract",
    "risk.sign": "POST /api/packs/{pack}/sign",
    "risk.withdraw": "POST /api/packs/{pack}/withdraw",
    "rosters.bring": "POST /api/roster/import",
    "rosters.export": "GET /api/roster/export.csv",
    "rosters.prove": "POST /api/roster/contacts/{contact}/proof",
}
"""Everything that the console can do, and the address that does the same."""
READS = {
    "RouteStore.views", "answer.board", "consulted.notes", "consulted.owed", "feeds.standings", "issue.fast", "issue.form_texts", "issue.look",
    "issue.look_by_hand", "proofs.latest", "rates.rates", "reach.noise", "reach.plan", "require_insider", "response.responses", "risks.notices", "risks.signatures", "rosters.gaps",
    "rosters.posts", "rosters.scores", "trust.ended",
}
"""What it only looks at."""
_HERE = {"Sec-Fetch-Site": "same-origin"}


def test_every_page_that_asks_who_is_there_and_every_form_is_in_the_table(world: World) -> None:
    asked = {one for one in addresses(world) if not one.split(" ")[1].startswith("/api/") and (
        one.startswith("POST ") or one.split(" ")[1].split("/")[1] in ("login", "logout", "me", "office"))}
    assert sorted(asked ^ set(PAGES)) == []
    assert {len(row) for row in (*PAGES.values(), *CONSOLE.values())} == {len(CALLERS)}


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_page_answers_a_session_as_the_table_says(world: World, caller: str) -> None:
    who = next((name for name, role in TOKENS.items() if role == caller), None)
    made = await world.post("/api/subscriptions", "office", {"name": "duty", "channel": "webhook", "address": "https://203.0.113.7/x", "zones": ["310115"]})
    wrong = []
    for address, row in PAGES.items():
        world.http.cookies.clear()
        if who is not None:
            assert (await world.http.post("/login", data={"token": f"token-{who}"}, headers=_HERE)).status_code == 303
        method, path = address.split(" ")
        answer = await world.http.request(
            method, path.replace("{number}", str(made.json()["id"])), headers=_HERE, data={"act": "preview"} if method == "POST" else None)
        if (got := sign(answer, path)) != row[CALLERS.index(caller)]:
            wrong.append(f"{address}: {got} {answer.status_code} {answer.headers.get('location', '')}")
    assert wrong == []


@pytest.mark.parametrize("act", ["save", "preview", "pause", "end-pause", "test", "secret", "contact", "contact-remove", "end"])
async def test_a_form_of_an_office_does_nothing_to_anothers_subscription_and_what_it_says_to_ones_own(world: World, act: str) -> None:
    await world.execute("INSERT INTO account (name, role, token_hash) VALUES ('rival', 'office', :h)", {"h": token_hash("token-rival")})
    made = await world.post("/api/subscriptions", "office", {"name": "duty", "channel": "webhook", "address": "https://203.0.113.7/x", "zones": ["310115"]})
    number = made.json()["id"]
    path = f"/api/subscriptions/{number}"
    paused = await world.post(f"{path}/pauses", "office", {"starts_at": "2024-09-21T00:00:00Z", "ends_at": "2024-09-22T00:00:00Z"})
    assert paused.status_code == 201, paused.text
    below = await world.http.put(f"{path}/contacts", headers={"Authorization": "Bearer token-office"},
                                 json={"contacts": [{"name": "next", "channel": "webhook", "address": "https://203.0.113.7/y"}]})
    form = {"act": act, "name": "renamed", "channel": "webhook", "address": "https://203.0.113.8/z", "zones": "310115", "min_level": "red", "language": "zh-CN",
            "from": "2024-09-23T00:00", "to": "2024-09-24T00:00", "pause": str(paused.json()["id"]), "contact": str(below.json()[0]["id"])}
    told = {}
    for who in ("rival", "office"):
        world.http.cookies.clear()
        await world.http.post("/login", data={"token": f"token-{who}"}, headers=_HERE)
        before = await state(world)
        answer = await world.http.post(f"/office/{number}", data=form, headers=_HERE)
        assert answer.status_code in (200, 303), answer.text[-400:]
        after = await state(world)
        told[who] = {table for table in before if before[table] != after[table]} - {"session"}  # being looked at keeps a session awake
    assert told["rival"] == set()
    assert (told["office"] != set()) is (act != "preview")


def sign(answer: httpx.Response, path: str) -> str:
    assert answer.status_code < 500, path
    if answer.status_code == 303 and answer.headers["location"].startswith("/login"):
        return ">"
    return {401: "+" if path.startswith("/login") else "?", 403: "-"}.get(answer.status_code, "+")


# The console


def of_console() -> Iterator[tuple[str, ast.AST]]:
    for file in sorted((Path(__file__).parents[2] / "warning" / "web" / "console").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file.name, node


def test_every_page_of_the_console_is_in_the_table() -> None:
    """A page is what a decorator ``@ui.page(path)`` or ``@console.get(path)`` stands over."""
    found = {str(decorator.args[0].value) for _, node in of_console() if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
             for decorator in node.decorator_list if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)
             and decorator.args and isinstance(decorator.args[0], ast.Constant)}
    assert sorted(found ^ set(CONSOLE)) == []


def test_what_the_console_does_is_what_an_address_of_the_api_does_as_the_account_of_this_moment(world: World) -> None:
    """Nothing but ``visit.act`` hands out ``account``; whoever the page was opened by is asked for reading only."""
    now: set[str] = set()
    then: set[str] = set()
    for _, node in of_console():
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(one, ast.Name) and one.id == "account" for one in given):
                now.add(_tail(node.func))
            elif any(isinstance(one, ast.Attribute) and one.attr == "account" for one in given) or re.search(
                    r"parts\.\w+\.\w+$|^\w+\([^()]*parts\.database.*\)\.\w+$", ast.unparse(node.func)):
                then.add(_tail(node.func))
    assert sorted((now - {"Visit", "verb"}) ^ set(ACTS)) == []
    plain = {"acts", "of_area", "clock.now", "clock.monotonic", "by_code.get", "issuers.get", "issuers.items", "rule_sets.get", "zones.at"}
    assert sorted((then - plain) ^ READS) == []
    endpoints = {f"{method} {route.path}": getattr(route, "endpoint", None) for route in iter_route_contexts(world.app.routes) for method in route.methods or ()}
    for verb, address in ACTS.items():
        assert address in TABLE, address
        does = verb.replace("RouteStore.", "RouteStore(parts.database).").replace("propose", "issue.compose")
        assert f"{does}(" in inspect.getsource(endpoints[address]), f"{address} does not ask {verb}"  # type: ignore[arg-type]  # a function
    assert "issue.compose(" in inspect.getsource(propose)


def _tail(func: ast.expr) -> str:
    """``parts.issue.approve`` is ``issue.approve``, ``RouteStore(…).order`` is ``RouteStore.order``."""
    if isinstance(func, ast.Attribute):
        before = func.value.func if isinstance(func.value, ast.Call) else func.value
        return f"{before.attr if isinstance(before, ast.Attribute) else ast.unparse(before)}.{func.attr}"
    return ast.unparse(func)


async def _compose(world: World, account: Account) -> None:
    await world.parts.issue.compose(HandMade(
        issuer="310000", hazard="rainstorm", event_code="11B03", level=Level.BLUE, zones=("310115",), onset=world.now, expires=world.now + timedelta(hours=1)), account=account)


@pytest.mark.parametrize(("role", "area"), [("viewer", ""), ("office", "310115"), ("forecaster", "310116")])
async def test_a_page_that_stays_open_acts_as_its_person_is_now_and_not_as_when_it_was_opened(world: World, role: str, area: str) -> None:
    """What ``visit.act`` asks for each act of an open page: the cookie's account of that moment, and the desk refuses it."""
    await world.execute("INSERT INTO account (name, role, token_hash) VALUES ('moved', 'forecaster', :h)", {"h": token_hash("token-moved")})
    assert (await world.http.post("/login", data={"token": "token-moved"}, headers=_HERE)).status_code == 303
    session: Session = world.app.state.session
    request = Request({"type": "http", "headers": [(b"cookie", f"{session.name}={world.http.cookies[session.name]}".encode())]})
    opened_by = await signed_in(world.parts, session, request)
    assert opened_by is not None
    await _compose(world, opened_by)
    await world.execute("UPDATE account SET role = :r, area = :a WHERE name = 'moved'", {"r": role, "a": area})
    now = await signed_in(world.parts, session, request)
    assert now is not None
    assert (now.role, now.area) == (role, area)
    with pytest.raises(NotAllowed):
        await _compose(world, now)
    assert (await world.http.post("/logout", headers=_HERE)).status_code == 303
    assert await signed_in(world.parts, session, request) is None
