"""SMPP octets, against hand-made PDUs."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from channels.wire.dialect import PduError
from channels.wire.smpp import SmppDialect
from channels.wire.smpp_pdu import (
    RECEIPT,
    Command,
    address_kind,
    bind_body,
    message_head,
    message_tail,
    pdu,
    read_bind,
    read_message,
    read_receipt,
    receipt_octets,
    validity,
)
from channels.wire.sms_text import decode

# submit_sm of 暴雨 from 12379 to 8613800138000, priority 3, valid until 2024-09-19 12:00:00 UTC, report asked; field by field of §4.4.1.
_SUBMIT = (
    b"\0" b"\x03\x00" b"12379\0" b"\x01\x01" b"8613800138000\0" b"\x00" b"\x00" b"\x03" b"\0" b"240919120000000+\0"
    b"\x01" b"\x00" b"\x08" b"\x00" b"\x04" b"\x66\xb4\x96\xe8"
)


def test_a_submit_is_built_field_by_field() -> None:
    head = message_head(source="12379", destination="8613800138000")
    tail = message_tail("暴雨".encode("utf-16-be"), esm_class=0, priority=3, valid=validity(datetime(2024, 9, 19, 12, tzinfo=UTC)),
                        registered=1, data_coding=8)
    assert head + tail == _SUBMIT


def test_a_submit_is_read_field_by_field() -> None:
    message = read_message(_SUBMIT)
    assert (message.source, message.destination) == ("12379", "8613800138000")
    assert (message.esm_class, message.priority, message.validity) == (0, 3, "240919120000000+")
    assert (message.registered_delivery, message.data_coding) == (1, 8)
    assert message.octets.decode("utf-16-be") == "暴雨"
    assert not message.is_receipt


@pytest.mark.parametrize(("text", "flash", "coding"), [("暴雨", True, 0x18), ("暴雨", False, 0x08), ("rain", True, 0x10), ("rain", False, 0x00)])
def test_class_0_is_said_in_the_data_coding(text: str, flash: bool, coding: int) -> None:
    """3GPP TS 23.038 §4: bits 7..4 = 0001 the class has a meaning, bits 3..2 the alphabet (10 = UCS-2), bits 1..0 = 00 class 0."""
    dialect = SmppDialect(system_id="drill", password="pa55", source="12379", reports=True)
    expires = datetime(2024, 9, 19, 12, tzinfo=UTC)
    [(before, after)] = dialect.templates(dialect.cut(text, flash=flash), ref=1, priority=4, expires=expires, flash=flash)
    assert read_message(before + dialect.number("8613800138000") + after).data_coding == coding


def test_a_whole_pdu_counts_its_own_length() -> None:
    assert pdu(Command.ENQUIRE_LINK, 7) == bytes.fromhex("00000010 00000015 00000000 00000007")
    assert pdu(Command.SUBMIT_SM_RESP, 1, b"a\0", status=0x58) == bytes.fromhex("00000012 80000004 00000058 00000001 6100")


def test_a_bind_names_the_account_and_version_3_4() -> None:
    body = bind_body(system_id="drill", password="pa55")
    assert body == b"drill\0pa55\0\0\x34\0\0\0"
    assert read_bind(body) == ("drill", "pa55")


def test_beijing_time_is_written_as_utc() -> None:
    assert validity(datetime(2024, 9, 19, 20, tzinfo=timezone(timedelta(hours=8)))) == b"240919120000000+"


@pytest.mark.parametrize(("address", "kind"), [("12379", (3, 0)), ("8613800138000", (1, 1)), ("Weather", (5, 0)), ("12345678", (3, 0)), ("123456789", (1, 1))])
def test_an_address_is_a_short_code_a_number_or_a_name(address: str, kind: tuple[int, int]) -> None:
    assert address_kind(address) == kind


@pytest.mark.parametrize("length", range(len(_SUBMIT)))
def test_a_message_cut_anywhere_is_a_pdu_error(length: int) -> None:
    with pytest.raises(PduError):
        read_message(_SUBMIT[:length])


def test_a_text_in_the_payload_parameter_is_read() -> None:
    empty = _SUBMIT[:-5] + b"\0"
    message = read_message(empty + bytes.fromhex("0424 0004 66b496e8"))
    assert message.octets.decode("utf-16-be") == "暴雨"


def _deliver(text: bytes, tlvs: bytes = b"") -> bytes:
    return message_head(source="8613800138000", destination="12379") + message_tail(
        text, esm_class=RECEIPT, priority=0, valid=b"", registered=0, data_coding=0) + tlvs


def test_a_receipt_of_appendix_b_is_read() -> None:
    at = datetime(2024, 9, 19, 12, tzinfo=UTC)
    text = receipt_octets(message_id=b"0a1b", stat="DELIVRD", submitted=at, done=at)
    assert text == b"id:0a1b sub:001 dlvrd:001 submit date:2409191200 done date:2409191200 stat:DELIVRD err:000 text:"
    message = read_message(_deliver(text))
    assert message.is_receipt
    assert read_receipt(message) == ("0a1b", "DELIVRD")


def test_a_receipt_without_text_is_read_from_its_parameters() -> None:
    message = read_message(_deliver(b"", bytes.fromhex("001e 0005") + b"0a1b\0" + bytes.fromhex("0427 0001 05")))
    assert read_receipt(message) == ("0a1b", "UNDELIV")


def test_a_receipt_with_small_letters_and_fields_left_out_is_read() -> None:
    assert read_receipt(read_message(_deliver(b"ID:77 Stat:undeliv Err:001"))) == ("77", "UNDELIV")


def test_a_receipt_that_says_nothing_gives_empty_words() -> None:
    assert read_receipt(read_message(_deliver(b"hello"))) == ("", "")


def test_an_acknowledgement_by_a_person_is_no_delivery_receipt() -> None:
    body = message_head(source="1", destination="2") + message_tail(b"", esm_class=0x08, priority=0, valid=b"", registered=0, data_coding=0)
    assert not read_message(body).is_receipt


def test_a_part_may_say_its_place_in_optional_parameters() -> None:
    body = message_head(source="8613800138000", destination="12379") + message_tail(
        "退".encode("utf-16-be"), esm_class=0, priority=0, valid=b"", registered=0, data_coding=8)
    assert read_message(body).segment == (0, 1, 1)
    placed = body + bytes.fromhex("020c00020123 020e000102 020f000102")  # sar_msg_ref_num 0x123, sar_total_segments 2, sar_segment_seqnum 2
    assert read_message(placed).segment == (0x123, 2, 2)
    assert read_message(body + bytes.fromhex("020c00020123 020e000102 020f000103")).segment == (0, 1, 1)  # the third of two


def test_class_0_is_read_in_its_alphabet() -> None:
    # TS 23.038 §4: 0x10 and 0x18 are the 7-bit alphabet and UCS-2 with message class 0
    assert decode(0x10, b"\x1b\x65") == "€"
    assert decode(0x18, b"\x96\xe8") == "雨"
