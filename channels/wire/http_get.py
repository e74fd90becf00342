"""Fetch: one small document from an address that somebody else named, connected to by the very address that was judged.

The name is looked up once: every address behind it is judged (:func:`channels.wire.ssrf.resolve`), and the connection goes to one of these, with
the name in Host and in TLS. A redirect is a new address and is judged like the first. The whole exchange has one time limit, so that octets
which drip hold up nobody; a body larger than allowed is cut off as it comes. Proxies of the environment are not used: behind one the address
that is judged would not be the one that is called.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from channels.wire.ssrf import BadTarget, Target, check_url, parse_target, resolve

_REDIRECTS = 3
_MAX_ADDRESSES = 4
_MOVED = (301, 302, 303, 307, 308)


class Unfetched(Exception):
    """Nothing usable came; the text says why and what mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The last answer, redirects behind it. ``etag`` and ``modified`` are what the server calls this version."""

    status: int
    body: bytes
    etag: str = ""
    modified: str = ""


async def fetch(
    url: str, *, tls: ssl.SSLContext, allow_private: bool, timeout_s: float, max_bytes: int, headers: Mapping[str, str] | None = None,
) -> Fetched:
    """GET ``url``. Raises Unfetched for an address that must not be called, none that answers in time, and too much of an answer."""
    try:
        async with asyncio.timeout(timeout_s):
            at = url
            for _ in range(_REDIRECTS + 1):
                answer = await _once(at, tls=tls, allow_private=allow_private, timeout_s=timeout_s, max_bytes=max_bytes, headers=headers or {})
                if answer.status_code not in _MOVED or "location" not in answer.headers:
                    return Fetched(status=answer.status_code, body=answer.content, etag=answer.headers.get("etag", ""),
                                   modified=answer.headers.get("last-modified", ""))
                to = urljoin(at, answer.headers["location"])
                if at.lower().startswith("https:") and not to.lower().startswith("https:"):
                    raise Unfetched("it is sent on from https to another scheme, which is refused; give the real address")
                at = to
            raise Unfetched(f"it is sent on more than {_REDIRECTS} times; give the real address")
    except BadTarget as refused:
        raise Unfetched(str(refused)) from refused
    except TimeoutError as late:
        raise Unfetched(f"no whole answer within {timeout_s:g} s") from late
    except (httpx.HTTPError, OSError, ValueError) as dead:
        raise Unfetched(f"cannot be had: {type(dead).__name__}") from dead


async def _once(
    url: str, *, tls: ssl.SSLContext, allow_private: bool, timeout_s: float, max_bytes: int, headers: Mapping[str, str],
) -> httpx.Response:
    check_url(url, allow_private=allow_private)
    target = parse_target(url)
    addresses = (await resolve(target, allow_private=allow_private))[:_MAX_ADDRESSES]
    # No connection is kept: it is known by its address, and another name at the same address has another certificate.
    async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=timeout_s / len(addresses), limits=httpx.Limits(max_keepalive_connections=0)) as http:
        for rest in range(len(addresses), 0, -1):
            try:
                return await _read(http, target, addresses[-rest], max_bytes=max_bytes, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if rest == 1:
                    raise
    raise AssertionError("resolve gives at least one address")


async def _read(http: httpx.AsyncClient, target: Target, address: str, *, max_bytes: int, headers: Mapping[str, str]) -> httpx.Response:
    host = f"[{address}]" if ":" in address else address
    async with http.stream(
        "GET", f"{target.scheme}://{host}:{target.port}{target.path}", follow_redirects=False, extensions={"sni_hostname": target.host},
        headers={"User-Agent": "xiaoxishu", "Accept-Encoding": "identity", **headers, "Host": target.authority},
    ) as answer:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise Unfetched(f"it has more than {max_bytes} bytes and was not read")
        # As it was read: what it was packed in is gone.
        plain = {name: value for name, value in answer.headers.items() if name in ("etag", "last-modified", "location")}
        return httpx.Response(answer.status_code, headers=plain, content=bytes(body))
