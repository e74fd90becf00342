"""A duty post is called; the key that somebody presses on the telephone acknowledges for it."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import yaml

from channels.wire.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from tests.corridor.conftest import AT, OFFICER, Corridor, opened_corridor
from tests.ports import own_port
from warning.app import opened
from warning.dispatch.subscribe import OfficeSubscription
from warning.settings import load_settings


async def test_a_pressed_key_acknowledges_the_warning(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = await opened_corridor(database_url, tmp_path, stack, channels=False)
        first.sink.secrets["/calls"] = "drill"
        port = stack.enter_context(own_port())
        settings = yaml.safe_load(first.settings_file.read_text(encoding="utf-8"))
        settings["channels"].append({"name": "voice", "kind": "voice", "options": {
            "lane": "exercise", "url": first.sink.url("/calls"), "secret": "drill", "callback_port": port, "allow_private": True}})
        first.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        parts = await stack.enter_async_context(opened(load_settings(first.settings_file)))
        corridor = Corridor(parts=parts, smsc=first.smsc, sink=first.sink, folder=first.folder, settings_file=first.settings_file)
        await parts.subscriptions.office(OfficeSubscription(
            name="flood duty room", channel="voice", address="8613900000001", zones=("310115",)), account=OFFICER)
        await corridor.send(await corridor.warned())
        [waiting] = await parts.answer.board()
        assert (waiting.post, waiting.state) == ("flood duty room", "waiting")
        call = json.loads(corridor.sink.latest["/calls"])
        assert "http" not in call["text"]
        body, at = json.dumps({"id": call["id"], "event": "key", "key": "1"}).encode(), str(int(AT.timestamp()))
        async with httpx.AsyncClient(trust_env=False, timeout=60) as gateway:
            answer = await gateway.post(call["callback"], content=body, headers={TIMESTAMP_HEADER: at, SIGNATURE_HEADER: sign("drill", at, body)})
        assert answer.status_code == 204
        [answered] = await parts.answer.board()
        assert answered.state == "answered"
        assert await corridor.rows("SELECT who FROM audit WHERE act = 'acknowledge'") == [{"who": "key pressed (voice)"}]
