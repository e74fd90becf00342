"""The one door through which foreign XML comes in: no DTD, no entities, no network, bounded size and depth."""

import re

from lxml import etree

from warning.errors import CapError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32

# Only encodings in which the bytes "<!DOCTYPE" cannot be written in another way: UTF-7 or EBCDIC would hide them from us.
_ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "gb2312", "gbk", "gb18030"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_DECLARED = re.compile(rb"""\A<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> etree._Element:
    """The root element of ``data``; comments and processing instructions are left out.

    Raises CapError that says why: too large, too deep, a DTD or an entity (XXE, billion laughs), an encoding that could hide
    one, or not well-formed. Nothing is ever fetched or expanded.
    """
    if len(data) > max_bytes:
        raise CapError(f"the document has {len(data)} bytes, more than the {max_bytes} allowed; it was not read")
    plain = _plain(data)
    if _has_doctype(plain):
        raise CapError("the document has a DOCTYPE: it could define entities that read files or call the network, or grow without end; "
                       "it is refused, let the sender leave the DOCTYPE out")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, attribute_defaults=False,
                             huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(plain, parser)
    except etree.XMLSyntaxError as error:
        raise CapError(f"the document is not well-formed XML: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise CapError("the document has a DTD; it is refused")
    _shallow(root, max_depth)
    return root


def _plain(data: bytes) -> bytes:
    """The bytes in an encoding that can be looked through; UTF-16 becomes UTF-8."""
    if data.startswith(_UTF16):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise CapError("the document begins as UTF-16 and is none; send UTF-8") from error
        return re.sub(r"\A<\?xml[^>]*\?>", "", text).encode()
    data = data.removeprefix(_UTF8_MARK).lstrip(b" \t\r\n")
    if not data.startswith(b"<"):
        raise CapError("the document does not begin with '<': it is no XML, or in an encoding that is not read; send UTF-8")
    declared = _DECLARED.match(data)
    if declared and declared[1].decode("ascii", "replace").lower() not in _ENCODINGS:
        raise CapError(f"encoding {declared[1].decode('ascii', 'replace')!r} is not read, because it can hide a DOCTYPE; send UTF-8")
    return data


def _has_doctype(data: bytes) -> bool:
    """A DOCTYPE may stand only before the root: step over the declaration, comments and instructions to the first tag."""
    at = 0
    while True:
        at = data.find(b"<", at)
        if at < 0:
            return False
        if data.startswith(b"<!--", at):
            end = data.find(b"-->", at)
        elif data.startswith(b"<?", at):
            end = data.find(b"?>", at)
        else:
            return data.startswith(b"<!", at)
        if end < 0:
            return False
        at = end + 1


def _shallow(root: etree._Element, max_depth: int) -> None:
    level = [root]
    for _ in range(max_depth):
        below: list[etree._Element] = []
        for element in level:
            if not isinstance(element.tag, str):
                raise CapError(f"the document has the entity {element.text}, which is not defined; it is refused")
            below.extend(element)
        if not below:
            return
        level = below
    raise CapError(f"the document is nested deeper than {max_depth} elements; it was not read")
