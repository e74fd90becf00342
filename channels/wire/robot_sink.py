"""Robot sink of a drill: the group robots of WeCom, DingTalk, Feishu and Lark on the loopback, answering as those services do."""

import asyncio
import base64
import contextlib
import hmac
import json
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

_PER_MINUTE: Final = 20
_MAX_OCTETS: Final = {"wecom": 2048, "dingtalk": 20_000, "feishu": 20_000}
_NAMES: Final = {"wecom": ("errcode", "errmsg"), "dingtalk": ("errcode", "errmsg"), "feishu": ("code", "msg")}
_CODES: Final = {
    "wecom": {"gone": 93000, "too fast": 45009, "too long": 40058, "busy": -1},
    "dingtalk": {"gone": 300001, "too fast": 130101, "too long": 460101, "guarded": 310000, "busy": -1},
    "feishu": {"gone": 19001, "too fast": 11232, "too long": 9499, "guarded": 19024},
}


class RobotSink:
    """``groups`` holds what each robot has said, by its key; a key that is not there is a robot that was removed.

    ``secrets``: keys of DingTalk robots that demand a signature. ``keyword``: what every text must hold. ``answer``: octets that are given
    instead of the service's own. ``drips``: an answer that comes octet by octet and never ends. ``asked``: paths; ``origin``: where it is.
    """

    def __init__(self) -> None:
        self.groups: dict[str, list[str]] = {}
        self.secrets: dict[str, str] = {}
        self.keyword = ""
        self.busy = False
        self.answer: bytes | None = None
        self.drips = False
        self.asked: list[str] = []
        self.origin = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and give back the port; raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        port = int(self._server.sockets[0].getsockname()[1])
        self.origin = f"http://127.0.0.1:{port}"
        return port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                target = first.split(" ")[1]
                self.asked.append(target)
                answer = self.answer if self.answer is not None else self._answered(target, body)
                if self.drips:
                    for octet in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
                        writer.write(bytes((octet,)))
                        await asyncio.sleep(0.02)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        self._writers.discard(writer)
        writer.close()

    def _answered(self, target: str, body: bytes) -> bytes:
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path.rstrip("/").split("/"):
            case ["", "cgi-bin", "webhook", "send"]:
                service, key = "wecom", asked["key"]
            case ["", "robot", "send"]:
                service, key = "dingtalk", asked["access_token"]
            case ["", "open-apis", "bot", "v2", "hook", key]:
                service = "feishu"
            case _:
                return b'{"errcode": 404, "errmsg": "no such address"}'
        said = json.loads(body)
        text = said["content"]["text"] if service == "feishu" else said["text"]["content"]
        fault = self._fault(service, key, text, asked)
        if not fault:
            self.groups[key].append(text)
        code, words = _NAMES[service]
        return json.dumps({code: _CODES[service][fault] if fault else 0, words: fault or "ok"}).encode()

    def _fault(self, service: str, key: str, text: str, asked: dict[str, str]) -> str:
        if self.busy and service != "feishu":
            return "busy"
        if key not in self.groups:
            return "gone"
        secret = self.secrets.get(key)
        if secret is not None and not _signed(secret, asked):
            return "guarded"
        if self.keyword not in text:
            return "guarded"
        if len(text.encode()) > _MAX_OCTETS[service]:
            return "too long"
        return "too fast" if len(self.groups[key]) >= _PER_MINUTE else ""


def _signed(secret: str, asked: dict[str, str]) -> bool:
    """DingTalk: HMAC-SHA256 over the time and the secret, keyed with the secret; of at most an hour ago."""
    stamp = asked.get("timestamp", "")
    own = base64.b64encode(hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), "sha256")).decode()
    fresh = stamp.isdigit() and abs(int(stamp) / 1000 - datetime.now().astimezone().timestamp()) < 3600
    return fresh and hmac.compare_digest(own, asked.get("sign", ""))
