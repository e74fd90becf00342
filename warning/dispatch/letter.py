"""Letter: the finished Message of an alert, for one recipient or for a crowd."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from channels.message import Message
from warning import nationalxml
from warning.cap import Alert
from warning.capxml import CONTENT_TYPE, read
from warning.dispatch.compose import Composed, compose
from warning.dispatch.kind import MACHINES, WITH_LINK, WITH_REFUGES
from warning.dispatch.refuge import Refuge, listed, told
from warning.dispatch.work import StoredAlert
from warning.errors import CapError, Invalid


def letter(
    alert: StoredAlert, *, kind: str, key: str, address: str, language: str, role: str, room: int | None, link: str = "", secret: str = "",
    former_secret: str = "", form: str = "json", refuges: Sequence[Refuge] = (), flash: bool = False,
) -> Message:
    """What goes out on a channel of this kind with ``room`` characters. Raises Invalid when even the shortest words do not fit.

    ``form`` "cap": a program gets the document itself, and its answer's address beside it.
    ``refuges`` are named where there is room left: never in the place of a word of the warning.
    """
    if room is not None and link:
        room -= len(link) + 1
    left_area = role == "end" and alert.msg_type != "Cancel"
    finished = _composed(alert.cap_xml, kind, language, room, left_area)
    body, content_type = finished.body, finished.content_type
    if kind in MACHINES and form == "cap":
        body, content_type = alert.document.encode(), CONTENT_TYPE
    elif kind in MACHINES:
        body, content_type = _envelope(alert, finished, link, refuges), "application/json"
    elif kind == "wis2":
        body, content_type = alert.document.encode(), CONTENT_TYPE
    elif kind == "national":
        address, body, content_type = *_national(alert), nationalxml.CONTENT_TYPE
    text = finished.text
    refuge = told(refuges, chinese=language.startswith("zh")) if kind in WITH_REFUGES else ""
    if refuge and (room is None or len(text) + 1 + len(refuge) <= room):
        text = f"{text}\n{refuge}"
    return Message(
        key=key, address=address, subject=finished.subject,
        text=f"{text}\n{link}" if link and kind in WITH_LINK else text,
        language=language, identifier=alert.identifier, event=str(alert.event_id), version=alert.version,
        msg_type=_msg_type(alert.msg_type), status=_status(alert.status), priority=int(alert.level), sent=alert.sent,
        expires=alert.expires, body=body, content_type=content_type, secret=secret, former_secret=former_secret,
        ack_url=link if kind in MACHINES else "", fetched=not left_area, ends=role == "end", flash=flash,
    )


def _national(alert: StoredAlert) -> tuple[str, bytes]:
    """The file's name and the document of the national platform. Raises Invalid for what it has no word for."""
    document = parsed(alert.cap_xml)
    try:
        return nationalxml.file_name(document), nationalxml.write(document, first=alert.first)
    except CapError as error:
        raise Invalid(str(error)) from error


def filled(address: str, alert: StoredAlert) -> str:
    """A broadcast's address has places for what differs from alert to alert."""
    return (address.replace("{identifier}", alert.identifier).replace("{issuer}", alert.issuer)
            .replace("{hazard}", alert.hazard))


@lru_cache(maxsize=64)
def parsed(cap_xml: str) -> Alert:
    """The alert of a CAP document of ours, read once for everybody it goes to."""
    return read(cap_xml.encode()).alert


@lru_cache(maxsize=512)
def _composed(cap_xml: str, channel: str, language: str, max_chars: int | None, left_area: bool) -> Composed:
    """One text per channel and language serves everyone in the batch."""
    return compose(parsed(cap_xml), channel=channel, language=language, max_chars=max_chars, left_area=left_area)


def _envelope(alert: StoredAlert, finished: Composed, link: str, refuges: Sequence[Refuge]) -> bytes:
    """What a program gets: the facts a display needs, the CAP document, and where to answer."""
    document = {
        "identifier": alert.identifier, "event": str(alert.event_id), "version": alert.version, "msg_type": alert.msg_type,
        "status": alert.status, "hazard": alert.hazard, "level": alert.level.key, "zones": list(alert.zones),
        "sent": alert.sent.isoformat(), "expires": alert.expires.isoformat(), "headline": finished.subject,
        "text": finished.text, "cap": alert.document,
    }
    if refuges:
        document["shelters"] = listed(refuges)
    if link:
        document["ack_url"] = link
    return json.dumps(document, ensure_ascii=False).encode()


def _msg_type(word: str) -> Literal["Alert", "Update", "Cancel"]:
    match word:
        case "Alert" | "Update" | "Cancel":
            return word
    raise ValueError(f"an alert of type {word!r} is never sent")


def _status(word: str) -> Literal["Actual", "Exercise", "Test"]:
    match word:
        case "Actual" | "Exercise" | "Test":
            return word
    raise ValueError(f"an alert of status {word!r} is never sent")
