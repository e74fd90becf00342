"""What the three operators' protocols have in common: numbers, Beijing time, fields and texts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.wire.dialect import PduError
from channels.wire.mainland import MOBILE, cut, field, international, national, read_field, stamp, text_of, valid_until


@pytest.mark.parametrize(("text", "coding", "sizes"), [
    ("a" * 159, 0, [159]),
    ("a" * 160, 0, [153, 7]),  # < 160 octets with the six of the header
    ("雨" * 70, 8, [140]),
    ("雨" * 71, 8, [134, 8]),
    ("雨" * 67 + "🌊" * 2, 8, [134, 8]),
    ("雨" * 66 + "🌊" * 5, 8, [132, 20]),  # a surrogate pair stays whole
    ("", 0, [0]),
])
def test_a_text_is_cut_where_the_specification_says(text: str, coding: int, sizes: list[int]) -> None:
    sms = cut(text, gbk=False)
    assert (sms.data_coding, [len(piece) for piece in sms.pieces]) == (coding, sizes)


def test_gbk_is_taken_when_asked_for_and_able() -> None:
    assert cut("暴雨 rain", gbk=True).data_coding == 15
    assert cut("暴雨 rain", gbk=True).pieces == (b"\xb1\xa9\xd3\xea rain",)
    assert cut("暴雨 🌊", gbk=True).data_coding == 8
    assert cut("rain", gbk=True).data_coding == 0


def test_a_mixed_text_in_gbk_has_more_room_than_in_ucs2_and_no_character_is_cut_in_two() -> None:
    text = "暴雨" * 30 + "rain" * 20  # 120 + 80 octets of GBK, 280 of UCS-2
    assert [len(piece) for piece in cut(text, gbk=True).pieces] == [134, 66]
    assert len(cut(text, gbk=False).pieces) == 3
    assert [len(piece) for piece in cut("a" + "雨" * 80, gbk=True).pieces] == [133, 28]


def test_a_text_of_more_than_255_parts_is_refused_with_the_count() -> None:
    with pytest.raises(ValueError, match="256 SMS parts and 255 is the most"):
        cut("雨" * (67 * 255 + 1), gbk=False)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.booleans())
def test_every_text_comes_back_from_its_parts(text: str, gbk: bool) -> None:
    sms = cut(text, gbk=gbk)
    parts = [text_of(sms.data_coding, part, header=sms.concatenated) for part in sms.parts(ref=0x1CE)]
    assert "".join(words for words, _, _, _ in parts) == text
    assert all(len(part) <= (159 if sms.data_coding == 0 else 140) for part in sms.parts(ref=0))
    if sms.concatenated:
        assert [(ref, total, seq) for _, ref, total, seq in parts] == [(0xCE, len(parts), n) for n in range(1, len(parts) + 1)]


def test_a_reply_in_an_alphabet_that_cannot_be_read_is_not_lost() -> None:
    assert text_of(0, b"\xff1", header=False)[0] == "�1"
    assert text_of(4, b"\xe9", header=False)[0] == "é"
    assert text_of(15, b"\xcd\xcb\xb6\xa9", header=False)[0] == "退订"
    assert text_of(24, b"\x90\x00\x8b\xa2", header=False)[0] == "退订"  # class 0


@pytest.mark.parametrize(("number", "fits"), [
    ("8613800138000", True), ("+8613800138000", True), ("13800138000", False), ("861380013800", False), ("85212345678", False),
    ("8621123456789", False), ("８６１３８００１３８０００", False),
])
def test_only_a_mainland_mobile_number_with_its_country_code_may_go_to_a_mainland_gateway(number: str, fits: bool) -> None:
    # +1 380 013 8000 without its country code would ring a phone in China.
    assert bool(MOBILE.fullmatch(number)) is fits


def test_numbers_lose_and_regain_their_country_code() -> None:
    assert national("8613800138000") == "13800138000"
    assert international("13800138000") == international("+8613800138000") == international("8613800138000") == "8613800138000"
    assert international("10690001") == "10690001"


def test_times_are_of_beijing() -> None:
    at = datetime(2024, 9, 19, 20, 30, 5, tzinfo=UTC)
    assert stamp(at) == "0920043005"
    assert valid_until(at) == "240920043005032+"


def test_fields_are_filled_with_zeros_and_never_overflow() -> None:
    assert field("ab", 4) == b"ab\0\0"
    assert read_field(b"xab\0\0", 1, 4) == "ab"
    with pytest.raises(ValueError, match="5 octets do not fit into a field of 4"):
        field("abcde", 4)
    with pytest.raises(PduError):
        read_field(b"ab", 0, 4)
