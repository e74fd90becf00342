"""What a hostile caller tries: forged and replayed links, forms of other sites, XML that explodes, files that climb out, addresses that lead inside."""

import io
import zipfile

import pytest

from tests.web.conftest import World
from tests.web.test_authorisation import OPEN, TABLE

BOMB = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><kml>&b;</kml>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>'


@pytest.mark.parametrize("word", ["", "0" * 64, "../../api/health", "a" * 5000, "%00", "' OR 1=1 --"])
async def test_a_forged_link_acknowledges_nothing_and_says_so(world: World, word: str) -> None:
    answer = await world.http.post(f"/api/ack/{word}", json={"by": "somebody"})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("address", [
    "http://127.0.0.1/hook", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://10.0.0.8/",
    "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://203.0.113.7/", "https://user:word@203.0.113.7/", "http://[fd00::1]/"])
async def test_an_address_that_leads_inside_is_refused_at_the_door(world: World, address: str) -> None:
    """The deployment of the other tests allows private targets for its drill; this one does not."""
    closed = world.parts.subscriptions
    closed._allow_private = False
    answer = await world.post("/api/subscriptions", "office", {"name": "duty", "channel": "webhook", "address": address, "zones": ["310115"]})
    assert answer.status_code == 422, answer.text


def in_zip(name: str, octets: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, octets)
    return out.getvalue()


@pytest.mark.parametrize(("name", "octets"), [
    ("a.kml", BOMB), ("a.kml", OUTSIDE), ("a.zip", in_zip("../../../tmp/climbed.shp", b"x")), ("a.zip", in_zip("/etc/cron.d/x.shp", b"x")),
    ("a.zip", in_zip("big.shp", b"0" * 60_000_000)), ("a.zip", b"PK\x03\x04 broken"), ("../../a.geojson", b"{}"), ("a.exe", b"MZ")])
async def test_an_uploaded_file_that_explodes_climbs_or_lies_is_refused_with_a_reason(world: World, name: str, octets: bytes) -> None:
    answer = await world.http.post("/api/subscriptions/area", headers={"Authorization": "Bearer token-office"}, files={"file": (name, octets)})
    assert 400 <= answer.status_code < 500
    assert "passwd" not in answer.text
    assert answer.json()["next_step"]


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
    for path in ("/", "/login", "/api/alerts", "/docs"):
        head = (await world.http.get(path)).headers
        assert head["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in head["content-security-policy"], path
        assert "unsafe-eval" not in head["content-security-policy"], path
        assert head["referrer-policy"], path
