"""Looking at partners' feeds: nothing that a feed named is lost, one bad link holds up no other, and only the address that was judged is called."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from channels.wire.http_get import Unfetched, fetch
from tests.corridor.conftest import AT, Corridor, until
from tests.corridor.test_intake import alert, joined, signed
from warning.atom import feed
from warning.exchange import poll
from warning.xml import MAX_BYTES


class Province:
    """A partner's own web server: a feed with an ETag, and documents that it links to."""

    def __init__(self) -> None:
        self.feed, self.version, self.fault = b"", 1, 0
        self.documents: dict[str, bytes | Callable[[], Response]] = {}
        self.asked: list[str] = []
        self.port = 0

    def link(self, *names: str, stamp: str = "2024-09-19T16:00:00Z") -> None:
        """The feed of now, newest first as feeds are."""
        entries = "".join(f"<entry><updated>{stamp}</updated><link href='{name}'/><link rel='alternate' type='text/html' href='page'/></entry>" for name in names)
        self.feed = f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>".encode()
        self.version += 1

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/feed")
        async def feed_(request: Request) -> Response:
            self.asked.append("feed")
            if self.fault:
                return Response(status_code=self.fault)
            etag = f'"{self.version}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304)
            return Response(self.feed, media_type="application/atom+xml", headers={"ETag": etag})

        @app.get("/{name}")
        async def document(name: str) -> Response:
            self.asked.append(name)
            found = self.documents.get(name, b"")
            if callable(found):
                return found()
            return Response(found, status_code=200 if found else 404)

        return app


@asynccontextmanager
async def serving(app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The app on a real socket; its port."""
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="error", lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve())
    try:
        await until(lambda: asyncio.sleep(0, server.started), within_s=120)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def polled(database_url: str, folder: Path, *, agreed: bool = True) -> AsyncIterator[tuple[Corridor, Province]]:
    async with AsyncExitStack() as stack:
        province = Province()
        province.port = await stack.enter_async_context(serving(province.app()))
        corridor, _ = await stack.enter_async_context(joined(database_url, folder, agreed=agreed, url=f"http://127.0.0.1:{province.port}/feed"))
        yield corridor, province


async def notices(corridor: Corridor) -> dict[str, str]:
    return {row["key"]: row["text"] for row in await corridor.rows("SELECT key, text FROM notice WHERE key LIKE 'partner %' AND cleared_at IS NULL")}


async def later(corridor: Corridor) -> None:
    """As if the wait before the next try were over."""
    await corridor.execute("UPDATE partner_link SET next_at = clock_timestamp()")


async def test_a_feed_is_looked_at_with_its_etag_and_a_silent_one_is_told(database_url: str, tmp_path: Path) -> None:
    async with polled(database_url, tmp_path) as (corridor, province):
        one = signed(tmp_path, alert())
        province.feed = feed([alert()], url="http://p.test/feed", now=AT, title="p", documents={alert().identifier: one})
        assert [await corridor.parts.polling.look() for _ in range(2)] == [1, 0]
        assert province.asked == ["feed", "feed"]
        [row] = await corridor.rows("SELECT fate, standing, how FROM intake")
        assert (row["fate"], row["standing"], row["how"]) == ("redistributed", "valid", "poll")  # signed inside the feed, and verified there
        province.fault = 500
        await corridor.parts.polling.look()
        assert await notices(corridor) == {"partner zhejiang": "the feed of zhejiang cannot be read: the feed answered HTTP 500"}
        province.fault = 0
        await corridor.parts.polling.look()
        assert await notices(corridor) == {}


async def test_a_link_that_fails_is_asked_for_again_though_the_feed_has_not_changed_and_holds_up_no_other(database_url: str, tmp_path: Path) -> None:
    async with polled(database_url, tmp_path) as (corridor, province):
        province.documents = {
            "good": signed(tmp_path, alert(1)), "busy": lambda: Response(status_code=503), "large": b"<a>" + b" " * MAX_BYTES, "odd": b"<html/>"}
        province.link("large", "busy", "odd", "good")
        assert await corridor.parts.polling.look() == 1
        assert sorted(province.asked) == ["busy", "feed", "good", "large", "odd"]  # and never the web page beside them
        # What is no alert is told at once and asked for no more; what may come yet is told when it has failed three times.
        assert await notices(corridor) == {"partner zhejiang documents": "documents of zhejiang that cannot be read: the document is 'html', not a CAP alert (odd)"}
        province.asked.clear()
        assert await corridor.parts.polling.look() == 0
        assert province.asked == ["feed"]  # each failure waits its time
        for _ in range(2):
            await later(corridor)
            await corridor.parts.polling.look()
        assert await notices(corridor) == {"partner zhejiang documents": (
            f"documents of zhejiang that cannot be read: it has more than {MAX_BYTES} bytes and was not read (large); HTTP 503 (busy); "
            "the document is 'html', not a CAP alert (odd)")}
        province.documents["busy"] = signed(tmp_path, alert(2, msg_type="Cancel", after=1))
        await later(corridor)
        assert await corridor.parts.polling.look() == 1
        assert [row["msg_type"] for row in await corridor.rows("SELECT msg_type FROM alert ORDER BY real_at")] == ["Alert", "Cancel"]
        # What its feed names no more and is not owed is forgotten, and with it the notice.
        province.link("good", "busy")
        province.asked.clear()
        await corridor.parts.polling.look()
        assert province.asked == ["feed"]  # the feed says that both are as they were
        assert sorted(row["url"].rpartition("/")[2] for row in await corridor.rows("SELECT url FROM partner_link")) == ["busy", "good", "large"]
        province.link("good", "busy", stamp="2024-09-19T17:00:00Z")
        await corridor.parts.polling.look()
        assert sorted(province.asked) == ["busy", "feed", "feed", "good"]


async def test_a_long_feed_is_read_on_in_the_next_round_and_in_the_order_in_which_it_was_sent(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "MOST_LINKS", 3)
    async with polled(database_url, tmp_path) as (corridor, province):
        for number, message in enumerate((alert(1), alert(2, msg_type="Cancel", after=1), alert(3), alert(4), alert(5)), 1):
            province.documents[str(number)] = signed(tmp_path, message)
        province.link("2", "1", "5", "4", "3")  # the end stands before its start
        assert [await corridor.parts.polling.look() for _ in range(3)] == [3, 2, 0]
        assert province.asked.count("feed") == 3
        assert sorted(one for one in province.asked if one != "feed") == ["1", "2", "3", "4", "5"]
        assert {row["fate"] for row in await corridor.rows("SELECT fate FROM intake")} == {"redistributed"}


async def test_a_slow_link_and_a_slow_partner_are_cut_off_and_owed(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "LINK_S", 2.0)
    over = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"<"
        await over.wait()

    async with polled(database_url, tmp_path) as (corridor, province):
        province.documents = {"slow": lambda: StreamingResponse(dripping()), "good": signed(tmp_path, alert(1))}
        province.link("slow", "good")
        try:
            async with asyncio.timeout(60):
                assert await corridor.parts.polling.look() == 1
        finally:
            over.set()
        [row] = await corridor.rows("SELECT fault, tries FROM partner_link WHERE state = 'owed'")
        assert row == {"fault": "no whole answer within 2 s", "tries": 1}


async def test_a_round_ends_in_time_and_what_it_did_not_come_to_is_owed_without_a_fault(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "LINK_S", 600.0)
    monkeypatch.setattr(poll, "ROUND_S", 3.0)
    monkeypatch.setattr(poll, "_AT_ONCE", 1)
    over = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"<"
        await over.wait()

    async with polled(database_url, tmp_path) as (corridor, province):
        province.documents = {"slow": lambda: StreamingResponse(dripping()), "late": signed(tmp_path, alert(1))}
        province.link("slow", "late")
        try:
            async with asyncio.timeout(60):
                assert await corridor.parts.polling.look() == 0
            assert "late" not in province.asked
            [late] = await corridor.rows("SELECT fault, tries, next_at <= clock_timestamp() AS now FROM partner_link WHERE state = 'owed' AND url LIKE '%/late'")
            assert late == {"fault": "", "tries": 0, "now": True}
            monkeypatch.setattr(poll, "ROUND_S", 600.0)
            await corridor.execute("UPDATE partner_link SET next_at = next_at + interval '1 hour' WHERE url LIKE '%/slow'")
            assert await corridor.parts.polling.look() == 1
        finally:
            over.set()


async def test_a_forged_document_in_a_feed_shadows_nothing(database_url: str, tmp_path: Path) -> None:
    async with polled(database_url, tmp_path) as (corridor, province):
        true = signed(tmp_path, alert())
        province.documents = {"forged": true.replace("三小时".encode(), "九小时".encode()), "true": true}
        province.link("forged")
        assert await corridor.parts.polling.look() == 0
        province.link("forged", "true")
        assert await corridor.parts.polling.look() == 1
        assert sorted(row["fate"] for row in await corridor.rows("SELECT fate FROM intake")) == ["redistributed", "refused"]


# --- which address is called


def answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """A name service that gives these one after the other, as one does that rebinds."""
    left = list(addresses)
    real = asyncio.get_running_loop().getaddrinfo

    async def answer(host: Any, port: Any, **more: Any) -> Any:  # the system's form
        if host != "rebind.example.org":
            return await real(host, port, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0) if len(left) > 1 else left[0], port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)


def heard(name: str, asked: list[str]) -> FastAPI:
    app = FastAPI()

    @app.get("/{path}")
    async def document(path: str, request: Request) -> Response:
        asked.append(f"{name} {path} {request.headers['host']}")
        return RedirectResponse("http://169.254.169.254/latest") if path == "inside" else RedirectResponse("other") if path == "moved" else Response(name)

    return app


async def _fetched(url: str, *, allow_private: bool = True) -> bytes:
    return (await fetch(url, tls=ssl.create_default_context(), allow_private=allow_private, timeout_s=30, max_bytes=1000)).body


async def test_the_address_that_was_judged_is_the_one_that_is_called_and_a_redirect_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    async with serving(heard("good", asked)) as port, serving(heard("evil", asked), host="127.0.0.2", port=port):
        answering(monkeypatch, "127.0.0.1", "127.0.0.2")
        assert await _fetched(f"http://rebind.example.org:{port}/a") == b"good"
        assert asked == [f"good a rebind.example.org:{port}"]
        asked.clear()
        answering(monkeypatch, "127.0.0.1", "127.0.0.1")
        assert await _fetched(f"http://rebind.example.org:{port}/moved") == b"good"
        assert asked == [f"good {path} rebind.example.org:{port}" for path in ("moved", "other")]
        # Behind the redirect the name leads elsewhere: judged anew, and what may never be called is not.
        answering(monkeypatch, "127.0.0.1", "169.254.169.254")
        for path in ("moved", "inside"):
            with pytest.raises(Unfetched, match="link-local"):
                await _fetched(f"http://rebind.example.org:{port}/{path}")
            answering(monkeypatch, "127.0.0.1")
        with pytest.raises(Unfetched, match="allow_private_targets"):
            await _fetched(f"http://rebind.example.org:{port}/a", allow_private=False)
        assert not [one for one in asked if one.startswith("evil")]


async def test_a_fetch_ends_after_three_redirects_and_what_is_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    app = FastAPI()

    @app.get("/{path}")
    async def document(path: str) -> Response:
        asked.append(path)
        return Response(b"x" * 1001) if path == "long" else Response(b"x" * 1000) if path == "whole" else RedirectResponse(f"{path}r")

    async with serving(app) as port:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # behind a proxy the judged address would not be the one that is called
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        with pytest.raises(Unfetched, match="more than 3 times"):
            await _fetched(f"http://127.0.0.1:{port}/r")
        assert asked == ["r", "rr", "rrr", "rrrr"]
        assert len(await _fetched(f"http://127.0.0.1:{port}/whole")) == 1000
        with pytest.raises(Unfetched, match="more than 1000 bytes"):
            await _fetched(f"http://127.0.0.1:{port}/long")


async def test_a_name_of_a_local_network_is_not_looked_up_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, *_: Any, **__: Any) -> Any:  # the system's form
        raise AssertionError(host)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    with pytest.raises(Unfetched, match="local network"):
        await _fetched("http://db.internal/feed", allow_private=False)


async def test_a_partners_feed_inside_is_not_called_where_the_deployment_does_not_allow_it(database_url: str, tmp_path: Path) -> None:
    async with polled(database_url, tmp_path) as (corridor, province):
        corridor.parts.polling._allow_private = False
        assert await corridor.parts.polling.look() == 0
        assert province.asked == []
        [row] = await corridor.rows("SELECT fault FROM partner_feed")
        assert "loopback address" in row["fault"]
