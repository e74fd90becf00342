"""An Atom feed (RFC 4287) of alerts: each entry holds the CAP document and links to it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urljoin

from lxml import etree

from warning import cap, capxml, xml
from warning.capform import time_text

CONTENT_TYPE = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"


def feed(
    alerts: Sequence[cap.Alert], *, url: str, now: datetime, title: str, language: str = "zh-CN",
    alert_url: Callable[[cap.Alert], str] | None = None, documents: Mapping[str, bytes] | None = None,
) -> bytes:
    """The feed at ``url``, newest alert first; ``now`` (aware) is when it was made.

    An entry's title and summary are in ``language`` or the nearest the alert has, and carry the drill's mark; its id and link are
    ``alert_url(alert)``, by default ``<identifier>.xml`` beside the feed. ``documents`` are the signed ones by identifier, put in as they are. ``capxml.read_feed`` reads the alerts back unchanged.
    Raises CapError for an alert that cannot be written.
    """
    root = etree.Element(f"{{{_NAMESPACE}}}feed", nsmap={None: _NAMESPACE})  # type: ignore[dict-item]  # lxml-stubs: no default namespace
    root.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    _add(root, "id", url)
    _add(root, "title", title)
    _add(root, "updated", _time(now))
    _add(etree.SubElement(root, f"{{{_NAMESPACE}}}author"), "name", title)
    _link(root, "self", url, CONTENT_TYPE)
    for alert in sorted(alerts, key=lambda one: (one.sent, one.identifier), reverse=True):
        where = alert_url(alert) if alert_url is not None else urljoin(url, f"{quote(alert.identifier, safe='')}.xml")
        _entry(root, alert, where, language, None if documents is None else documents.get(alert.identifier))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _entry(root: etree._Element, alert: cap.Alert, where: str, language: str, document: bytes | None) -> None:
    entry = etree.SubElement(root, f"{{{_NAMESPACE}}}entry")
    info = cap.info_in(alert, language)
    mark = cap.drill_mark(alert.status, info.language if info is not None else language)
    _add(entry, "id", where)
    _add(entry, "title", _marked((info.headline or info.event) if info is not None else alert.identifier, mark))
    _add(entry, "updated", _time(alert.sent))
    _add(entry, "published", _time(alert.sent))
    _add(etree.SubElement(entry, f"{{{_NAMESPACE}}}author"), "name", (info.sender_name if info is not None else "") or alert.sender)
    _link(entry, "alternate", where, capxml.CONTENT_TYPE)
    if info is not None:
        for code in info.event_codes:
            etree.SubElement(entry, f"{{{_NAMESPACE}}}category").set("term", code.value)
        if info.description:
            _add(entry, "summary", _marked(info.description, mark))
    content = etree.SubElement(entry, f"{{{_NAMESPACE}}}content")
    content.set("type", capxml.CONTENT_TYPE)
    content.append(capxml.element(alert) if document is None else xml.parse(document))


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = text


def _link(parent: etree._Element, rel: str, href: str, media: str) -> None:
    link = etree.SubElement(parent, f"{{{_NAMESPACE}}}link")
    link.set("rel", rel)
    link.set("type", media)
    link.set("href", href)


def _time(at: datetime) -> str:
    # RFC 3339, which Atom follows, reads -00:00 as "offset unknown": UTC is +00:00 here, unlike in CAP.
    return time_text(at.replace(microsecond=0)).replace("-00:00", "+00:00")


def _marked(text: str, mark: str) -> str:
    return text if text.startswith(mark.strip()) else mark + text
