"""Signed documents: programs of partners get them signed or not at all; people's channels never wait for a signature."""

import json
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.corridor.conftest import AT, Corridor, opened_corridor
from warning.app import opened
from warning.parts import Parts
from warning.settings import load_settings
from warning.signature import Standing, certificates, verify
from warning.web.server import create

ONE = "8613900000001"


def key_files(folder: Path, name: str, begins: datetime, *, days: int = 30) -> dict[str, object]:
    """A key and its certificate as files, and the settings' entry that names them."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(begins + timedelta(days=days))
                   .sign(private, SHA256()))
    (folder / f"{name}.key").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return {"name": name, "key": {"file": str(folder / f"{name}.key")}, "certificate": str(folder / f"{name}.pem")}


async def signing(database_url: str, folder: Path, stack: AsyncExitStack, *keys: dict[str, object]) -> Corridor:
    corridor = await opened_corridor(database_url, folder, stack, channels=False)
    with_keys(corridor, *keys)
    corridor.parts = await stack.enter_async_context(opened(load_settings(corridor.settings_file)))
    return corridor


def with_keys(corridor: Corridor, *keys: dict[str, object]) -> None:
    settings = yaml.safe_load(corridor.settings_file.read_text(encoding="utf-8"))
    settings["signing"] = {"keys": list(keys)}
    corridor.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")


async def asked(parts: Parts, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create(parts, with_console=False)), base_url="http://drill.test") as http:
        return await http.get(path)


async def test_what_a_partners_program_gets_is_signed_and_so_is_what_it_fetches(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await signing(database_url, tmp_path, stack, key_files(tmp_path, "now", AT - timedelta(days=1)))
        await corridor.office("duty", "/office")
        alert = await corridor.warned()
        await corridor.send(alert)
        trusted = certificates((await asked(corridor.parts, "/api/certificates.pem")).content, name="the desk")
        documents = [json.loads(corridor.sink.latest["/office"])["cap"].encode(), (await asked(corridor.parts, f"/api/alerts/{alert}.xml")).content]
        assert [verify(one, trusted, at=AT).standing for one in documents] == [Standing.VALID, Standing.VALID]
        feed = (await asked(corridor.parts, "/api/feed.atom")).text
        assert "SignatureValue" in feed


async def test_without_a_valid_key_people_are_warned_and_programs_wait_until_there_is_one(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ended = key_files(tmp_path, "ended", AT - timedelta(days=40))
        corridor = await signing(database_url, tmp_path, stack, ended)
        await corridor.office("duty", "/office")
        await corridor.resident(ONE)
        alert = await corridor.warned()
        await corridor.send(alert)
        assert len(corridor.heard(ONE)) == 1
        assert (await corridor.states(alert))[corridor.sink.url("/office")] == ("queued", "unsigned")
        assert not corridor.sink.received
        [notice] = await corridor.rows("SELECT text, next_step FROM notice WHERE key = 'signing'")
        assert "people's channels do not" in notice["text"]
        assert "signing: keys" in notice["next_step"]
        refused = await asked(corridor.parts, f"/api/alerts/{alert}.xml")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert alert not in (await asked(corridor.parts, "/api/feed.atom")).text
        # The operator names a new key and restarts: what waited goes out by itself.
        with_keys(corridor, ended, key_files(tmp_path, "new", AT - timedelta(days=1)))
        async with opened(load_settings(corridor.settings_file)) as again:
            assert await again.signing.catch_up() == 1
            assert await again.signing.catch_up() == 0
            for batch in [row["id"] for row in await corridor.rows("SELECT id FROM batch WHERE channel = 'webhook'")]:
                await again.dispatch.send(batch)
            assert alert in (await asked(again, "/api/feed.atom")).text
        assert (await corridor.states(alert))[corridor.sink.url("/office")] == ("accepted", "")
        assert "SignatureValue" in json.loads(corridor.sink.latest["/office"])["cap"]
        assert await corridor.rows("SELECT 1 FROM notice WHERE key = 'signing' AND cleared_at IS NULL") == []


async def test_the_next_key_is_published_before_it_signs(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await signing(
            database_url, tmp_path, stack, key_files(tmp_path, "now", AT - timedelta(days=1)), key_files(tmp_path, "next", AT + timedelta(days=7)))
        published = certificates((await asked(corridor.parts, "/api/certificates.pem")).content, name="the desk")
        assert len(published) == 2
        first = await corridor.warned()
        await corridor.move(timedelta(days=8))
        second = await corridor.warned(issuer="310115")
        used = {row["identifier"]: row["fingerprint"] for row in await corridor.rows("SELECT identifier, fingerprint FROM alert_signature")}
        assert used[first] != used[second]
