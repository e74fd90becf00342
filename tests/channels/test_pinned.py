"""The connection goes to the address that was judged, and the name stays in Host and, over TLS, in SNI and in what the certificate is held against."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from channels.wire.http_get import Unfetched, fetch
from channels.wire.http_post import Courier, Letter, PostFault, written

NAME = "hook.example.org"


def keys(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for ``name`` that signs itself, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(datetime.now(UTC) - timedelta(days=1))
                   .not_valid_after(datetime.now(UTC) + timedelta(days=1)).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
                   .sign(private, SHA256()))
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    cert.write_bytes(certificate.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, key


class Called:
    """What a server at 127.0.0.1 heard: the names asked for in TLS, and the first lines of requests with their Host."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.names: list[str | None] = []
        self.heads: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
            writer.write(self._answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()

    def named(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.names.append(name)


@asynccontextmanager
async def office(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, certificate_for: str, tls: bool = True, answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
) -> AsyncIterator[tuple[Called, int, ssl.SSLContext]]:
    """The office's server with its port, and what a client trusts. The name service knows 127.0.0.1 once; asked again it leads elsewhere."""
    cert, key = keys(folder, certificate_for)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(cert, key)
    called = Called(answer)
    theirs.sni_callback = called.named
    server = await asyncio.start_server(called, "127.0.0.1", 0, ssl=theirs if tls else None)
    asked = 0
    real = asyncio.get_running_loop().getaddrinfo

    async def names(host: Any, port: Any, **more: Any) -> Any:  # the system's form
        nonlocal asked
        if host != NAME:
            return await real(host, port, **more)
        asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if asked == 1 else "127.0.0.9", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    async with server:
        yield called, server.sockets[0].getsockname()[1], ssl.create_default_context(cafile=cert)


async def test_a_webhook_goes_to_the_judged_address_and_the_name_stays_in_tls_and_in_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, monkeypatch, certificate_for=NAME) as (called, port, trusted):
        courier = Courier(timeout_s=30, allow_private=True, tls=trusted)
        target, request = written(Letter(url=f"https://{NAME}:{port}/in", headers=(), body=b"{}"), allow_private=True)
        assert (await courier.post(target, request)).status == 200
        await courier.close()
    assert called.names == [NAME]
    assert called.heads[0].splitlines()[:2] == ["POST /in HTTP/1.1", f"Host: {NAME}:{port}"]


async def test_a_webhook_over_plain_http_goes_to_the_judged_address_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, monkeypatch, certificate_for=NAME, tls=False) as (called, port, trusted):
        courier = Courier(timeout_s=30, allow_private=True, tls=trusted)
        target, request = written(Letter(url=f"http://{NAME}:{port}/in", headers=(), body=b"{}"), allow_private=True)
        assert (await courier.post(target, request)).status == 200
        await courier.close()
    assert called.heads[0].splitlines()[:2] == ["POST /in HTTP/1.1", f"Host: {NAME}:{port}"]


async def test_a_webhook_whose_certificate_bears_another_name_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address itself is not enough: whoever holds it must prove the name that the office registered."""
    async with office(tmp_path, monkeypatch, certificate_for="other.example.org") as (called, port, trusted):
        courier = Courier(timeout_s=30, allow_private=True, tls=trusted)
        target, request = written(Letter(url=f"https://{NAME}:{port}/in", headers=(), body=b"{}"), allow_private=True)
        with pytest.raises(PostFault, match="certificate verify failed") as refused:
            await courier.post(target, request)
    assert refused.value.retry
    assert called.heads == []


async def test_a_fetch_never_goes_on_from_https_to_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, monkeypatch, certificate_for=NAME, answer=b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n") as (
            called, port, trusted):
        with pytest.raises(Unfetched, match="from https to another scheme"):
            await fetch(f"https://{NAME}:{port}/feed", tls=trusted, allow_private=True, timeout_s=30, max_bytes=100)
    assert len(called.heads) == 1


async def test_a_partners_document_is_fetched_from_the_judged_address_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, monkeypatch, certificate_for=NAME) as (called, port, trusted):
        got = await fetch(f"https://{NAME}:{port}/feed", tls=trusted, allow_private=True, timeout_s=30, max_bytes=100)
    assert (got.status, got.body) == (200, b"ok")
    assert called.names == [NAME]
    assert called.heads[0].splitlines()[0] == "GET /feed HTTP/1.1"
    assert f"host: {NAME}:{port}" in called.heads[0].lower().splitlines()


async def test_a_partners_document_under_another_name_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, monkeypatch, certificate_for="other.example.org") as (called, port, trusted):
        with pytest.raises(Unfetched, match="ConnectError"):
            await fetch(f"https://{NAME}:{port}/feed", tls=trusted, allow_private=True, timeout_s=30, max_bytes=100)
    assert called.heads == []
