"""Emergency-broadcast package (EBD with one EBM, GD/J 082-2018): the only file that knows its XML.

The standard's text was not at hand: elements follow an integration product's interface, values marked K in the project's notes (severity by colour,
message type 2 for a stop) are defaults to be confirmed with the platform. Packages are signed by the platform's own gateway (GD/J 081), not here.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256

from lxml import etree

from channels.message import Message

PLAY, STOP = 1, 2
_BEIJING = timezone(timedelta(hours=8))
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SEVERITY = {4: 1, 3: 2, 2: 3, 1: 4}
"""1 the highest (red) to 4 (blue); 15 = unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who broadcasts: the EBE identifier that the platform gave, a name, and its own event code."""

    ebeid: str
    name: str
    event_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a loudspeaker reads of a package."""

    ebm_id: str
    msg_type: int
    severity: int
    area_code: str
    title: str
    text: str
    start: datetime
    end: datetime


class BadPackage(ValueError):
    """The bytes are no EBD package that can be played."""


def write(message: Message, *, area_code: str, origin: Origin) -> bytes:
    """The package: play, or for a Cancel stop. All versions of one event in one area share an EBMID, so that a stop finds what plays."""
    sent = _time(message.sent)
    root = etree.Element("EBD")
    head = {"EBDVersion": "1.0", "EBDID": f"{origin.ebeid}{_digits(message.key, 16)}", "EBDType": "EBM"}
    for name, value in head.items():
        _put(root, name, value)
    _put(etree.SubElement(root, "SRC"), "EBEID", origin.ebeid)
    _put(root, "EBDTime", sent)
    ebm = etree.SubElement(root, "EBM")
    _put(ebm, "EBMVersion", "1.0")
    _put(ebm, "EBMID", f"{origin.ebeid}{_digits(f'{message.event} {area_code}', 16)}")
    basic = etree.SubElement(ebm, "MsgBasicInfo")
    _put(basic, "MsgType", str(STOP if message.msg_type == "Cancel" else PLAY))
    _put(basic, "SenderName", origin.name)
    _put(basic, "SenderCode", origin.ebeid)
    _put(basic, "SentTime", sent)
    _put(basic, "EventType", origin.event_type)
    _put(basic, "Severity", str(_SEVERITY.get(message.priority, 15)))
    _put(basic, "StartTime", sent)
    _put(basic, "EndTime", _time(message.expires))
    content = etree.SubElement(ebm, "MsgContent")
    _put(content, "LanguageCode", "zho" if message.language.lower().startswith("zh") else "eng")
    _put(content, "MsgTitle", message.subject)
    _put(content, "MsgDesc", message.text)
    _put(content, "AreaCode", area_code)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def read(data: bytes) -> Package:
    """What stands in a package; raises BadPackage. Nothing outside of the bytes is read."""
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False))
        return Package(
            ebm_id=_text(root, "EBM/EBMID"), msg_type=int(_text(root, "EBM/MsgBasicInfo/MsgType")),
            severity=int(_text(root, "EBM/MsgBasicInfo/Severity")), area_code=_text(root, "EBM/MsgContent/AreaCode"),
            title=_text(root, "EBM/MsgContent/MsgTitle"), text=_text(root, "EBM/MsgContent/MsgDesc"),
            start=_moment(_text(root, "EBM/MsgBasicInfo/StartTime")), end=_moment(_text(root, "EBM/MsgBasicInfo/EndTime")))
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise BadPackage("no EBD package, or one of its elements is missing") from wrong


def area_code(address: str) -> str:
    """The 12-digit area code that is one part of a topic or URL; shorter codes (district 6, town 9 digits) are filled up. Empty when there is none."""
    found = re.findall(r"(?:^|/)(\d{12}|\d{9}|\d{6})(?=/|$|\?)", address)
    return str(found[0]).ljust(12, "0") if found else ""


def _put(parent: etree._Element, name: str, value: str) -> None:
    etree.SubElement(parent, name).text = _NOT_XML.sub("", value)


def _text(root: etree._Element, path: str) -> str:
    found = root.findtext(path)
    if found is None:
        raise ValueError(path)
    return found


def _digits(word: str, count: int) -> str:
    return f"{int.from_bytes(sha256(word.encode()).digest()[:8], 'big') % 10**count:0{count}d}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
