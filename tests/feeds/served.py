"""A real web server for one folder: versions, ranges, a listing, and on demand redirects and lines that break."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Served:
    """``asked``: (path, Range, status) of each request. ``break_at``: bytes after which the line breaks, once a path. ``sends_on``: redirects.
    ``fails``: by path what is answered first, one status a request."""

    folder: Path
    url: str = ""
    etags: bool = True
    weak: bool = False
    ranges: bool = True
    status: int = 0
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    break_at: dict[str, int] = field(default_factory=dict)
    sends_on: dict[str, str] = field(default_factory=dict)
    fails: dict[str, list[int]] = field(default_factory=dict)

    def paths(self, status: int = 200) -> list[str]:
        return [path for path, _, answered in self.asked if answered == status]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, served: Served, *arguments: object) -> None:
        self.served = served
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server calls it

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        path, asked = self.path.lstrip("/"), self.headers.get("Range", "")
        self.served.secrets.append(self.headers.get("Authorization", "") + self.headers.get("X-Key", ""))
        if path in self.served.sends_on:
            return self._say(302, location=self.served.sends_on[path])
        if self.served.fails.get(path):
            return self._say(self.served.fails[path].pop(0))
        if self.served.status:
            return self._say(self.served.status)
        file = self.served.folder / path
        if file.is_dir():
            rows = "".join(f'<a href="{one.name}">{one.name}</a> 2024-09-19 12:00\n' for one in sorted(file.iterdir()))
            return self._say(200, f'<html><a href="../">up</a><a href="?C=M">sort</a>{rows}</html>'.encode())
        if not file.is_file():
            return self._say(404)
        body = file.read_bytes()
        etag = f'{"W/" if self.served.weak else ""}"{hashlib.md5(body).hexdigest()}"'
        headers: dict[str, str] = {"ETag": etag} if self.served.etags else {"Last-Modified": formatdate(file.stat().st_mtime, usegmt=True)}
        version = next(iter(headers.values()))
        if version in (self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")):
            return self._say(304, b"", **headers)
        if asked and self.served.ranges and self.headers.get("If-Range", version) == version:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) if last else len(body) - 1, len(body) - 1)
            if start >= len(body):
                return self._say(416)
            return self._say(206, body[start : end + 1], **headers, **{"Content-Range": f"bytes {start}-{end}/{len(body)}"})
        return self._say(200, body, **headers)

    def _say(self, status: int, body: bytes = b"", **headers: str) -> None:
        path = self.path.lstrip("/")
        self.served.asked.append((path, self.headers.get("Range", ""), status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.served.break_at.pop(path, None) if body else None
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Up within the block, on a port of its own."""
    served = Served(folder=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, served))
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
