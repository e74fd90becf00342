"""Firefox without a window, told what to do by WebDriver BiDi; its push service is the one it is given."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
_SETTINGS = {
    "dom.push.alwaysConnect": True, "dom.push.connection.enabled": True, "dom.push.enabled": True, "dom.push.testing.allowInsecureServerURL": True, "permissions.default.desktop-notification": 1,
    "alerts.useSystemBackend": False,  # there is no desktop here to show them
    "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False, "toolkit.telemetry.enabled": False}


class Firefox:
    """One tab."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._count = 0
        told = self._ask("session.new", capabilities={})
        self.version: str = told["capabilities"]["browserVersion"]
        self._tab: str = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def go(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def run(self, script: str) -> object:
        """The value of an expression, awaited, as JSON would carry it. Raises RuntimeError with what the page raised."""
        told = self._ask(
            "script.evaluate", expression=f"Promise.resolve({script}).then((one) => JSON.stringify(one ?? null))", target={"context": self._tab},
            awaitPromise=True, userActivation=True)
        if told["type"] != "success":
            raise RuntimeError(str(told["exceptionDetails"]["text"]))
        return json.loads(told["result"]["value"])

    def _ask(self, method: str, **words: object) -> Any:
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": words}))
        while True:
            told = json.loads(self._socket.recv(timeout=60))
            if told.get("id") == self._count:
                if told["type"] == "error":
                    raise RuntimeError(f"{method}: {told['message']}")
                return told["result"]


@contextmanager
def firefox(folder: Path, port: int, push_port: int) -> Iterator[Firefox]:
    """With a new profile in ``folder``, and no other push service than the one at ``push_port``."""
    assert FIREFOX is not None, "ask whether there is one"
    settings = {**_SETTINGS, "dom.push.serverURL": f"ws://127.0.0.1:{push_port}/"}
    (folder / "user.js").write_text("".join(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in settings.items()), encoding="utf-8")
    process = subprocess.Popen(
        [FIREFOX, "--headless", "--no-remote", "--profile", str(folder), f"--remote-debugging-port={port}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(folder)})
    try:
        with _connected(process, port) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(30)


def _connected(process: subprocess.Popen[bytes], port: int) -> Connection:
    deadline = time.monotonic() + 60
    while True:
        try:
            return connect(f"ws://127.0.0.1:{port}/session", max_size=None)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
