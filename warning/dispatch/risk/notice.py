"""Notice: a risk notice that is due, and the message that it becomes on a channel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from channels.message import Message
from warning.dispatch.compose import SIGNATURE
from warning.dispatch.kind import MACHINES
from warning.level import Level

KEY = "risk."
"""How the keys of risk notices begin: late receipts under them are no delivery's."""

_MSG: dict[str, Literal["Alert", "Update", "Cancel"]] = {"opened": "Alert", "raised": "Update", "lowered": "Update", "ended": "Cancel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """A notice that this worker has claimed."""

    id: int
    event: str
    version: int
    act: str
    level: Level
    channel: str
    address: str
    language: str
    status: str
    texts: Mapping[str, Mapping[str, str]]
    at: datetime
    expires: datetime
    attempts: int


def notice_id(key: str) -> int | None:
    """Which notice a late receipt's key means; None when it is none's."""
    number = key.removeprefix(KEY)
    return int(number) if key.startswith(KEY) and number.isdecimal() and len(number) < 19 else None


def message(one: DueNotice, key: str, kind: str, max_chars: int | None) -> Message:
    """The whole text where it fits, else its headline. Carriers want their signature before a short message; programs get JSON."""
    words = one.texts.get(one.language) or next(iter(one.texts.values()))
    before = SIGNATURE if kind == "sms" else ""
    room = None if max_chars is None else max_chars - len(before)
    text = before + (words["text"] if room is None or len(words["text"]) <= room else words["headline"][:room])
    status: Literal["Actual", "Exercise", "Test"] = "Actual" if one.status == "Actual" else "Test" if one.status == "Test" else "Exercise"
    body, content_type = b"", ""
    if kind in MACHINES:
        document = {
            "type": "risk_notice", "key": key, "event": one.event, "version": one.version, "act": one.act, "level": int(one.level),
            "status": status, "headline": words["headline"], "text": words["text"], "sent": one.at.isoformat(),
            "expires": one.expires.isoformat()}
        body, content_type = json.dumps(document, ensure_ascii=False).encode(), "application/json"
    return Message(
        key=key, address=one.address, subject=words["headline"], text=text, language=one.language, identifier=key, event=one.event,
        version=one.version, msg_type=_MSG[one.act], status=status, priority=int(one.level), sent=one.at, expires=until(one),
        body=body, content_type=content_type)


def until(one: DueNotice) -> datetime:
    """An end may still be told for a day."""
    return one.expires if one.act != "ended" else one.at + timedelta(days=1)
