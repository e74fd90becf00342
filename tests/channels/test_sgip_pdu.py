"""SGIP octets, against PDUs put together by hand from the field tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.wire.dialect import Act, PduError, Report, Text
from channels.wire.sgip import SgipDialect
from channels.wire.sgip_pdu import deliver_body, pdu, read_bind, read_submit, submit_halves

_NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)  # 20:00:00 in Beijing
_NUMBERED = "b410cd41 36c9e100"  # node 3021000001, time 0919200000

# Submit of 暴雨 to 8613800138000 from 10655001, report asked, valid until 2024-09-20 04:00 in Beijing; field by field of §4.3.3.
_SUBMIT = (
    b"10655001\0\0\0\0\0\0\0\0\0\0\0\0\0" b"000000000000000000000" b"\1" b"8613800138000\0\0\0\0\0\0\0\0" b"12345" b"warn\0\0\0\0\0\0" b"\1"
    b"0\0\0\0\0\0" b"0\0\0\0\0\0" b"\0" b"\2" b"\4" b"240920040000032+" b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" b"\1" b"\0" b"\0" b"\x08" b"\0"
    b"\0\0\0\4" b"\x66\xb4\x96\xe8" b"\0\0\0\0\0\0\0\0")


def _dialect(*, gbk: bool = False, reports: bool = True) -> SgipDialect:
    return SgipDialect(node=3021000001, name="unicom", password="pa55", corp="12345", source="10655001", service="warn", fee_type=1, fee_value="0",
                       reports=reports, gbk=gbk, now=lambda: _NOW)


def _body(dialect: SgipDialect, text: str, *, flash: bool = False) -> list[bytes]:
    return [before + dialect.number("8613800138000") + after for before, after in dialect.templates(
        dialect.cut(text, flash=flash), ref=0x2A, priority=4, expires=_NOW + timedelta(hours=8), flash=flash)]


def test_the_login_octet_by_octet() -> None:
    login = _dialect().login(1)
    assert login == bytes.fromhex(f"0000003d 00000001 {_NUMBERED} 00000001 01") + b"unicom".ljust(16, b"\0") + b"pa55".ljust(16, b"\0") + bytes(8)
    assert read_bind(login[20:]) == (1, "unicom", "pa55")


def test_a_submit_octet_by_octet() -> None:
    dialect = _dialect()
    (body,) = _body(dialect, "暴雨")
    assert body == _SUBMIT
    assert dialect.frame(len(body)) == (20 + len(_SUBMIT)).to_bytes(4) + bytes.fromhex(f"00000003 {_NUMBERED}")
    assert read_submit(body) == ("8613800138000", "10655001", False, 8, True, b"\x66\xb4\x96\xe8", "240920040000032+")


def test_a_long_text_has_a_header_in_each_part() -> None:
    first, second = _body(_dialect(), "雨" * 71)
    assert (first[129], second[129]) == (1, 1)  # TP_udhi
    assert first[132:142] == b"\0\0\0\x8c\x05\x00\x03\x2a\x02\x01"
    assert second[132:142] == b"\0\0\0\x0e\x05\x00\x03\x2a\x02\x02"


@pytest.mark.parametrize(("text", "gbk", "flash", "coding"), [("雨", True, False, 15), ("雨", True, True, 24), ("rain", False, True, 16)])
def test_the_coding_says_alphabet_and_class(text: str, gbk: bool, flash: bool, coding: int) -> None:
    (body,) = _body(_dialect(gbk=gbk), text, flash=flash)
    assert body[130] == coding


def test_no_report_is_asked_for_when_the_contract_has_none() -> None:
    (body,) = _body(_dialect(reports=False), "雨")
    assert body[127] == 2


def test_the_answer_to_a_submit_names_it_by_its_twelve_octets() -> None:
    data = bytes.fromhex(f"0000001d 80000003 {_NUMBERED} 00000007 06") + bytes(8)
    assert _dialect().read_answer(data, 0, len(data)) == (7, 6, "b410cd4136c9e10000000007")
    assert _dialect().said(6) == "Submit_Resp 6 (destination number)"
    with pytest.raises(PduError):
        _dialect().read_answer(data, 0, 20)


@pytest.mark.parametrize(("state", "error", "stat"), [(0, 0, "DELIVRD"), (1, 0, "ENROUTE"), (2, 29, "UNDELIV/29"), (9, 0, "UNKNOWN")])
def test_a_report_octet_by_octet(state: int, error: int, stat: str) -> None:
    report = bytes.fromhex(f"{_NUMBERED} 00000007 00") + b"8613800138000".ljust(21, b"\0") + bytes((state, error)) + bytes(8)
    octets = (20 + len(report)).to_bytes(4) + bytes.fromhex("00000005 b3690541 36c9e100 00000063") + report
    ack = bytes.fromhex("0000001d 80000005 b3690541 36c9e100 00000063 00") + bytes(8)
    assert _dialect().read_delivery(octets) == (ack, Report("b410cd4136c9e10000000007", stat))
    with pytest.raises(PduError):
        _dialect().read_delivery(octets[:40])


def test_a_reply() -> None:
    body = deliver_body(b"\xcd\xcb\xb6\xa9", source="13800138000", destination="10655001", header=False, coding=15)
    assert _dialect().read_delivery(pdu(4, bytes(12), body))[1] == Text("8613800138000", "退订")
    with pytest.raises(PduError):
        _dialect().read_delivery(pdu(4, bytes(12), body[:47]))


def test_two_sessions_do_not_number_alike_for_the_number_is_the_messages_id() -> None:
    assert len({_dialect().first_sequence for _ in range(20)}) > 15


def test_there_is_no_keep_alive_and_good_bye_is_answered() -> None:
    dialect = _dialect()
    assert dialect.probe(1) == b""
    goodbye = bytes.fromhex("00000014 00000002 000000010000000200000003")
    assert dialect.hear(2, goodbye) == (Act.GOODBYE, bytes.fromhex("00000014 80000002 000000010000000200000003"), 0, 0)
    assert dialect.hear(0x80000001, bytes.fromhex("0000001d 80000001") + bytes(12) + b"\1" + bytes(8)).status == 1
    assert dialect.login_said(1) == "Bind_Resp 1 (login refused: name or password)"


@given(octets=st.binary(max_size=140), number=st.from_regex(r"861[0-9]{10}", fullmatch=True), header=st.booleans(), coding=st.sampled_from([0, 8, 15]))
def test_what_is_written_is_read(octets: bytes, number: str, header: bool, coding: int) -> None:
    before, after = submit_halves(octets, report=True, priority=1, corp="1", service="", fee_type=1, fee_value="0", expires="", source="10655001",
                                  header=header, coding=coding)
    assert read_submit(before + number.encode().ljust(21, b"\0") + after) == (number, "10655001", header, coding, True, octets, "")
