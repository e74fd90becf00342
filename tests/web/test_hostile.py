"""What a hostile caller tries: forged and replayed links, forms of other sites, XML that explodes, files that climb out, addresses that lead inside."""

import io
import zipfile
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.web.conftest import World
from tests.web.test_authorisation import OPEN, TABLE
from warning.answer.call import token

KML = (b'<?xml version="1.0"?>%s<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>%s</name><Polygon><outerBoundaryIs><LinearRing><coordinates>'
       b"121.5,31.1 121.7,31.1 121.7,31.2 121.5,31.2 121.5,31.1</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>")
BOMB = KML % (b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>', b"&b;")
OUTSIDE = KML % (b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>', b"&a;")


@pytest.mark.parametrize("word", ["", "0" * 64, "../../api/health", "a" * 5000, "%00", "' OR 1=1 --"])
async def test_a_forged_link_acknowledges_nothing_and_says_so(world: World, word: str) -> None:
    answer = await world.http.post(f"/api/ack/{word}", json={"by": "somebody"})
    assert 400 <= answer.status_code < 500


async def test_a_link_is_good_for_its_own_attempt_only_and_once(world: World) -> None:
    """The number of an attempt stands in the link; what follows it cannot be computed without the deployment's secret."""
    await world.post("/api/subscriptions", "office", {"name": "duty", "channel": "webhook", "address": "https://203.0.113.7/hook", "zones": ["310115"]})
    identifier = await world.warned()
    await world.parts.dispatch.expand(identifier)
    async with world.parts.database.begin() as connection:
        number = (await connection.execute(text("SELECT min(id) FROM subscription"))).scalar_one()
    link = (await world.parts.answer.call(identifier, [number]))[number].rpartition("/")[2]
    attempt, proof = UUID(link[:32]), link[32:]
    assert len(proof) == 32  # 128 bits: not guessed, however often it is tried
    for forged in (attempt.hex + "0" * 32, token("another secret than this deployment's", attempt), uuid4().hex + proof, attempt.hex, link.upper()):
        assert (await world.http.post(f"/api/ack/{forged}", json={"by": "somebody"})).status_code == 404, forged
    assert (await world.http.get(f"/api/ack/{link}")).status_code == 200  # looking answers nothing
    for body in (b'{"by": "a\\u0000b"}', b"[" * 9_000, b'{"by": "' + b" " * 10_000 + b'x"}'):
        assert (await world.http.post(f"/api/ack/{link}", content=body, headers={"Content-Type": "application/json"})).status_code == 422
    assert (await world.http.post(f"/api/ack/{link}", data={"by": "a\0b"})).status_code == 422
    assert (await world.http.post(f"/api/ack/{link}", data={"by": "x", "more": "y" * 10_000})).status_code == 422
    assert (await world.http.post(f"/api/ack/{link}", json={"by": "the mayor"})).status_code == 200
    assert (await world.http.post(f"/api/ack/{link}", json={"by": "somebody"})).status_code == 409


@pytest.mark.parametrize("address", [
    "http://127.0.0.1/hook", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://10.0.0.8/",
    "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://203.0.113.7/", "https://user:word@203.0.113.7/", "http://[fd00::1]/"])
async def test_an_address_that_leads_inside_is_refused_at_the_door(world: World, address: str) -> None:
    """The deployment of the other tests allows private targets for its drill; this one does not."""
    closed = world.parts.subscriptions
    closed._allow_private = False
    answer = await world.post("/api/subscriptions", "office", {"name": "duty", "channel": "webhook", "address": address, "zones": ["310115"]})
    assert answer.status_code == 422, answer.text


def in_zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for ending, octets in members.items():
            archive.writestr(f"../../../tmp/climbed.{ending}", octets)
    return out.getvalue()


@pytest.mark.parametrize(("octets", "told"), [
    (BOMB, "DOCTYPE"), (OUTSIDE, "DOCTYPE"), (in_zip(shp=b"x"), "no .shx"), (in_zip(shp=b"x" * 200, shx=b"x" * 200), "cannot be read"),
    (in_zip(shp=b"0" * 60_000_000, shx=b"0"), "unpacks to more than 32 MB"), (b"PK\x03\x04 broken", "damaged"), (b"{}", "no valid GeoJSON"), (b"MZ", "neither GeoJSON")])
async def test_an_uploaded_file_that_explodes_climbs_or_lies_is_refused_with_a_reason(world: World, octets: bytes, told: str) -> None:
    """Both documents hold a polygon of Pudong: but for what is forbidden in them they would be taken."""
    answer = await world.http.post("/api/subscriptions/area", headers={"Authorization": "Bearer token-office"}, content=octets)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert "passwd" not in answer.text
    assert answer.json()["next_step"]
    if told == "DOCTYPE":
        harmless = octets.replace(octets[octets.index(b"<!"):octets.index(b"]>") + 2], b"").replace(b"&b;", b"").replace(b"&a;", b"")
        assert (await world.http.post("/api/subscriptions/area", headers={"Authorization": "Bearer token-office"}, content=harmless)).status_code == 200


@pytest.mark.parametrize("path", ["/static/../../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "/place/..%2f..%2fetc%2fpasswd", "/alert/..%2f..%2fsecret"])
async def test_a_path_that_climbs_finds_nothing(world: World, path: str) -> None:
    answer = await world.http.get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


async def test_every_form_that_acts_on_a_cookie_refuses_another_site(world: World) -> None:
    """The addresses outside the API that change something for who is signed in; the API itself reads no cookie."""
    opened = await world.http.post("/login", data={"token": "token-office"}, headers={"sec-fetch-site": "same-origin"})
    assert opened.status_code == 303
    forms = sorted(address.split(" ")[1] for address, row in TABLE.items()
                   if address.startswith("POST ") and not address.startswith(("POST /api/", "POST /register", "POST /en/register")) and row == OPEN)
    assert forms == ["/login", "/logout", "/me", "/office/attempts", "/office/new", "/office/{number}"]
    for path in forms:
        refused = await world.http.post(path.replace("{number}", "1"), data={"act": "end_sessions"}, headers={"sec-fetch-site": "cross-site"})
        assert refused.status_code == 403, path


async def test_the_api_takes_no_cookie_for_a_key(world: World) -> None:
    await world.http.post("/login", data={"token": "token-root"}, headers={"sec-fetch-site": "same-origin"})
    assert (await world.http.get("/api/proposals")).status_code == 401


@pytest.mark.parametrize("word", ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}", "javascript:alert(1)"])
async def test_words_of_a_person_are_shown_as_words(world: World, word: str) -> None:
    identifier = await world.warned(zones=["310115"])
    made = await world.post(f"/api/alerts/{identifier}/retract", "lin", {"reason": word})
    assert made.status_code in (200, 201), made.text
    for path in ("/", "/en", f"/alert/{identifier}", "/place/310115", "/archive", "/api/feed.atom"):
        page = (await world.http.get(path)).text
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert ">49<" not in page


async def test_every_page_and_answer_carries_the_headers_that_close_a_browser(world: World) -> None:
    for path in ("/", "/login", "/api/alerts", "/docs", "/office", "/nowhere"):
        head = (await world.http.get(path)).headers
        assert head["x-content-type-options"] == "nosniff", path
        assert head["x-frame-options"] == "DENY", path
        assert head["referrer-policy"] == "no-referrer", path  # an answer's word stands in its address
        assert "camera=()" in head["permissions-policy"], path
        rules = head["content-security-policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(rules), path
