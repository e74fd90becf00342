"""A deployment for a resident's browser, with its gateways: ``python -m tests.web.resident_server URL PORT FOLDER``.

The SMS centre and the push service are the drill's; ``/drill/…`` shows what reached their phones.
"""

import asyncio
import sys
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Response
from sqlalchemy import text

from channels.wire.aes128gcm import b64url
from channels.wire.http_sink import HttpSink
from channels.wire.smsc import Smsc
from tests.web.conftest import TOKENS
from warning.account import token_hash
from warning.app import opened
from warning.clock import SystemClock
from warning.parts import Parts
from warning.schedule import ticking
from warning.settings import Settings
from warning.web.server import create

KEY = b64url(ec.derive_private_key(4711, ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big"))


async def main(url: str, port: int, folder: Path) -> None:
    clock = SystemClock()
    smsc, sink = Smsc(now=clock.now), HttpSink(now=clock.now)
    sms_port = await smsc.start()
    await sink.start()
    settings = Settings.model_validate({
        "database_url": url, "data": folder, "secret": "s" * 32, "allow_private_targets": True, "public_url": f"http://127.0.0.1:{port}",
        "channels": [
            {"name": "sms", "kind": "sms", "options": {"lane": "exercise", "host": "127.0.0.1", "port": sms_port, "system_id": "drill",
                                                       "password": "drill", "source": "12379"}},
            {"name": "push", "kind": "webpush", "options": {"lane": "exercise", "allow_private": True, "vapid_private_key": KEY,
                                                            "vapid_subject": "mailto:duty@example.org"}}]})
    async with opened(settings) as parts:
        await _accounts(parts)
        app = create(parts, with_console=False)
        _drill(app, smsc, sink)
        scheduler = ticking(parts)
        scheduler.start()
        working = asyncio.create_task(parts.jobs.work(concurrency=2, name="drill"))
        try:
            await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()
        finally:
            scheduler.shutdown(wait=False)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await sink.stop()
            await smsc.stop()


async def _accounts(parts: Parts) -> None:
    async with parts.database.begin() as connection:
        for name, role in TOKENS.items():
            await connection.execute(text("INSERT INTO account (name, role, token_hash) VALUES (:n, :r, :h)"),
                                     {"n": name, "r": role, "h": token_hash(f"token-{name}")})


def _drill(app: FastAPI, smsc: Smsc, sink: HttpSink) -> None:
    """What the phones of the drill have got."""

    @app.get("/drill/texts/{number}", include_in_schema=False)
    async def texts(number: str) -> list[str]:
        return smsc.texts(number)

    @app.get("/drill/subscription/{phone}", include_in_schema=False)
    async def subscription(phone: str) -> Response:
        return Response(sink.subscribe_phone(f"/p/{phone}"), media_type="application/json")

    @app.get("/drill/pushes/{phone}", include_in_schema=False)
    async def pushes(phone: str) -> Response:
        """The newest note, as the phone has decrypted it, and how many there were."""
        path = f"/p/{phone}"
        return Response(sink.latest.get(path, b""), headers={"X-Count": str(sink.received[path])})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
