"""The e-mail channel against aiosmtpd, a real server on loopback, and against servers that misbehave."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from channels.email import Options, Sender, message_id
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)


@dataclass
class Mailbox:
    """What aiosmtpd answers: by the first letters of the recipient, or to everything."""

    rcpt: dict[str, str] = field(default_factory=dict)
    mail: str = ""
    data: str = "250 2.0.0 Ok: queued as 4711"
    stalled: asyncio.Event | None = None
    groups: ClassVar[bool] = False
    envelopes: list[Envelope] = field(default_factory=list)
    peers: list[object] = field(default_factory=list)
    knew_us: list[bool] = field(default_factory=list)

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:  # noqa: ARG002, N802 - aiosmtpd's names
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]] if self.groups else responses

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        if self.mail:
            return self.mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        for start, answer in self.rcpt.items():
            if address.startswith(start):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        if self.stalled is not None:
            await self.stalled.wait()
        self.envelopes.append(envelope)
        self.peers.append(session.peer)
        self.knew_us.append(bool(session.authenticated))
        return self.data

    @property
    def letters(self) -> list[EmailMessage]:
        letters = []
        for envelope in self.envelopes:
            assert isinstance(envelope.content, bytes)
            letter = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            letters.append(letter)
        return letters


@pytest.fixture(autouse=True, params=[False, True], ids=["one by one", "in groups"])
def _groups(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is true of a server that takes commands in groups (RFC 2920) and of one that does not."""
    monkeypatch.setattr(Mailbox, "groups", request.param)


@dataclass(frozen=True)
class Certificate:
    ca_file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return Certificate(folder / "cert.pem", context)


def _may_enter(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:  # noqa: ARG001 - aiosmtpd's signature
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"drill", b"pa55"), handled=False)


@asynccontextmanager
async def _serving(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None,
                   login: bool = False) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="mail.test", loop=loop, tls_context=starttls, require_starttls=starttls is not None,
                     authenticator=_may_enter if login else None, auth_require_tls=False),
        "127.0.0.1", 0, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


def _options(port: int, *, username: str = "", password: str = "", sender_name: str = "", timeout_s: float = 30.0) -> Options:
    return Options(lane="exercise", timeout_s=timeout_s, host="127.0.0.1", port=port, security="none", username=username,
                   password=SecretStr(password), sender="warnings@met.example", sender_name=sender_name, list_id="warnings.met.example")


def _message(n: int, address: str = "", *, subject: str = "演练:暴雨红色预警", text: str = "上海市:未来三小时有特大暴雨。\nExercise only.") -> Message:
    return Message(key=f"key-{n}", address=address or f"reader{n}@example.org", subject=subject, text=text, language="zh-CN",
                   identifier="id", event="event-7", version=1, msg_type="Alert", status="Exercise", priority=4, sent=_NOW,
                   expires=_NOW + timedelta(hours=8))


async def _nothing(_: Receipt | Reply) -> None:
    """Mail has no late receipts."""


async def _send(options: Options, messages: list[Message]) -> list[Receipt]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: _NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        receipts = await sender.send(messages)
        await sender.close()
        return receipts


async def test_a_reader_gets_the_text_with_the_headers_of_a_warning() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        (receipt,) = await _send(_options(port, sender_name="上海气象"), [_message(0)])
    assert receipt == Receipt(key="key-0", outcome=Outcome.ACCEPTED, at=_NOW, evidence="250 2.0.0 Ok: queued as 4711",
                              external_id=message_id("key-0", "warnings@met.example"))
    (letter,) = mailbox.letters
    assert letter["Subject"] == "演练:暴雨红色预警"
    assert letter["To"].addresses[0].addr_spec == "reader0@example.org"
    assert letter["From"].addresses[0].addr_spec == "warnings@met.example"
    assert letter["From"].addresses[0].display_name == "上海气象"
    assert letter["List-Id"] == "<warnings.met.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"] == receipt.external_id
    assert letter["Content-Language"] == "zh-CN"
    assert letter["Date"].datetime == _NOW
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content().splitlines() == ["上海市:未来三小时有特大暴雨。", "Exercise only."]
    assert (mailbox.envelopes[0].mail_from, mailbox.envelopes[0].rcpt_tos) == ("warnings@met.example", ["reader0@example.org"])


async def test_a_latin_sender_name_with_quotes_stays_one_name() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        await _send(_options(port, sender_name='Met, "Red" desk'), [_message(0, subject="Drill")])
    assert mailbox.letters[0]["From"].addresses[0].display_name == 'Met, "Red" desk'
    assert mailbox.letters[0]["Subject"] == "Drill"


async def test_a_very_long_chinese_subject_is_folded_and_comes_back_whole() -> None:
    mailbox, subject = Mailbox(), "暴雨红色预警信号" * 30
    async with _serving(mailbox) as port:
        await _send(_options(port), [_message(0, subject=subject)])
    assert mailbox.letters[0]["Subject"] == subject
    content = mailbox.envelopes[0].content
    assert isinstance(content, bytes)
    assert max(len(line) for line in content.splitlines()) <= 78


async def test_a_line_that_is_a_single_dot_does_not_end_the_mail() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        await _send(_options(port), [_message(0, text="one\n.\ntwo")])
    assert mailbox.letters[0].get_content().splitlines() == ["one", ".", "two"]


async def test_a_batch_travels_over_one_connection() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        receipts = await _send(_options(port), [_message(n) for n in range(20)])
    assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
    assert len(mailbox.envelopes) == 20
    assert len(set(mailbox.peers)) == 1


async def test_the_message_id_is_the_same_on_every_attempt_and_another_for_every_delivery() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        for _ in range(2):
            await _send(_options(port), [_message(0), _message(1)])
    ids = [letter["Message-ID"] for letter in mailbox.letters]
    assert ids[0] == ids[2] != ids[1] == ids[3]


async def test_readers_with_different_texts_get_each_their_own() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        await _send(_options(port), [_message(0, text="eins"), _message(1, text="zwei"), _message(2, text="eins")])
    assert [letter.get_content().strip() for letter in mailbox.letters] == ["eins", "zwei", "eins"]


@pytest.mark.parametrize(("answer", "outcome", "reason"), [
    ("550 5.1.1 <ill@example.org> no such user ill here", Outcome.REJECTED, Reason.BAD_ADDRESS),
    ("553 5.1.3 bad mailbox ILL@Example.org", Outcome.REJECTED, Reason.BAD_ADDRESS),
    ("450 4.2.0 <ill@example.org> greylisted", Outcome.RETRY, Reason.RATE_LIMITED),
    ("451 4.3.0 try later", Outcome.RETRY, Reason.REFUSED),
    ("452 4.5.3 too many", Outcome.RETRY, Reason.RATE_LIMITED),
])
async def test_a_refused_recipient_is_judged_alone_and_the_others_go_on(answer: str, outcome: Outcome, reason: Reason) -> None:
    mailbox = Mailbox(rcpt={"ill": answer})
    async with _serving(mailbox) as port:
        receipts = await _send(_options(port), [_message(0), _message(1, "ill@example.org"), _message(2)])
    assert [r.outcome for r in receipts] == [Outcome.ACCEPTED, outcome, Outcome.ACCEPTED]
    assert receipts[1].reason is reason
    assert receipts[1].evidence.startswith(answer[:3])
    assert "ill" not in receipts[1].evidence.lower().replace("mailbox", "")
    assert [e.rcpt_tos for e in mailbox.envelopes] == [["reader0@example.org"], ["reader2@example.org"]]


async def test_an_accepting_answer_is_quoted_without_the_address() -> None:
    mailbox = Mailbox(data="250 2.0.0 queued for <reader0@example.org> as 9")
    async with _serving(mailbox) as port:
        (receipt,) = await _send(_options(port), [_message(0)])
    assert receipt.evidence == "250 2.0.0 queued for <…> as 9"


@pytest.mark.parametrize(("answer", "outcome", "reason"), [
    ("554 5.7.1 looks like spam", Outcome.REJECTED, Reason.REFUSED),
    ("552 5.3.4 too big", Outcome.REJECTED, Reason.TOO_LONG),
    ("452 4.3.1 disk full", Outcome.RETRY, Reason.RATE_LIMITED),
])
async def test_refused_content_says_whether_to_try_again(answer: str, outcome: Outcome, reason: Reason) -> None:
    async with _serving(Mailbox(data=answer)) as port:
        (receipt,) = await _send(_options(port), [_message(0)])
    assert (receipt.outcome, receipt.reason, receipt.evidence) == (outcome, reason, answer)


async def test_a_refused_sender_is_no_fault_of_the_reader() -> None:
    async with _serving(Mailbox(mail="550 5.7.1 sender not allowed")) as port:
        (receipt,) = await _send(_options(port), [_message(0)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.REFUSED)


@pytest.mark.parametrize("address", [
    "reader@example.org\r\nRCPT TO:<other@example.org>", "reader@example.org\n", "a b@example.org", "<reader@example.org>", "reader@exa\x00mple.org",
    "reader", "@example.org", "reader@", "reader@-x.org,other@example.org", "读者@example.org", '"x\r\n"@example.org', "reader@[127.0.0.1]",
])
async def test_what_is_no_plain_address_never_reaches_the_wire(address: str) -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        receipts = await _send(_options(port), [_message(0, address), _message(1)])
    assert (receipts[0].outcome, receipts[0].reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert receipts[1].outcome is Outcome.ACCEPTED
    assert len(mailbox.envelopes) == 1


@pytest.mark.parametrize("subject", ["Drill\r\nBcc: all@example.org", "Drill\nX: y", "Drill\rX", "Drill\x00", "Drill\u2028X", "Drill\x85X"])
async def test_a_line_break_in_the_subject_is_refused(subject: str) -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        (receipt,) = await _send(_options(port), [_message(0, subject=subject)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.REFUSED)
    assert receipt.evidence == "the subject holds a line break or control character"
    assert mailbox.envelopes == []


async def test_a_language_or_key_with_a_line_break_makes_no_header() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        await _send(_options(port), [replace(_message(0), language="zh\r\nBcc: all@example.org", key="k\r\nBcc: x@example.org",
                                             event="e\r\nBcc: x@example.org")])
    assert mailbox.letters[0]["Bcc"] is None


async def test_content_without_an_answer_is_unknown() -> None:
    go_on = asyncio.Event()
    mailbox = Mailbox(stalled=go_on)
    async with _serving(mailbox) as port:
        try:
            (receipt,) = await _send(_options(port, timeout_s=1.0), [_message(0)])
        finally:
            go_on.set()
    assert (receipt.outcome, receipt.reason) == (Outcome.UNKNOWN, Reason.TIMEOUT)


async def test_two_lost_connections_in_a_row_end_the_tries_of_a_batch() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(b"220 mail.test\r\n")
        await reader.readline()
        writer.write(b"250 mail.test\r\n")
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receipts = await _send(_options(int(server.sockets[0].getsockname()[1])), [_message(n) for n in range(10)])
    server.close()
    await server.wait_closed()
    assert {(r.outcome, r.reason) for r in receipts} == {(Outcome.RETRY, Reason.UNREACHABLE)}
    assert connections == 2


async def test_a_server_that_says_421_is_left_and_greeted_anew() -> None:
    mailbox = Mailbox(rcpt={"ill": "421 4.3.2 closing"})
    async with _serving(mailbox) as port:
        receipts = await _send(_options(port), [_message(0), _message(1, "ill@example.org"), _message(2)])
    assert [(r.outcome, r.reason) for r in receipts] == [
        (Outcome.ACCEPTED, None), (Outcome.RETRY, Reason.UNREACHABLE), (Outcome.ACCEPTED, None)]
    assert len(set(mailbox.peers)) == 2


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"SSH-2.0-OpenSSH\r\n", b"\xff\xfe\r\n", b""])
async def test_a_server_that_does_not_greet_is_retry(greeting: bytes) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    (receipt,) = await _send(_options(int(server.sockets[0].getsockname()[1]), timeout_s=1.0), [_message(0)])
    server.close()
    await server.wait_closed()
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)


async def test_the_right_password_opens_the_server() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox, login=True) as port:
        (receipt,) = await _send(_options(port, username="drill", password="pa55"), [_message(0)])
    assert receipt.outcome is Outcome.ACCEPTED
    assert mailbox.knew_us == [True]


async def test_a_wrong_password_is_retry_and_does_not_show() -> None:
    async with _serving(Mailbox(), login=True) as port:
        (receipt,) = await _send(_options(port, username="drill", password="wrong"), [_message(0)])
    assert (receipt.outcome, receipt.reason, receipt.evidence) == (Outcome.RETRY, Reason.UNREACHABLE, "log-in refused: 535")


async def test_starttls_with_the_right_authority_delivers(certificate: Certificate) -> None:
    mailbox = Mailbox()
    async with _serving(mailbox, starttls=certificate.context) as port:
        options = _options(port).model_copy(update={"security": "starttls", "ca_file": certificate.ca_file})
        (receipt,) = await _send(options, [_message(0)])
    assert receipt.outcome is Outcome.ACCEPTED


async def test_tls_from_the_start_delivers(certificate: Certificate) -> None:
    mailbox = Mailbox()
    async with _serving(mailbox, tls=certificate.context) as port:
        options = _options(port).model_copy(update={"security": "tls", "ca_file": certificate.ca_file})
        (receipt,) = await _send(options, [_message(0)])
    assert receipt.outcome is Outcome.ACCEPTED


async def test_starttls_is_never_given_up_when_the_server_offers_none() -> None:
    mailbox = Mailbox()
    async with _serving(mailbox) as port:
        (receipt,) = await _send(_options(port).model_copy(update={"security": "starttls"}), [_message(0)])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
    assert mailbox.envelopes == []


async def test_an_unknown_authority_is_not_trusted(certificate: Certificate) -> None:
    mailbox = Mailbox()
    async with _serving(mailbox, starttls=certificate.context) as port:
        (receipt,) = await _send(_options(port).model_copy(update={"security": "starttls"}), [_message(0)])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
    assert mailbox.envelopes == []
