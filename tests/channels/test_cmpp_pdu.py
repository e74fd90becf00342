"""CMPP octets, against PDUs put together by hand from the field tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Outcome, Reason
from channels.wire.cmpp import CmppDialect
from channels.wire.cmpp_pdu import (
    V20,
    V30,
    Layout,
    authenticator,
    deliver_body,
    read_connect,
    read_submit,
    report_octets,
    submit_halves,
)
from channels.wire.dialect import Act, PduError, Report, Text

_NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)  # 20:00:00 in Beijing
_DIGEST = "374b9c84e91645967afe26e47d9bd292"

# SUBMIT of 暴雨 to 13800138000 from 10690001, level 4, report asked, valid until 2024-09-20 04:00 in Beijing; field by field of §7.4.3.1.
_HEAD = (
    b"\0\0\0\0\0\0\0\0" b"\1" b"\1" b"\1" b"\4" b"warn\0\0\0\0\0\0" b"\2")
_MIDDLE = (
    b"\0" b"\0" b"\x08" b"901234" b"01" b"0\0\0\0\0\0" b"240920040000032+\0" b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"10690001\0\0\0\0\0\0\0\0\0\0\0\0\0" b"\1")
_TEXT = b"\4" b"\x66\xb4\x96\xe8"
_SUBMIT_20 = _HEAD + bytes(21) + _MIDDLE + b"13800138000" + bytes(10) + _TEXT + bytes(8)
_SUBMIT_30 = _HEAD + bytes(32) + b"\0" + _MIDDLE + b"13800138000" + bytes(21) + b"\0" + _TEXT + bytes(20)


def _dialect(layout: Layout = V20, *, reports: bool = True, gbk: bool = False, prefix86: bool = False) -> CmppDialect:
    return CmppDialect(layout=layout, sp_id="901234", secret="pa55", source="10690001", service="warn", fee_type="01", fee_code="0",
                       reports=reports, gbk=gbk, prefix86=prefix86, now=lambda: _NOW)


def _body(dialect: CmppDialect, text: str, *, flash: bool = False) -> list[bytes]:
    expires = _NOW + timedelta(hours=8)
    return [before + dialect.number("8613800138000") + after
            for before, after in dialect.templates(dialect.cut(text, flash=flash), ref=0x2A, priority=4, expires=expires, flash=flash)]


def test_the_digest_of_the_login() -> None:
    # printf '901234\0\0\0\0\0\0\0\0\0pa550919200000' | md5sum
    assert authenticator("901234", "pa55", "0919200000").hex() == _DIGEST


@pytest.mark.parametrize(("layout", "version"), [(V20, "20"), (V30, "30")])
def test_the_login_octet_by_octet(layout: Layout, version: str) -> None:
    login = _dialect(layout).login(1)
    assert login == bytes.fromhex(f"00000027 00000001 00000001 393031323334 {_DIGEST} {version} 36c9e100")
    assert read_connect(login[12:]) == ("901234", bytes.fromhex(_DIGEST), layout.version, "0919200000")


@pytest.mark.parametrize(("layout", "expected"), [(V20, _SUBMIT_20), (V30, _SUBMIT_30)])
def test_a_submit_octet_by_octet(layout: Layout, expected: bytes) -> None:
    dialect = _dialect(layout)
    (body,) = _body(dialect, "暴雨")
    assert body == expected
    assert dialect.frame(len(body)) == (12 + len(expected)).to_bytes(4) + b"\0\0\0\4"
    assert read_submit(body, layout) == ("13800138000", "10690001", False, 8, True, b"\x66\xb4\x96\xe8", "240920040000032+")


def test_a_long_text_carries_its_header_in_each_part_and_its_place_in_the_fields() -> None:
    first, second = _body(_dialect(), "雨" * 71)
    assert (first[8:10], second[8:10]) == (b"\2\1", b"\2\2")  # Pk_total, Pk_number
    assert (first[45], second[45]) == (1, 1)  # TP_udhi
    assert first[138:145] == b"\x8c\x05\x00\x03\x2a\x02\x01"  # 140 octets, UDH 05 00 03 ref total seq
    assert second[138:145] == b"\x0e\x05\x00\x03\x2a\x02\x02"


@pytest.mark.parametrize(("text", "gbk", "flash", "coding"), [
    ("rain", False, False, 0), ("雨", False, False, 8), ("雨", True, False, 15), ("雨", False, True, 24), ("雨", True, True, 24),
    ("rain", False, True, 16),
])
def test_the_coding_says_alphabet_and_class(text: str, gbk: bool, flash: bool, coding: int) -> None:
    (body,) = _body(_dialect(gbk=gbk), text, flash=flash)
    assert body[46] == coding


def test_no_report_is_asked_for_when_the_contract_has_none_and_86_stays_where_it_is_wanted() -> None:
    dialect = _dialect(reports=False, prefix86=True)
    (body,) = _body(dialect, "雨")
    assert body[10] == 0
    assert body[117:130] == b"8613800138000"


@pytest.mark.parametrize(("layout", "octets", "said"), [
    (V20, "00000015 80000004 00000007 0102030405060708 00", (7, 0, "0102030405060708")),
    (V20, "00000015 80000004 00000007 0000000000000000 08", (7, 8, "0000000000000000")),
    (V30, "00000018 80000004 00000007 0102030405060708 0000000d", (7, 13, "0102030405060708")),
])
def test_the_answer_to_a_submit(layout: Layout, octets: str, said: tuple[int, int, str]) -> None:
    data = b"..." + bytes.fromhex(octets)
    assert _dialect(layout).read_answer(data, 3, len(data) - 3) == said


def test_an_answer_cut_short_is_no_answer() -> None:
    with pytest.raises(PduError):
        _dialect(V30).read_answer(bytes.fromhex("00000015 80000004 00000007 0102030405060708 00"), 0, 21)


@pytest.mark.parametrize(("layout", "number", "ack"), [
    (V20, 21, "00000015 80000005 00000063 1112131415161718 00"), (V30, 32, "00000018 80000005 00000063 1112131415161718 00000000"),
])
def test_a_report_octet_by_octet(layout: Layout, number: int, ack: str) -> None:
    report = bytes.fromhex("0102030405060708") + b"UNDELIV" + b"2409192000" + b"2409192001" + b"13800138000".ljust(number, b"\0") + b"\0\0\0\7"
    body = (bytes.fromhex("1112131415161718") + b"10690001".ljust(21, b"\0") + bytes(10) + b"\0\0\0" + b"13800138000".ljust(number, b"\0")
            + bytes(layout.type) + b"\1" + bytes((len(report),)) + report + bytes(layout.tail))
    assert len(report) == (60 if layout is V20 else 71)
    pdu = (12 + len(body)).to_bytes(4) + bytes.fromhex("00000005 00000063") + body
    assert _dialect(layout).read_delivery(pdu) == (bytes.fromhex(ack), Report("0102030405060708", "UNDELIV"))
    with pytest.raises(PduError):
        _dialect(layout).read_delivery(pdu[:60])


def test_our_gateways_report_is_the_same_octets() -> None:
    at = datetime(2024, 9, 19, 20, 0)  # noqa: DTZ001 - Beijing time, as the field has it
    assert report_octets(layout=V20, message_id=bytes(8), stat="DELIVRD", submitted=at, done=at, number="13800138000") == (
        bytes(8) + b"DELIVRD" + b"2409192000" * 2 + b"13800138000" + bytes(10) + bytes(4))


def test_a_reply_and_its_number_in_full() -> None:
    body = deliver_body("退订".encode("gb18030"), layout=V20, message_id=bytes(8), destination="10690001", source="13800138000", header=False,
                        coding=15, is_report=False)
    pdu = (12 + len(body)).to_bytes(4) + bytes.fromhex("00000005 00000063") + body
    assert _dialect().read_delivery(pdu)[1] == Text("8613800138000", "退订")


def test_keep_alive_good_bye_and_the_login_of_either_version() -> None:
    dialect = _dialect(V30)
    assert dialect.probe(9) == bytes.fromhex("0000000c 00000008 00000009")
    assert dialect.hear(8, bytes.fromhex("0000000c 00000008 00000009")) == (Act.REPLY, bytes.fromhex("0000000d 80000008 00000009 00"), 0, 0)
    assert dialect.hear(2, bytes.fromhex("0000000c 00000002 00000009")) == (Act.GOODBYE, bytes.fromhex("0000000c 80000002 00000009"), 0, 0)
    assert dialect.hear(0x80000001, bytes.fromhex("00000021 80000001 00000001 00000003") + bytes(17)).status == 3
    assert dialect.hear(0x80000001, bytes.fromhex("0000001e 80000001 00000001 03") + bytes(17)).status == 3
    assert dialect.login_said(3) == "CMPP_CONNECT_RESP 3 (sp_id or secret wrong)"
    assert dialect.said(8) == "CMPP_SUBMIT_RESP 8 (flow control)"
    assert dialect.faults[13] == (Outcome.REJECTED, Reason.BAD_ADDRESS)


@given(octets=st.binary(max_size=140), number=st.from_regex(r"1[0-9]{10}", fullmatch=True), header=st.booleans(), coding=st.sampled_from([0, 8, 15]),
       layout=st.sampled_from([V20, V30]))
def test_what_is_written_is_read(octets: bytes, number: str, header: bool, coding: int, layout: Layout) -> None:
    before, after = submit_halves(octets, layout=layout, total=1, seq=1, report=True, level=1, service="", sp_id="901234", fee_type="01",
                                  fee_code="0", valid="", source="10690001", header=header, coding=coding)
    assert read_submit(before + number.encode().ljust(layout.number, b"\0") + after, layout) == (
        number, "10690001", header, coding, True, octets, "")
