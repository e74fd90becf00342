"""A push service as Firefox speaks to it: Mozilla's WebSocket protocol towards the browser, RFC 8030 towards whoever sends; on this machine only."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from starlette.websockets import WebSocketDisconnect


class PushService:
    """``answers``: what the browser said of each message; 100 = its worker has done with it (autopush's codes)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: list[int] = []
        self._browsers: dict[str, WebSocket] = {}
        self.app = FastAPI()
        self.app.add_api_websocket_route("/", self._browser)
        self.app.add_api_route("/push/{channel}", self._message, methods=["POST"])

    async def _browser(self, socket: WebSocket) -> None:
        asked = socket.headers.get("sec-websocket-protocol", "").partition(",")[0].strip()
        await socket.accept(subprotocol=asked or None)
        try:
            while True:
                told = json.loads(await socket.receive_text())
                self.answers += [one["code"] for one in told.get("updates", ())] + ([told["code"]] if told.get("messageType") == "nack" else [])
                answer = self._answer(told, socket)
                if answer is not None:
                    await socket.send_text(json.dumps(answer))
        except WebSocketDisconnect:
            return

    def _answer(self, told: dict[str, object], socket: WebSocket) -> dict[str, object] | None:
        kind, channel = told.get("messageType"), str(told.get("channelID", ""))
        if kind == "hello":
            return {"messageType": kind, "status": 200, "uaid": uuid4().hex, "use_webpush": True, "broadcasts": {}}
        if kind == "register":
            self._browsers[channel] = socket
            return {"messageType": kind, "status": 200, "channelID": channel, "pushEndpoint": f"http://127.0.0.1:{self.port}/push/{channel}"}
        if kind == "unregister":
            return {"messageType": kind, "status": 200, "channelID": channel}
        return {} if kind is None else None  # an empty object is the browser's ping

    async def _message(self, channel: str, request: Request) -> Response:
        socket = self._browsers.get(channel)
        if socket is None:
            return Response(status_code=410)
        version = uuid4().hex
        await socket.send_text(json.dumps({
            "messageType": "notification", "channelID": channel, "version": version, "headers": {"encoding": request.headers["content-encoding"]},
            "data": urlsafe_b64encode(await request.body()).decode().rstrip("=")}))
        return Response(status_code=201, headers={"Location": f"/message/{version}"})


@contextmanager
def push_service(port: int) -> Iterator[PushService]:
    """Served in a thread of its own for as long as the block lasts."""
    service = PushService(port)
    server = uvicorn.Server(uvicorn.Config(service.app, host="127.0.0.1", port=port, log_level="warning"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join(20)
