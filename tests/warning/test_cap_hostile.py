"""The door for foreign XML: what could read our files, call the network or eat our memory is refused, and the error says why."""

import pytest

from warning import capxml, xml
from warning.errors import CapError

ALERT = "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>a</identifier></alert>"


def test_an_external_entity_is_refused() -> None:
    attack = "<!DOCTYPE alert [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]><alert>&xxe;</alert>"
    with pytest.raises(CapError, match="DOCTYPE"):
        xml.parse(attack.encode())


def test_a_billion_laughs_are_refused_before_they_grow() -> None:
    lines = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    attack = f"<?xml version='1.0'?>\n<!-- hello > -->\n<!DOCTYPE lolz [<!ENTITY l0 'lol'>{lines}]><lolz>&l11;</lolz>"
    with pytest.raises(CapError, match="DOCTYPE"):
        capxml.read(attack.encode())


def test_a_doctype_hidden_in_utf_16_is_found() -> None:
    attack = "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE alert SYSTEM 'http://127.0.0.1/x.dtd'><alert/>"
    with pytest.raises(CapError, match="DOCTYPE"):
        xml.parse(attack.encode("utf-16"))
    assert xml.parse("<?xml version='1.0' encoding='UTF-16'?><a>雨</a>".encode("utf-16")).text == "雨"


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "UTF-32"])
def test_an_encoding_that_could_hide_a_doctype_is_refused(encoding: str) -> None:
    with pytest.raises(CapError, match=r"encoding .* is not read"):
        xml.parse(f"<?xml version='1.0' encoding='{encoding}'?><alert/>".encode())


def test_an_ebcdic_document_is_refused() -> None:
    with pytest.raises(CapError, match="does not begin with '<'"):
        xml.parse("<?xml version='1.0'?><alert/>".encode("cp037"))


def test_an_undefined_entity_is_refused() -> None:
    with pytest.raises(CapError, match="not well-formed|entity"):
        xml.parse(b"<alert>&unknown;</alert>")


def test_a_document_larger_than_the_bound_is_not_read() -> None:
    with pytest.raises(CapError, match="more than the 50 allowed"):
        xml.parse(ALERT.encode(), max_bytes=50)


def test_a_document_nested_deeper_than_the_bound_is_not_read() -> None:
    with pytest.raises(CapError, match="deeper than 32"):
        xml.parse(b"<a>" * 40 + b"</a>" * 40)
    assert xml.parse(b"<a>" * 32 + b"</a>" * 32).tag == "a"


def test_truncated_xml_is_refused_with_the_parsers_words() -> None:
    with pytest.raises(CapError, match="not well-formed"):
        capxml.read(ALERT.encode()[:-5])


@pytest.mark.parametrize("data", [b"", b"   ", b"hello", b"\x00\x01", b"<", b"<!--", b"\xff\xfe\x00"])
def test_what_is_no_xml_is_refused(data: bytes) -> None:
    with pytest.raises(CapError):
        capxml.read(data)


def test_the_words_doctype_inside_a_text_do_no_harm() -> None:
    assert xml.parse(b"<a><![CDATA[<!DOCTYPE html>]]></a>").text == "<!DOCTYPE html>"


def test_comments_and_instructions_before_the_root_do_no_harm_and_hide_no_doctype() -> None:
    before = b"<?xml version='1.0'?>\n<!-- <!DOCTYPE a> --><?note <!DOCTYPE a>?>"
    assert xml.parse(before + b"<a/>").tag == "a"
    with pytest.raises(CapError, match="DOCTYPE"):
        xml.parse(before + b"<!DOCTYPE a><a/>")


def test_xinclude_is_not_followed() -> None:
    root = xml.parse(b"<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd' parse='text'/></a>")
    assert "".join(map(str, root.itertext())) == ""
