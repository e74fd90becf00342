"""Web Push: encryption against the RFC's own example and against other people's code, and the drill's push service."""

import base64
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import http_ece
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]  # ships no types
from pydantic import SecretStr, ValidationError

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.webpush import Options, Sender, _sealed, note, topic
from channels.wire.aes128gcm import (
    BadPushMessage,
    PushKeys,
    b64url,
    decrypt,
    encrypt,
    encrypt_all,
    from_b64url,
    public_bytes,
)
from channels.wire.http_sink import HttpFault, HttpSink
from channels.wire.vapid import BadVapid, Vapid, check_authorization, private_key

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)
CURVE = ec.SECP256R1()
KEY = ec.derive_private_key(12345, CURVE)
KEY_TEXT = b64url((12345).to_bytes(32, "big"))


def _key_of(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number, CURVE)


def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_b64url(text), "big"), CURVE)


def _message(address: str, n: int = 0) -> Message:
    return Message(
        key=f"a1/webpush/{n}", address=address, subject="暴雨红色预警", text="立即转移", language="zh-CN", identifier="id-1", event="ev-1",
        version=3, msg_type="Update", status="Exercise", priority=4, sent=NOW - timedelta(minutes=1), expires=NOW + timedelta(hours=3))


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _sender(now: datetime = NOW, *, allow_private: bool = True, timeout_s: float = 30.0) -> AsyncIterator[Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        doors = Doors(now=lambda: now, http=http, on_receipt=_nothing, on_reply=_nothing)
        sender = Sender(Options(lane="exercise", timeout_s=timeout_s, allow_private=allow_private, vapid_private_key=SecretStr(KEY_TEXT),
                                vapid_subject="mailto:duty@example.org"), doors)
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


@pytest.fixture
async def sink() -> AsyncIterator[HttpSink]:
    running = HttpSink(now=lambda: NOW)
    await running.start()
    yield running
    await running.stop()


def test_the_example_of_rfc_8291_appendix_a_comes_out_byte_for_byte() -> None:
    keys = PushKeys(
        p256dh=from_b64url("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        auth=from_b64url("BTBZMqHH6r4Tts7J_aSIgg"))
    body = encrypt(b"When I grow up, I want to be a watermelon", keys,
                   ephemeral=_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), salt=from_b64url("DGv6ra1nlYgDCS1FRnbzlw"))
    assert b64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b"
        "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
    assert decrypt(body, _key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), keys.auth) == b"When I grow up, I want to be a watermelon"


@pytest.mark.parametrize("plaintext", [b"x", b"ends in zeros\0\0", "预警".encode() * 600, b"z" * 3993])
def test_http_ece_reads_what_we_encrypt_and_we_read_what_it_encrypts(plaintext: bytes) -> None:
    auth = bytes(range(16))
    ours = encrypt(plaintext, PushKeys(p256dh=public_bytes(KEY), auth=auth))
    assert len(ours) <= 4096
    assert http_ece.decrypt(ours, private_key=KEY, auth_secret=auth, version="aes128gcm") == plaintext
    theirs = http_ece.encrypt(plaintext, private_key=ec.generate_private_key(CURVE), dh=public_bytes(KEY), auth_secret=auth, version="aes128gcm")
    assert decrypt(theirs, KEY, auth) == plaintext


def test_of_a_crowd_each_has_a_key_and_a_salt_of_its_own_and_what_is_no_key_is_named_in_its_place() -> None:
    browsers = [_key_of(n) for n in range(1, 6)]
    keys = [PushKeys(p256dh=public_bytes(browser), auth=bytes([n] * 16)) for n, browser in enumerate(browsers)]
    wrong = [PushKeys(p256dh=bytes([4]) + bytes(64), auth=bytes(16)), PushKeys(p256dh=keys[0].p256dh, auth=b"short")]
    with ThreadPoolExecutor(1) as helper:
        made = encrypt_all(b"note", [keys[0], wrong[0], *keys[1:], wrong[1]], helper=helper)
        assert encrypt_all(b"note", [], helper=helper) == []
        with pytest.raises(BadPushMessage, match="4000 bytes"):
            encrypt_all(bytes(4000), keys, helper=helper)
    assert [str(made[place]) for place in (1, 6)] == [
        "a public key is no point of the curve P-256", "the subscription's auth secret is not 16 bytes; subscribe again in the browser"]
    bodies = [body for body in made if isinstance(body, bytes)]
    assert [decrypt(body, browser, one.auth) for body, browser, one in zip(bodies, browsers, keys, strict=True)] == [b"note"] * 5
    assert len({body[:16] for body in bodies}) == len({body[21:86] for body in bodies}) == 5


def test_two_encryptions_share_neither_salt_nor_key() -> None:
    keys = PushKeys(p256dh=public_bytes(KEY), auth=bytes(16))
    first, second = encrypt(b"a", keys), encrypt(b"a", keys)
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_a_message_changed_on_its_way_is_not_decrypted() -> None:
    body = bytearray(encrypt(b"go north", PushKeys(p256dh=public_bytes(KEY), auth=bytes(16))))
    body[-1] ^= 1
    with pytest.raises(BadPushMessage, match="changed on its way"):
        decrypt(bytes(body), KEY, bytes(16))
    with pytest.raises(BadPushMessage, match="too short"):
        decrypt(b"short", KEY, bytes(16))


def test_a_note_of_3994_bytes_is_not_encrypted() -> None:
    with pytest.raises(BadPushMessage, match="3994 bytes are more than the 3993"):
        encrypt(b"z" * 3994, PushKeys(p256dh=public_bytes(KEY), auth=bytes(16)))


def test_py_vapid_accepts_our_token_and_we_accept_its() -> None:
    ours = Vapid(KEY, "mailto:duty@example.org").authorization("https://push.example.org", NOW)
    assert Vapid02.verify(ours)
    theirs = Vapid02.from_raw(KEY_TEXT.encode()).sign(
        {"aud": "https://push.example.org", "sub": "mailto:duty@example.org", "exp": int(NOW.timestamp()) + 3600})["Authorization"]
    assert check_authorization(theirs, audience="https://push.example.org", now=NOW) == b64url(public_bytes(KEY))


def test_a_token_is_kept_for_twelve_hours_for_each_audience() -> None:
    vapid = Vapid(KEY, "mailto:duty@example.org")
    first = vapid.authorization("https://a.example.org", NOW)
    assert vapid.authorization("https://a.example.org", NOW + timedelta(hours=12, seconds=-1)) == first
    assert vapid.authorization("https://b.example.org", NOW) != first
    later = vapid.authorization("https://a.example.org", NOW + timedelta(hours=12))
    assert later != first
    claims = json.loads(from_b64url(later.split(".")[1]))
    assert claims == {"aud": "https://a.example.org", "exp": int(NOW.timestamp()) + 25 * 3600, "sub": "mailto:duty@example.org"}


@pytest.mark.parametrize(("audience", "apart", "says"), [
    ("https://other.example.org", timedelta(), "another audience"),
    ("https://a.example.org", timedelta(hours=13), "expired"),
    ("https://a.example.org", timedelta(hours=-12), "more than 24 hours"),
])
def test_a_push_service_refuses_a_token(audience: str, apart: timedelta, says: str) -> None:
    header = Vapid(KEY, "mailto:duty@example.org").authorization("https://a.example.org", NOW)
    with pytest.raises(BadVapid, match=says):
        check_authorization(header, audience=audience, now=NOW + apart)


def test_a_push_service_refuses_a_token_signed_by_another_or_by_nobody() -> None:
    ours = Vapid(KEY, "mailto:a@example.org").authorization("https://a.example.org", NOW)
    other = Vapid(ec.derive_private_key(777, CURVE), "mailto:a@example.org")
    with pytest.raises(BadVapid, match="does not fit its key"):
        check_authorization(ours.split("k=")[0] + f"k={other.public_key}", audience="https://a.example.org", now=NOW)
    for header in ("", "vapid t=a.b.c, k=d", "Bearer x", "vapid k=1"):
        with pytest.raises(BadVapid):
            check_authorization(header, audience="https://a.example.org", now=NOW)


def test_a_private_key_is_read_as_pem_and_as_raw_bytes() -> None:
    for kind in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        pem = KEY.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
        assert private_key(pem).private_numbers() == KEY.private_numbers()
    assert private_key(KEY_TEXT + "=").private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize("text", ["", "not base64!", b64url(b"short"), b64url(public_bytes(KEY)), b64url(bytes(32)), "-----BEGIN X-----"])
def test_a_bad_private_key_is_refused_when_the_options_are_read_and_not_shown(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Options(lane="exercise", vapid_private_key=SecretStr(text), vapid_subject="mailto:duty@example.org")
    assert "VAPID key" in str(refused.value)
    assert not text or text not in str(refused.value)


async def test_the_phone_reads_the_note_and_the_push_service_says_201(sink: HttpSink) -> None:
    async with _sender() as sender:
        (receipt,) = await sender.send([_message(sink.subscribe_phone("/p/1"))])
    assert (receipt.outcome, receipt.evidence) == (Outcome.ACCEPTED, "HTTP 201"), sink.refused
    assert json.loads(sink.latest["/p/1"]) == {
        "id": "id-1", "event": "ev-1", "msg_type": "Update", "version": 3, "status": "Exercise", "level": 4, "lang": "zh-CN", "ends": False,
        "expires": "2024-09-20T04:02:03+00:00", "title": "暴雨红色预警", "body": "立即转移"}


def _headers(sender: Sender, message: Message) -> dict[str, str]:
    _, request = sender._parcel(message, _sealed(message.address, note(message)), {})
    lines = request.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    return dict(line.split(": ", 1) for line in lines[1:])


async def test_ttl_urgency_and_topic_follow_the_warning() -> None:
    address = json.dumps({"endpoint": "https://push.example.org/abc", "expirationTime": None,
                          "keys": {"p256dh": b64url(public_bytes(KEY)), "auth": b64url(bytes(16))}})
    async with _sender() as sender:
        red = _headers(sender, _message(address))
        blue = _headers(sender, replace(_message(address), priority=1, version=4, expires=NOW + timedelta(days=90)))
    assert (red["TTL"], red["Urgency"]) == ("10800", "high")
    assert (blue["TTL"], blue["Urgency"]) == (str(28 * 86400), "normal")
    assert red["Topic"] == blue["Topic"] == topic("ev-1") != topic("ev-2")
    assert len(red["Topic"]) == 32
    assert red["Content-Encoding"] == "aes128gcm"


@pytest.mark.parametrize(("fault", "outcome", "reason"), [
    (HttpFault.GONE, Outcome.REJECTED, Reason.GONE), (HttpFault.BUSY, Outcome.RETRY, Reason.RATE_LIMITED),
    (HttpFault.ERROR, Outcome.RETRY, Reason.REFUSED), (HttpFault.DEAD, Outcome.RETRY, Reason.TIMEOUT),
])
async def test_a_faulty_push_service_touches_only_its_own_phone(sink: HttpSink, fault: HttpFault, outcome: Outcome, reason: Reason) -> None:
    bad, good = sink.subscribe_phone("/p/bad"), sink.subscribe_phone("/p/good")
    sink.faults["/p/bad"] = fault
    async with _sender(timeout_s=2.0 if fault is HttpFault.DEAD else 30.0) as sender:
        receipts = await sender.send([_message(bad), _message(good, 1)])
    assert (receipts[0].outcome, receipts[0].reason) == (outcome, reason)
    assert receipts[1].outcome is Outcome.ACCEPTED


async def test_a_clock_a_day_wrong_is_refused_by_the_push_service(sink: HttpSink) -> None:
    async with _sender(NOW + timedelta(days=2)) as sender:
        (receipt,) = await sender.send([replace(_message(sink.subscribe_phone("/p/1")), expires=NOW + timedelta(days=3))])
    assert (receipt.outcome, receipt.reason, receipt.evidence) == (Outcome.REJECTED, Reason.REFUSED, "HTTP 403")
    assert sink.refused == {"vapid": 1}


@pytest.mark.parametrize("address", [
    "https://push.example.org/x", "{}", '{"endpoint":"https://push.example.org/x"}', "[]", "null",
    json.dumps({"endpoint": "https://push.example.org/x", "keys": {"p256dh": "!!", "auth": "AAAA"}}),
    json.dumps({"endpoint": "https://push.example.org/x", "keys": {"p256dh": b64url(bytes(65)), "auth": b64url(bytes(16))}}),
    json.dumps({"endpoint": "https://push.example.org/x", "keys": {"p256dh": b64url(public_bytes(KEY)), "auth": b64url(bytes(15))}}),
    json.dumps({"endpoint": "javascript:alert(1)", "keys": {"p256dh": b64url(public_bytes(KEY)), "auth": b64url(bytes(16))}}),
])
async def test_what_is_no_subscription_is_a_bad_address(address: str) -> None:
    async with _sender() as sender:
        (receipt,) = await sender.send([_message(address)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert "push.example.org" not in receipt.evidence


async def test_an_endpoint_on_the_loopback_or_without_tls_is_refused_unless_allowed(sink: HttpSink) -> None:
    address = sink.subscribe_phone("/p/1")
    async with _sender(allow_private=False) as sender:
        receipts = await sender.send([_message(address), _message(address.replace("http:", "https:"))])
    assert [(receipt.outcome, receipt.reason) for receipt in receipts] == [(Outcome.REJECTED, Reason.BAD_ADDRESS)] * 2
    assert "not https" in receipts[0].evidence
    assert "allow_private_targets" in receipts[1].evidence
    assert not sink.received


def test_a_text_that_does_not_fit_is_left_out_whole_and_a_title_alone_is_cut() -> None:
    long_text = replace(_message("-"), text="请" * 1300)  # 3,900 bytes of text and the rest is more than 3,993
    assert "body" not in json.loads(note(long_text))
    assert json.loads(note(long_text))["title"] == "暴雨红色预警"
    long_title = replace(_message("-"), subject='"' * 5000)
    assert len(note(long_title)) <= 3993
    assert len(json.loads(note(long_title))["title"]) > 1500
    fits = replace(_message("-"), text="请" * 1200)
    assert json.loads(note(fits))["body"] == "请" * 1200


def test_keys_are_read_in_both_alphabets_and_with_padding() -> None:
    raw = bytes([251, 255, 254, 63])
    for text in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), b64url(raw)):
        assert from_b64url(text) == raw
