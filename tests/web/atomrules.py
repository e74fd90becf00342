"""What RFC 4287 demands of a feed, clause by clause.

Its only public schema is RELAX NG inside the RFC (appendix B). Looked for and in no package of PyPI, npm or Debian that is alive: ``atom.rng``, ``atom.rnc``, ``feedvalidator``; the
validator's npm clients ask a web service, and what embeds the schema is GPL or Java. So its rules stand here in our own words, and those of the text beside them.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from lxml import etree

from warning import xml

ATOM, XML = "{http://www.w3.org/2005/Atom}", "{http://www.w3.org/XML/1998/namespace}"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")  # §3.3: an upper-case T and Z
_MEDIA, _LANGUAGE = re.compile(r".+/.+"), re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_COMMON = {"author": None, "category": None, "contributor": None, "id": (1, 1), "link": None, "rights": (0, 1), "title": (1, 1), "updated": (1, 1)}
_FEED = _COMMON | {"generator": (0, 1), "icon": (0, 1), "logo": (0, 1), "subtitle": (0, 1), "entry": None}
_ENTRY = _COMMON | {"content": (0, 1), "published": (0, 1), "source": (0, 1), "summary": (0, 1)}
_PERSON = {"name": (1, 1), "uri": (0, 1), "email": (0, 1)}


def faults(document: bytes) -> list[str]:
    """Each begins with its clause; empty = the feed is as the RFC says. Raises what the parser raises when it is no XML."""
    root = xml.parse(document)
    if root.tag != f"{ATOM}feed":
        return ["§2: the document is no atom:feed"]
    entries = root.findall(f"{ATOM}entry")
    found = _members(root, _FEED, "§4.1.1") + _constructs(root)
    if root.find(f"{ATOM}author") is None and not all(entry.find(f"{ATOM}author") is not None for entry in entries):
        found.append("§4.1.1: neither the feed nor each entry has an author")
    if not [one for one in root.findall(f"{ATOM}link") if one.get("rel") == "self"]:
        found.append("§4.1.1: no link says where the feed is fetched (rel self)")
    same = Counter((entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}updated")) for entry in entries)
    found += [f"§4.1.1.1: {name} stands twice with the same time" for (name, _), count in same.items() if count > 1]
    return found + [fault for entry in entries for fault in _entry(entry)]


def _entry(entry: etree._Element) -> list[str]:
    found = _members(entry, _ENTRY, "§4.1.2") + _constructs(entry)
    content = entry.find(f"{ATOM}content")
    alternates = [one for one in entry.findall(f"{ATOM}link") if one.get("rel", "alternate") == "alternate"]
    if content is None and not alternates:
        found.append("§4.1.2: an entry without content has no link to it (rel alternate)")
    kind = "text" if content is None else content.get("type", "text")
    own_words = kind in ("text", "html", "xhtml") or kind.startswith("text/") or kind.endswith(("+xml", "/xml"))
    if content is not None and entry.find(f"{ATOM}summary") is None and (content.get("src") or not own_words):
        found.append("§4.1.2: content that lies elsewhere or is base64 has no summary")
    if content is not None and not content.get("src"):
        if kind in ("text", "html") and len(content):
            found.append("§4.1.3.3: text content has elements in it")
        if kind.endswith(("+xml", "/xml")) and len(content) != 1:
            found.append("§4.1.3.3: XML content has not exactly one root")
        if kind not in ("text", "html", "xhtml") and not _MEDIA.fullmatch(kind):
            found.append(f"§4.1.3.1: {kind!r} is no media type")
    return found


def _members(element: etree._Element, known: Mapping[str, tuple[int, int] | None], clause: str) -> list[str]:
    count = Counter(str(child.tag).removeprefix(ATOM) for child in element if str(child.tag).startswith(ATOM))
    found = [f"{clause}: atom:{name} is not of {element.tag}" for name in count if name not in known]
    found += [f"{clause}: {count[name]} atom:{name}" for name, wanted in known.items() if wanted is not None and not wanted[0] <= count[name] <= wanted[1]]
    same = Counter((one.get("type"), one.get("hreflang")) for one in element.findall(f"{ATOM}link") if one.get("rel", "alternate") == "alternate")
    return found + [f"{clause}: two alternate links of one type and language" for times in same.values() if times > 1]


def _constructs(element: etree._Element) -> list[str]:
    """Those that feeds and entries have alike."""
    found = []
    if element.get(f"{XML}lang") is not None and not _LANGUAGE.fullmatch(str(element.get(f"{XML}lang"))):
        found.append("§2: xml:lang is no language")
    for name in ("title", "summary", "subtitle", "rights"):
        for one in element.findall(f"{ATOM}{name}"):
            if one.get("type", "text") not in ("text", "html", "xhtml"):
                found.append(f"§3.1.1: atom:{name} is of type {one.get('type')!r}")
            elif one.get("type", "text") != "xhtml" and len(one):
                found.append(f"§3.1.1.1: atom:{name} has elements in it")
    for name in ("author", "contributor"):
        for person in element.findall(f"{ATOM}{name}"):
            found += _members(person, _PERSON, "§3.2")
            found += ["§3.2.1: a person without a name"] if not (person.findtext(f"{ATOM}name") or "").strip() else []
    for name in ("updated", "published"):
        found += [f"§3.3: {one.text!r} is no time of RFC 3339" for one in element.findall(f"{ATOM}{name}") if not _is_time(one.text or "")]
    found += [f"§4.2.6: {one.text!r} is no IRI" for one in element.findall(f"{ATOM}id") if not urlsplit(one.text or "").scheme]
    for link in element.findall(f"{ATOM}link"):
        if not link.get("href"):
            found.append("§4.2.7.1: a link without href")
        if link.get("type") is not None and not _MEDIA.fullmatch(str(link.get("type"))):
            found.append(f"§4.2.7.3: {link.get('type')!r} is no media type")
    return found + ["§4.2.2.1: a category without a term" for one in element.findall(f"{ATOM}category") if not one.get("term")]


def _is_time(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text)) and datetime.fromisoformat(text) is not None
    except ValueError:
        return False
