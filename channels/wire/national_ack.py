"""The national platform's answer to files that it was given: msg/data/rows (public implementations, confidence C)."""

from dataclasses import dataclass

from lxml import etree

_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The answer to one file: ``status`` 0 is well, anything else names its fault."""

    identifier: str
    status: int
    error_code: str = ""
    note: str = ""


def write_ack(acks: list[Ack]) -> bytes:
    """The answer to files taken or refused."""
    root = etree.Element("msg")
    data = etree.SubElement(root, "data")
    for ack in acks:
        row = etree.SubElement(data, "rows")
        for name, text in (("identifier", ack.identifier), ("status", str(ack.status)), ("error_code", ack.error_code), ("note", ack.note)):
            etree.SubElement(row, name).text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def read_ack(document: bytes) -> list[Ack]:
    """Raises ValueError for what is no answer. No DTD, no entities, nothing fetched."""
    if len(document) > _MAX_BYTES or b"<!DOCTYPE" in document:
        raise ValueError("too large for an answer of the platform, or with a DOCTYPE; it was not read")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not well-formed: {error.msg}") from error
    if root.tag != "msg":
        raise ValueError(f"this is {root.tag}, not the platform's answer")
    try:
        return [Ack(identifier=row.findtext("identifier") or "", status=int(row.findtext("status") or ""),
                    error_code=row.findtext("error_code") or "", note=row.findtext("note") or "") for row in root.iterfind("data/rows")]
    except ValueError as error:
        raise ValueError("the platform's answer has a status that is no number") from error
