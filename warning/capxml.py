"""The only file that knows CAP's XML: strict on writing (CAP 1.2, valid against the OASIS schema), lenient on reading (1.0 to 1.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TypeVar, get_args

from lxml import etree

from warning import cap, capform, xml
from warning.errors import CapError

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CONTENT_TYPE = "application/cap+xml"
_OLD = ("urn:oasis:names:tc:emergency:cap:1.1", "urn:oasis:names:tc:emergency:cap:1.0", "http://www.incident.com/cap/1.0")
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_ATOM = "{http://www.w3.org/2005/Atom}"
_SIZE = re.compile(r"[0-9]{1,15}")
T = TypeVar("T")

_ORDER: Mapping[str, tuple[str, ...]] = {
    "alert": ("identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code", "note",
              "references", "incidents", "info"),
    "info": ("language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode",
             "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact",
             "parameter", "resource", "area"),
    "resource": ("resourceDesc", "mimeType", "size", "uri", "derefUri", "digest"),
    "area": ("areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling"),
    "named": ("valueName", "value"),
}
_MANY = {"code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area", "polygon", "circle", "geocode"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What was read, and each thing that had to be mended to read it. ``signed``: an XML signature stands in it, unchecked."""

    alert: cap.Alert
    repairs: tuple[str, ...]
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedScan:
    """What a feed holds: alerts inside it (and each as the bytes that were signed), what was refused and why, links to alerts elsewhere
    (``stamps``: what it says of their version, where it says any)."""

    read: tuple[ReadResult, ...]
    refused: tuple[str, ...]
    links: tuple[str, ...]
    documents: tuple[bytes, ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)


# --- writing -----------------------------------------------------------------------------------------------------------


def write(alert: cap.Alert) -> bytes:
    """CAP 1.2 in UTF-8, elements in the schema's order; the same alert gives the same bytes.

    Times keep their own offset, and UTC is written ``-00:00`` (CAP 1.2 §3.3.2: never Z). Raises CapError with every
    problem found by ``cap.validate`` or by the schema: what leaves this house is always valid.
    """
    root = element(alert)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def element(alert: cap.Alert) -> etree._Element:
    """The ``alert`` element, to be put into a feed. Raises CapError as ``write`` does."""
    problems = cap.validate(alert)
    if problems:
        raise CapError(f"alert {alert.identifier!r} is not written: {'; '.join(problems)}")
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # lxml-stubs: no default namespace
    for name, text in (
        ("identifier", alert.identifier), ("sender", alert.sender), ("sent", capform.time_text(alert.sent)), ("status", alert.status),
        ("msgType", alert.msg_type), ("source", alert.source), ("scope", alert.scope), ("restriction", alert.restriction),
        ("addresses", alert.addresses), *(("code", code) for code in alert.codes), ("note", alert.note),
        ("references", " ".join(capform.reference_text(r) for r in alert.references)),
        ("incidents", " ".join(f'"{i}"' if re.search(r"\s", i) else i for i in alert.incidents)),
    ):
        _add(root, name, text)
    for info in alert.infos:
        _add_info(root, info)
    errors = _schema_errors(root)
    if errors:
        raise CapError(f"alert {alert.identifier!r} is not written, the CAP 1.2 schema refuses it: {'; '.join(errors)}")
    return root


def _add_info(root: etree._Element, info: cap.Info) -> None:
    node = etree.SubElement(root, f"{{{NAMESPACE}}}info")
    for name, text in (
        ("language", info.language), *(("category", c) for c in info.categories), ("event", info.event),
        *(("responseType", r) for r in info.response_types), ("urgency", info.urgency), ("severity", info.severity),
        ("certainty", info.certainty), ("audience", info.audience),
    ):
        _add(node, name, text)
    _add_named(node, "eventCode", info.event_codes)
    for name, at in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
        _add(node, name, capform.time_text(at) if at is not None else "")
    for name, text in (("senderName", info.sender_name), ("headline", info.headline), ("description", info.description),
                       ("instruction", info.instruction), ("web", info.web), ("contact", info.contact)):
        _add(node, name, text)
    _add_named(node, "parameter", info.parameters)
    for resource in info.resources:
        part = etree.SubElement(node, f"{{{NAMESPACE}}}resource")
        _add(part, "resourceDesc", resource.resource_desc, keep=True)
        _add(part, "mimeType", resource.mime_type, keep=True)
        for name, text in (("size", "" if resource.size is None else str(resource.size)), ("uri", resource.uri),
                           ("derefUri", resource.deref_uri), ("digest", resource.digest)):
            _add(part, name, text)
    for area in info.areas:
        part = etree.SubElement(node, f"{{{NAMESPACE}}}area")
        _add(part, "areaDesc", area.area_desc)
        for ring in area.polygons:
            _add(part, "polygon", capform.polygon_text(ring))
        for circle in area.circles:
            _add(part, "circle", capform.circle_text(circle))
        _add_named(part, "geocode", area.geocodes)
        _add(part, "altitude", "" if area.altitude is None else capform.number_text(area.altitude))
        _add(part, "ceiling", "" if area.ceiling is None else capform.number_text(area.ceiling))


def _add(parent: etree._Element, name: str, text: str, *, keep: bool = False) -> None:
    if text or keep:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _add_named(parent: etree._Element, name: str, values: tuple[cap.NamedValue, ...]) -> None:
    for value in values:
        node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        _add(node, "valueName", value.name, keep=True)
        _add(node, "value", value.value, keep=True)


def xsd_errors(data: bytes) -> list[str]:
    """What the OASIS CAP 1.2 schema says against ``data``; an empty list is valid. Raises CapError when it is not XML, or hostile."""
    return _schema_errors(xml.parse(data))


def _schema_errors(root: etree._Element) -> list[str]:
    schema = _schema()
    if schema.validate(root):
        return []
    return [f"line {error.line}: {error.message.replace('{' + NAMESPACE + '}', '')}" for error in schema.error_log]  # type: ignore[attr-defined]  # lxml-stubs: not iterable


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(xml.parse((files("warning") / ".." / "config" / "schema" / "CAP-v1.2.xsd").read_bytes()))


# --- reading -----------------------------------------------------------------------------------------------------------


def read(data: bytes) -> ReadResult:
    """One CAP document. Raises CapError when it cannot be trusted to mean something: hostile or broken XML, another
    format, or without a usable identifier, sender, sent, status, msgType or scope (these are never guessed)."""
    root = xml.parse(data)
    if root.tag in (f"{_ATOM}feed", f"{_ATOM}entry"):
        raise CapError("this is an Atom feed, not one alert; read it as a feed")
    return _alert(root)


def read_feed(data: bytes) -> list[ReadResult]:
    """Every alert inside an Atom feed (or the one alert, when it is no feed). Raises CapError when an entry cannot be read, or
    when the feed has entries and all of them only link to alerts; ``scan_feed`` gives what there is instead."""
    scan = scan_feed(data)
    if scan.refused:
        raise CapError("; ".join(scan.refused))
    if scan.links and not scan.read:
        raise CapError(f"the Atom feed has {len(scan.links)} entries with links and no CAP document inside; fetch the links")
    return list(scan.read)


def scan_feed(data: bytes) -> FeedScan:
    """What an Atom or RSS feed holds; one broken entry does not hide the others. Raises CapError as ``read`` does for the whole."""
    root = xml.parse(data)
    if root.tag == "rss":
        items = [(item.findtext("link", "").strip(), item.findtext("pubDate", "").strip()) for item in root.iterfind("channel/item")]
        return FeedScan(read=(), refused=(), links=tuple(dict.fromkeys(link for link, _ in items if link)), stamps={link: at for link, at in items if at})
    if root.tag != f"{_ATOM}feed":
        return FeedScan(read=(_alert(root),), refused=(), links=(), documents=(data,))
    good: list[ReadResult] = []
    documents: list[bytes] = []
    refused: list[str] = []
    links: dict[str, str] = {}
    for number, entry in enumerate(root.iter(f"{_ATOM}entry"), 1):
        content = entry.find(f"{_ATOM}content")
        elsewhere = dict.fromkeys(_links(entry), entry.findtext(f"{_ATOM}updated", "").strip())
        try:
            if content is None or (elsewhere and content.get("type") in ("html", "xhtml")):
                links |= elsewhere
            elif len(content):
                good.append(_alert(content[0]))
                documents.append(etree.tostring(content[0], with_tail=False))
            elif (content.text or "").lstrip().startswith("<"):
                documents.append((content.text or "").strip().encode())
                good.append(_alert(xml.parse(documents[-1])))
            else:
                links |= elsewhere
        except CapError as error:
            refused.append(f"entry {number}: {error}")
    return FeedScan(read=tuple(good), refused=tuple(refused), links=tuple(links), documents=tuple(documents),
                    stamps={link: at for link, at in links.items() if at})


def _links(entry: etree._Element) -> list[str]:
    """Where the entry's alert lies: the links that say they are CAP, else those that are neither a web page nor about the entry itself."""
    found = [(link.get("href", ""), link.get("type", ""), link.get("rel", "alternate")) for link in entry.iter(f"{_ATOM}link") if link.get("href")]
    return [href for href, kind, _ in found if kind.startswith(CONTENT_TYPE)] or [
        href for href, kind, rel in found if rel in ("alternate", "enclosure", "related", "via") and not kind.startswith(("text/html", "application/xhtml", "image/"))]


def _alert(root: etree._Element) -> ReadResult:
    name = etree.QName(root)
    repairs: list[str] = []
    if name.localname != "alert" or (name.namespace or NAMESPACE) not in (NAMESPACE, *_OLD):
        raise CapError(f"the document is {root.tag!r}, not a CAP alert")
    if name.namespace is None and any(root.find(tag) is not None for tag in ("sendTime", "senderCode")):
        raise CapError("this is a document of the national platform (sendTime, senderCode, colours as severity), not CAP; "
                       "it needs its own codec")
    if name.namespace != NAMESPACE:
        repairs.append(f"namespace {name.namespace or '(none)'} read as CAP 1.2")
    node = _Node(root, "alert", "alert", repairs)
    sent = _time(node, "sent")
    if sent is None:
        raise CapError("sent is missing or no time with an offset: it is not known when the alert was sent")
    references = [_mended(node, capform.read_reference(text, sender=node.text("sender"), sent=sent)) for text in node.text("references").split()]
    alert = cap.Alert(
        identifier=_required(node, "identifier"), sender=_required(node, "sender"), sent=sent,
        status=_chosen(node, "status", get_args(cap.Status)), msg_type=_chosen(node, "msgType", get_args(cap.MsgType)),
        scope=_chosen(node, "scope", get_args(cap.Scope)), source=node.text("source"), restriction=node.text("restriction"),
        addresses=node.text("addresses"), codes=node.texts("code"), note=node.text("note"), references=tuple(r for r in references if r is not None),
        incidents=tuple(quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|(\S+)', node.text("incidents"))),
        infos=tuple(_info(_Node(e, "info", f"info[{n}]", repairs)) for n, e in enumerate(node.elements("info"), 1)),
    )
    return ReadResult(alert=alert, repairs=tuple(repairs), signed=root.find(_SIGNATURE) is not None)


class _Node:
    """One element's children by name; says what was out of order, unknown or given twice."""

    def __init__(self, element: etree._Element, kind: str, where: str, repairs: list[str]) -> None:
        self.where, self.repairs = where, repairs
        self._parts: dict[str, list[etree._Element]] = {}
        order, furthest, shuffled = _ORDER[kind], 0, ""
        own = etree.QName(element).namespace
        for child in element:
            name = etree.QName(child)
            if name.namespace != own or name.localname not in order:
                if child.tag != _SIGNATURE:
                    self.say(f"unknown element {name.localname} left out")
                continue
            place = order.index(name.localname)
            shuffled = shuffled or (name.localname if place < furthest else "")
            furthest = max(furthest, place)
            self._parts.setdefault(name.localname, []).append(child)
        if shuffled:
            self.say(f"{shuffled} is out of order")
        for part, found in self._parts.items():
            if len(found) > 1 and part not in _MANY:
                self.say(f"{part} is given {len(found)} times, the first one counts")

    def say(self, what: str) -> None:
        self.repairs.append(f"{self.where}: {what}")

    def elements(self, name: str) -> list[etree._Element]:
        return self._parts.get(name, [])

    def texts(self, name: str) -> tuple[str, ...]:
        """The trimmed texts that are not empty."""
        found = []
        for child in self.elements(name):
            if len(child):
                self.say(f"{name} has elements inside, their text is taken")
            text = "".join(map(str, child.itertext())).strip()
            if text:
                found.append(text)
        return tuple(found)

    def text(self, name: str) -> str:
        return next(iter(self.texts(name)), "")


def _required(node: _Node, name: str) -> str:
    text = node.text(name)
    if not text:
        raise CapError(f"{node.where}: {name} is missing; it is never guessed")
    return text


def _chosen(node: _Node, name: str, allowed: tuple[T, ...]) -> T:
    """A word that decides what may be done with the alert: an unknown one is refused."""
    text = _required(node, name)
    found = _word(node, name, text, allowed)
    if found is None:
        raise CapError(f"{node.where}: {name} {text!r} is none of {', '.join(map(str, allowed))}; it is never guessed")
    return found


def _word(node: _Node, name: str, text: str, allowed: tuple[T, ...]) -> T | None:
    for word in allowed:
        if word == text:
            return word
    for word in allowed:
        if str(word).lower() == text.lower():
            node.say(f"{name} {text!r} read as {word}")
            return word
    return None


def _words(node: _Node, name: str, allowed: tuple[T, ...]) -> tuple[T, ...]:
    found = []
    for text in node.texts(name):
        word = _word(node, name, text, allowed)
        if word is None:
            node.say(f"{name} {text!r} is not known, left out")
        else:
            found.append(word)
    return tuple(found)


def _or_unknown(node: _Node, name: str, allowed: tuple[T, ...], default: T) -> T:
    words = _words(node, name, allowed)
    if not words:
        node.say(f"{name} is missing, {default} is taken")
        return default
    return words[0]


def _mended(node: _Node, reading: tuple[T | None, str], prefix: str = "") -> T | None:
    value, mended = reading
    if mended:
        node.say(f"{prefix}{mended}")
    return value


def _time(node: _Node, name: str) -> datetime | None:
    text = node.text(name)
    return _mended(node, capform.read_time(text), f"{name} ") if text else None


def _info(node: _Node) -> cap.Info:
    categories = _words(node, "category", get_args(cap.Category))
    if not categories:
        node.say("category is missing, Other is taken")
    event = node.text("event")
    if not event:
        node.say("event is missing, the headline is taken")
    language = node.text("language")
    if "_" in language:
        node.say(f"language {language!r} read with a hyphen")
    return cap.Info(
        language=language.replace("_", "-") or "en-US", categories=categories or ("Other",), event=event or node.text("headline"),
        response_types=_words(node, "responseType", get_args(cap.ResponseType)),
        urgency=_or_unknown(node, "urgency", get_args(cap.Urgency), "Unknown"),
        severity=_or_unknown(node, "severity", get_args(cap.Severity), "Unknown"),
        certainty=_or_unknown(node, "certainty", get_args(cap.Certainty), "Unknown"),
        audience=node.text("audience"), event_codes=_named(node, "eventCode"), effective=_time(node, "effective"),
        onset=_time(node, "onset"), expires=_time(node, "expires"), sender_name=node.text("senderName"),
        headline=node.text("headline"), description=node.text("description"), instruction=node.text("instruction"),
        web=node.text("web"), contact=node.text("contact"), parameters=_named(node, "parameter"),
        resources=tuple(_resource(_Node(e, "resource", f"{node.where}/resource[{n}]", node.repairs))
                        for n, e in enumerate(node.elements("resource"), 1)),
        areas=tuple(_area(_Node(e, "area", f"{node.where}/area[{n}]", node.repairs))
                    for n, e in enumerate(node.elements("area"), 1)),
    )


def _named(node: _Node, name: str) -> tuple[cap.NamedValue, ...]:
    parts = [_Node(e, "named", f"{node.where}/{name}[{n}]", node.repairs) for n, e in enumerate(node.elements(name), 1)]
    return tuple(cap.NamedValue(name=part.text("valueName"), value=part.text("value")) for part in parts)


def _resource(node: _Node) -> cap.Resource:
    size = node.text("size")
    if size and not _SIZE.fullmatch(size):
        node.say(f"size {size!r} is no number of bytes, left out")
    return cap.Resource(resource_desc=node.text("resourceDesc"), mime_type=node.text("mimeType"), size=int(size) if _SIZE.fullmatch(size) else None,
                        uri=node.text("uri"), deref_uri=node.text("derefUri"), digest=node.text("digest"))


def _area(node: _Node) -> cap.Area:
    rings = [_mended(node, capform.read_ring(e.text or "")) for e in node.elements("polygon")]
    circles = [_mended(node, capform.read_circle(e.text or "")) for e in node.elements("circle")]
    return cap.Area(area_desc=node.text("areaDesc"), polygons=tuple(r for r in rings if r is not None),
                    circles=tuple(c for c in circles if c is not None), geocodes=_named(node, "geocode"),
                    altitude=_height(node, "altitude"), ceiling=_height(node, "ceiling"))


def _height(node: _Node, name: str) -> float | None:
    text = node.text(name)
    return _mended(node, capform.read_number(text), f"{name} ") if text else None
