"""The national platform's XML (namespace com.icss.amp): the only file that knows it. It is not plain CAP.

Element names, value rules and file naming are those of public implementations, annotated against the platform's interface document (confidence C);
the full text of GB/T 35965.1-2018 was not seen. Differences from CAP 1.2: sendTime with a space, senderCode, colours as severity, one event code in
eventType, delivery orders inside ``code``, references by the identifier of the *first* message alone, circles in metres.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lxml import etree

from warning import cap, capform, xml
from warning.errors import CapError
from warning.identifier import BEIJING
from warning.level import Level

NAMESPACE: Final = "http://com.icss.amp"
CONTENT_TYPE: Final = "application/xml"
_MAX_FILES = 20
_FILE_NAME: Final = re.compile(r"(\d{14}_\d{14}(?:_\d)?)_[0-9A-Za-z]+_[A-Za-z]+_[A-Za-z]+\.xml", re.ASCII | re.IGNORECASE)
_STATUS: Final[Mapping[str, cap.Status]] = {"Actual": "Actual", "Test": "Test", "Exercise": "Exercise"}
_TYPE: Final[Mapping[str, cap.MsgType]] = {"Alert": "Alert", "Update": "Update", "Cancel": "Cancel"}
_SEVERITY: Final[Mapping[Level, cap.Severity]] = {
    Level.RED: "Extreme", Level.ORANGE: "Severe", Level.YELLOW: "Moderate", Level.BLUE: "Minor"}
_UNKNOWN: Final = "Unknown"


def write(alert: cap.Alert, *, first: str, language: str = "zh-CN") -> bytes:
    """``alert`` as the platform wants it. ``first``: the identifier of the event's first message, which Update and Cancel refer to.

    Raises CapError for what the platform has no word for: no Chinese text, no national event code.
    """
    info = cap.info_in(alert, language)
    if info is None or not info.language.startswith("zh"):
        raise CapError(f"alert {alert.identifier!r} has no Chinese text, which the national platform asks for")
    code = next((one.value for one in info.event_codes if one.name == cap.EVENT_CODE), "")
    if not code:
        raise CapError(f"alert {alert.identifier!r} has no {cap.EVENT_CODE}, which the national platform asks for")
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # lxml-stubs: no default namespace
    for name, text in (
        ("identifier", alert.identifier), ("sender", info.sender_name or alert.sender), ("senderCode", alert.sender),
        ("sendTime", _time(alert.sent)), ("status", alert.status), ("msgType", alert.msg_type), ("scope", "Public"),
        ("secClassification", "None"), ("note", alert.note if alert.msg_type == "Cancel" else ""),
        ("references", "" if alert.msg_type == "Alert" else first),
    ):
        _add(root, name, text)
    _orders(root, info)
    part = etree.SubElement(root, f"{{{NAMESPACE}}}info")
    level = level_of(info)
    for name, text in (
        ("language", info.language), ("eventType", code), ("urgency", _UNKNOWN), ("severity", level.key.capitalize() if level else _UNKNOWN),
        ("certainty", _UNKNOWN), ("effective", _time(info.effective or alert.sent)),
        ("onset", _time(info.onset) if info.onset else ""), ("expires", _time(info.expires) if info.expires else ""),
        ("senderName", info.sender_name), ("headline", info.headline), ("description", info.description),
        ("instruction", info.instruction), ("web", info.web),
    ):
        _add(part, name, text)
    for area in info.areas:
        where = etree.SubElement(part, f"{{{NAMESPACE}}}area")
        _add(where, "areaDesc", area.area_desc)
        for ring in area.polygons:
            _add(where, "polygon", capform.polygon_text(ring))
        for circle in area.circles:
            _add(where, "circle", f"{capform.number_text(circle.lat)},{capform.number_text(circle.lon)} {circle.radius_km * 1000:.0f}")
        _add(where, "geocode", ",".join(dict.fromkeys(one.value for one in area.geocodes)))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def read(document: bytes) -> cap.Alert:
    """The platform's XML as CAP nouns. Raises CapError naming the element that is missing or has no meaning."""
    root = xml.parse(document)
    if root.tag not in ("alert", f"{{{NAMESPACE}}}alert") or root.find("{*}senderCode") is None:
        raise CapError(f"this is {root.tag}, not an alert of the national platform ({NAMESPACE}, or without a namespace as provinces write it)")
    for element in root.iter():
        element.tag = etree.QName(element).localname
    info = _one(root, "info")
    sent = _moment(_text(root, "sendTime", must=True), "sendTime")
    severity = _text(info, "severity")
    level = next((one for one in Level if one.key == severity.lower()), None)
    msg_type, status = _text(root, "msgType", must=True), _text(root, "status", must=True)
    if msg_type not in _TYPE or status not in _STATUS:
        raise CapError(f"status {status!r} or msgType {msg_type!r} is none that the platform uses")
    sender = _text(root, "senderCode", must=True)
    first = _text(root, "references")
    onset, expires = _text(info, "onset"), _text(info, "expires")
    return cap.Alert(
        identifier=_text(root, "identifier", must=True), sender=sender, sent=sent, status=_STATUS[status], msg_type=_TYPE[msg_type],
        scope="Public", note=_text(root, "note"),
        references=(cap.Reference(sender=sender, identifier=first, sent=sent),) if first and msg_type != "Alert" else (),
        infos=(cap.Info(
            event=_text(info, "eventType", must=True), categories=("Met",), urgency="Unknown", certainty="Unknown",
            severity=_SEVERITY[level] if level else "Unknown", language=_text(info, "language") or "zh-CN",
            event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value=_text(info, "eventType", must=True)),),
            parameters=(cap.NamedValue(name=cap.COLOUR, value=level.key.capitalize()),) if level else (),
            effective=_moment(_text(info, "effective", must=True), "effective"),
            onset=_moment(onset, "onset") if onset else None, expires=_moment(expires, "expires") if expires else None,
            sender_name=_text(root, "sender"), headline=_text(info, "headline", must=True),
            description=_text(info, "description", must=True), instruction=_text(info, "instruction"), web=_text(info, "web"),
            areas=tuple(_area(one) for one in info.findall("area")),
        ),),
    )


def level_of(info: cap.Info) -> Level | None:
    """The colour, from our own parameter or else from CAP's severity; None when neither says one."""
    colour = next((one.value.lower() for one in info.parameters if one.name == cap.COLOUR), "")
    return next((one for one in Level if one.key == colour), None) or next((one for one, word in _SEVERITY.items() if word == info.severity), None)


def file_name(alert: cap.Alert) -> str:
    """``<identifier>_<eventType>_<LEVEL>_<MSGTYPE>.xml``, upper case, as the platform's FTP asks for it."""
    info = alert.infos[0]
    code = next((one.value for one in info.event_codes if one.name == cap.EVENT_CODE), "UNKNOWN")
    level = level_of(info)
    return f"{alert.identifier}_{code}_{level.key.upper() if level else 'UNKNOWN'}_{alert.msg_type.upper()}.xml"


def named_in(name: str) -> str:
    """The identifier in a file's name of that form; empty when it has another."""
    found = _FILE_NAME.fullmatch(name)
    return "" if found is None else found[1]


def unpacked(data: bytes) -> list[tuple[str, bytes]]:
    """The XML files of a zip by name. Raises CapError for no zip, too much in it, or a name that leads out of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > _MAX_FILES or sum(one.file_size for one in entries) > xml.MAX_BYTES:
                raise CapError(f"the zip holds more than {_MAX_FILES} files or {xml.MAX_BYTES} bytes; it was not unpacked")
            if any("/" in one.filename or "\\" in one.filename or one.filename.startswith(".") for one in entries):
                raise CapError("the zip holds a name with a path; only plain file names are read")
            return [(one.filename, archive.read(one)) for one in entries if one.filename.lower().endswith(".xml")]
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise CapError(f"this is no zip that can be read: {error}") from error


def _orders(root: etree._Element, info: cap.Info) -> None:
    """The delivery orders: one method a channel, with the text that it carries (short messages: what the signers saw)."""
    code = etree.Element(f"{{{NAMESPACE}}}code")
    sms = next((one.value for one in info.parameters if one.name == cap.SMS_TEXT), "")
    for name, message in (("SMS", sms or info.headline), ("WEB", info.headline), ("APP", info.headline), ("SPEAKER", info.description)):
        method = etree.SubElement(code, f"{{{NAMESPACE}}}method")
        _add(method, "methodName", name)
        _add(method, "message", message)
    # The platform's order of elements: code stands before secClassification.
    at = next((n for n, one in enumerate(root) if one.tag == f"{{{NAMESPACE}}}secClassification"), len(root))
    root.insert(at, code)


def _area(element: etree._Element) -> cap.Area:
    codes = list(dict.fromkeys(one.strip() for one in _text(element, "geocode").split(",") if one.strip()))
    rings = [capform.read_ring(one.text or "")[0] for one in element.findall("polygon") if one.text]
    circles = [capform.read_circle(one.text or "")[0] for one in element.findall("circle") if one.text]
    return cap.Area(
        area_desc=_text(element, "areaDesc") or ",".join(codes), polygons=tuple(ring for ring in rings if ring is not None),
        circles=tuple(cap.Circle(lat=one.lat, lon=one.lon, radius_km=one.radius_km / 1000) for one in circles if one is not None),
        geocodes=tuple(cap.NamedValue(name=cap.CPEAS if len(code) > 6 else cap.GBT2260, value=code) for code in codes))


def _time(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S+08:00")


def _moment(text: str, name: str) -> datetime:
    at, _ = capform.read_time(text)
    if at is None:
        raise CapError(f"{name} {text!r} is no time of the form 2024-09-20 06:20:00+08:00")
    return at


def _add(parent: etree._Element, name: str, text: str) -> None:
    if text:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _one(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(name)
    if found is None:
        raise CapError(f"element {name} is missing")
    return found


def _text(parent: etree._Element, name: str, *, must: bool = False) -> str:
    text = (parent.findtext(name) or "").strip()
    if must and not text:
        raise CapError(f"element {name} is missing or empty")
    return text
