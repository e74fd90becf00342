"""SMGP octets, against PDUs put together by hand from the field tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.wire.dialect import Act, PduError, Report, Text
from channels.wire.smgp import SmgpDialect
from channels.wire.smgp_pdu import authenticator, deliver_body, read_login, read_report, read_submit, submit_halves

_NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)  # 20:00:00 in Beijing
_DIGEST = "fbb8ae4d8e943065e9406e80c23b3315"

# Submit of 暴雨 to 13800138000 from 10690001, report asked, valid until 2024-09-20 04:00 in Beijing; field by field of §7.2.2.
_SUBMIT = (
    b"\6" b"\1" b"\3" b"warn\0\0\0\0\0\0" b"00" b"0\0\0\0\0\0" b"0\0\0\0\0\0" b"\x08" b"240920040000032+\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" b"10690001\0\0\0\0\0\0\0\0\0\0\0\0\0" b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" b"\1"
    b"13800138000\0\0\0\0\0\0\0\0\0\0" b"\4" b"\x66\xb4\x96\xe8" b"\0\0\0\0\0\0\0\0")


def _dialect(*, gbk: bool = False) -> SmgpDialect:
    return SmgpDialect(client_id="telecom1", secret="pa55", source="10690001", service="warn", fee_type="00", fee_code="0", reports=True, gbk=gbk,
                       prefix86=False, now=lambda: _NOW)


def _body(dialect: SmgpDialect, text: str, *, flash: bool = False) -> list[bytes]:
    return [before + dialect.number("8613800138000") + after for before, after in dialect.templates(
        dialect.cut(text, flash=flash), ref=0x2A, priority=4, expires=_NOW + timedelta(hours=8), flash=flash)]


def test_the_digest_of_the_login() -> None:
    # printf 'telecom1\0\0\0\0\0\0\0pa550919200000' | md5sum
    assert authenticator("telecom1", "pa55", "0919200000").hex() == _DIGEST


def test_the_login_octet_by_octet() -> None:
    login = _dialect().login(1)
    assert login == bytes.fromhex(f"0000002a 00000001 00000001 74656c65636f6d31 {_DIGEST} 02 36c9e100 30")
    assert read_login(login[12:]) == ("telecom1", bytes.fromhex(_DIGEST), "0919200000", 0x30)


def test_a_submit_octet_by_octet() -> None:
    dialect = _dialect()
    (body,) = _body(dialect, "暴雨")
    assert body == _SUBMIT
    assert dialect.frame(len(body)) == (12 + len(_SUBMIT)).to_bytes(4) + b"\0\0\0\2"
    assert read_submit(body) == ("13800138000", "10690001", False, 8, True, b"\x66\xb4\x96\xe8", "240920040000032+")


def test_a_long_text_has_a_header_in_each_part_and_its_place_in_the_optional_parameters() -> None:
    first, second = _body(_dialect(), "雨" * 71)
    assert first[126:133] == b"\x8c\x05\x00\x03\x2a\x02\x01"
    assert first[-15:] == bytes.fromhex("0002000101 0009000102 000a000101")  # TP_udhi 1, PkTotal 2, PkNumber 1
    assert second[-15:] == bytes.fromhex("0002000101 0009000102 000a000102")
    assert read_submit(second)[2] is True


@pytest.mark.parametrize(("text", "gbk", "flash", "coding"), [("雨", True, False, 15), ("雨", True, True, 24), ("rain", False, True, 16)])
def test_the_coding_says_alphabet_and_class(text: str, gbk: bool, flash: bool, coding: int) -> None:
    (body,) = _body(_dialect(gbk=gbk), text, flash=flash)
    assert body[27] == coding


def test_the_answer_to_a_submit() -> None:
    data = bytes.fromhex("0000001a 80000002 00000007 00112233445566778899 0000002f")
    assert _dialect().read_answer(data, 0, len(data)) == (7, 47, "00112233445566778899")
    assert _dialect().said(47) == "Submit_Resp 47 (destination number)"
    with pytest.raises(PduError):
        _dialect().read_answer(data, 0, 20)


@pytest.mark.parametrize("written", [bytes.fromhex("00112233445566778820"), b"00112233445566778820"])
def test_a_report_is_known_by_ten_raw_octets_or_their_digits(written: bytes) -> None:
    report = b"id:" + written + b" sub:001 dlvrd:001 submit date:2409192000 done date:2409192001 stat:DELIVRD err:000 text:"
    assert read_report(report) == ("00112233445566778820", "DELIVRD")
    body = (bytes.fromhex("aabbccddeeff00112233") + b"\1\0" + b"20240919200100" + b"13800138000".ljust(21, b"\0") + b"10690001".ljust(21, b"\0")
            + bytes((len(report),)) + report + bytes(8))
    pdu = (12 + len(body)).to_bytes(4) + bytes.fromhex("00000003 00000063") + body
    ack = bytes.fromhex("0000001a 80000003 00000063 aabbccddeeff00112233 00000000")
    assert _dialect().read_delivery(pdu) == (ack, Report("00112233445566778820", "DELIVRD"))


def test_a_report_without_an_id_is_refused() -> None:
    with pytest.raises(PduError):
        read_report(b"stat:DELIVRD")


def test_a_part_of_a_reply() -> None:
    body = deliver_body(b"\x05\x00\x03\x07\x02\x01" + "退".encode("utf-16-be"), message_id=bytes(10), received=_NOW, source="13800138000",
                        destination="10690001", header=True, coding=8, is_report=False)
    pdu = (12 + len(body)).to_bytes(4) + bytes.fromhex("00000003 00000063") + body
    assert _dialect().read_delivery(pdu)[1] == Text("8613800138000", "退", 7, 2, 1)


def test_keep_alive_and_good_bye() -> None:
    dialect = _dialect()
    assert dialect.probe(9) == bytes.fromhex("0000000c 00000004 00000009")
    assert dialect.hear(4, bytes.fromhex("0000000c 00000004 00000009")) == (Act.REPLY, bytes.fromhex("0000000c 80000004 00000009"), 0, 0)
    assert dialect.hear(6, bytes.fromhex("0000000c 00000006 00000009")) == (Act.GOODBYE, bytes.fromhex("0000000c 80000006 00000009"), 0, 0)
    assert dialect.hear(0x80000001, bytes.fromhex("00000021 80000001 00000001 00000015") + bytes(17)).status == 21
    assert dialect.login_said(21) == "Login_Resp 21 (client_id or secret wrong)"


@given(octets=st.binary(max_size=140), number=st.from_regex(r"1[0-9]{10}", fullmatch=True), header=st.booleans(), coding=st.sampled_from([0, 8, 15]))
def test_what_is_written_is_read(octets: bytes, number: str, header: bool, coding: int) -> None:
    before, after = submit_halves(octets, total=1, seq=1, report=True, priority=1, service="", fee_type="00", fee_code="0", valid="",
                                  source="10690001", header=header, coding=coding)
    assert read_submit(before + number.encode().ljust(21, b"\0") + after) == (number, "10690001", header, coding, True, octets, "")
