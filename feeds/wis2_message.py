"""WIS2 notification message: what it announces (WMO-No. 1061, WIS2 notification message standard, version 1)."""

import base64
import binascii
import gzip
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from feeds.errors import FeedError, Truncated

_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512,
           "sha3-256": hashlib.sha3_256, "sha3-384": hashlib.sha3_384, "sha3-512": hashlib.sha3_512}  # fmt: skip
_FIRST = ("canonical", "update", "deletion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """``act``: canonical = new data, update = a corrected version of the same ``data_id``, deletion = withdrawn. ``href`` is where the
    data lie, ``content`` the data themselves where they came along; ``digest`` is "" when the message gives no checksum."""

    data_id: str
    pubtime: str
    act: Literal["canonical", "update", "deletion"]
    href: str
    media_type: str
    method: str = ""
    digest: str = ""
    content: bytes | None = None

    @property
    def name(self) -> str:
        """Of the file: the link's last part, else the data's."""
        return self.href.split("?", 1)[0].rsplit("/", 1)[-1] or self.data_id.rsplit("/", 1)[-1]

    def verify(self, data: bytes) -> None:
        """Raises Truncated when ``data`` are not those announced."""
        if not self.digest:
            return
        own = base64.b64encode(_HASHES[self.method](data).digest()).decode("ascii")
        if not hmac.compare_digest(own, self.digest):
            raise Truncated(f"{self.name}: {self.method} is not that of its notification; cut off or changed on the way, it is not used")


def parse(payload: bytes) -> Announcement:
    """Raises FeedError, naming the fault, for what is no notification or announces in a way that cannot be followed."""
    try:
        message = json.loads(payload)
        properties, links = message["properties"], message.get("links", [])
        data_id, pubtime = str(properties["data_id"]), str(properties["pubtime"])
        datetime.fromisoformat(pubtime[:19])
        link = next(({"rel": rel, **one} for rel in _FIRST for one in links if one.get("rel") == rel), None)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise FeedError(f"a message is no WIS2 notification ({type(fault).__name__}: {fault}); subscribe to topics of notifications only") from fault
    if link is None or not isinstance(link.get("href"), str):
        raise FeedError(f"the notification of {data_id!r} has no canonical, update or deletion link; its publisher must mend it")
    integrity = properties.get("integrity") or {}
    method, digest = str(integrity.get("method", "")), str(integrity.get("value", ""))
    if digest and method not in _HASHES:
        raise FeedError(f"the notification of {data_id!r} has a checksum by {method!r}, which is none of {', '.join(_HASHES)}; it is not used")
    content = properties.get("content")
    return Announcement(
        data_id=data_id, pubtime=pubtime, act=link["rel"], href=link["href"], media_type=str(link.get("type", "")), method=method, digest=digest,
        content=_content(content, data_id) if isinstance(content, dict) else None)


def _content(content: dict[str, object], data_id: str) -> bytes:
    value, encoding = str(content.get("value", "")), content.get("encoding")
    try:
        data = value.encode() if encoding == "utf-8" else base64.b64decode(value, validate=True)
        if encoding == "gzip":
            data = gzip.decompress(data)
    except (binascii.Error, OSError, EOFError, zlib.error) as fault:
        raise FeedError(f"the content within the notification of {data_id!r} is no {encoding} ({fault}); it is not used") from fault
    if encoding not in ("utf-8", "base64", "gzip"):
        raise FeedError(f"the content within the notification of {data_id!r} is encoded as {encoding!r}, which is not known; it is not used")
    return data
