"""The alphabet, the cut and the header of short messages."""

import pytest

from channels.wire.sms_text import DEFAULT_ALPHABET, UCS2, decode, encode, split_header


def test_latin_text_travels_in_the_seven_bit_alphabet_one_septet_an_octet() -> None:
    text = encode("Hi @ €5")
    assert text.data_coding == DEFAULT_ALPHABET
    # H=48 i=69 space=20 @=00 space=20 €=1B65 5=35 (TS 23.038 tables)
    assert text.pieces == (bytes.fromhex("48 69 20 00 20 1b65 35"),)


def test_chinese_text_travels_as_big_endian_ucs2() -> None:
    text = encode("暴雨")
    assert text.data_coding == UCS2
    assert text.pieces == (bytes.fromhex("66b4 96e8"),)


def test_one_chinese_character_moves_the_whole_text_to_ucs2() -> None:
    assert encode("rain 雨").data_coding == UCS2


@pytest.mark.parametrize(("chars", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_seventy_chinese_characters_fit_alone_and_sixty_seven_in_each_of_several_parts(chars: int, parts: int) -> None:
    assert len(encode("雨" * chars).pieces) == parts


@pytest.mark.parametrize(("chars", "parts"), [(160, 1), (161, 2), (306, 2), (307, 3)])
def test_a_hundred_and_sixty_latin_characters_fit_alone_and_153_in_each_of_several_parts(chars: int, parts: int) -> None:
    assert len(encode("a" * chars).pieces) == parts


def test_each_of_several_parts_starts_with_the_concatenation_header() -> None:
    parts = encode("雨" * 71).parts(ref=0x1A7)
    assert [p[:6] for p in parts] == [bytes.fromhex("050003a70201"), bytes.fromhex("050003a70202")]
    assert [len(p) for p in parts] == [6 + 134, 6 + 8]


def test_a_single_part_has_no_header() -> None:
    assert encode("雨").parts(ref=5) == [bytes.fromhex("96e8")]


def test_a_surrogate_pair_is_never_cut_in_two() -> None:
    text = encode("雨" * 66 + "🌊" + "雨" * 10)
    assert [len(p) for p in text.pieces] == [66 * 2, (2 + 10) * 2]
    assert "".join(decode(UCS2, p) for p in text.pieces) == "雨" * 66 + "🌊" + "雨" * 10


def test_an_escaped_character_is_never_cut_in_two() -> None:
    text = encode("a" * 152 + "€" + "b" * 20)
    assert [len(p) for p in text.pieces] == [152, 22]
    assert "".join(decode(DEFAULT_ALPHABET, p) for p in text.pieces) == "a" * 152 + "€" + "b" * 20


def test_every_character_of_the_alphabet_comes_back() -> None:
    every = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡AZÄÖÑÜ§¿azäöñüà\f^{}\\[~]|€"
    text = encode(every)
    assert text.data_coding == DEFAULT_ALPHABET
    assert decode(DEFAULT_ALPHABET, text.pieces[0]) == every


def test_more_than_255_parts_is_refused_with_the_mend() -> None:
    with pytest.raises(ValueError, match=r"needs 256 SMS parts and 255 is the most.*shorten it"):
        encode("雨" * (67 * 255 + 1))


def test_an_empty_text_is_one_empty_part() -> None:
    assert encode("").pieces == (b"",)


def test_half_a_surrogate_pair_does_not_stop_a_warning() -> None:
    assert decode(UCS2, encode("雨\ud83c雨").pieces[0]) == "雨?雨"


def test_a_header_with_an_eight_bit_reference_is_read() -> None:
    part = split_header(bytes.fromhex("050003a70201") + b"x")
    assert (part.ref, part.total, part.seq, part.octets) == (0xA7, 2, 1, b"x")


def test_a_header_with_a_sixteen_bit_reference_is_read() -> None:
    part = split_header(bytes.fromhex("06080401020301") + b"x")
    assert (part.ref, part.total, part.seq, part.octets) == (0x0102, 3, 1, b"x")


def test_another_header_element_is_skipped() -> None:
    part = split_header(bytes.fromhex("06050415811581") + b"x")
    assert (part.total, part.octets) == (1, b"x")


@pytest.mark.parametrize("octets", [b"", b"\x05", b"\xff\x00", b"\x03\x00\x09\x01"])
def test_a_broken_header_never_raises(octets: bytes) -> None:
    assert split_header(octets).total == 1


def test_unreadable_octets_become_replacement_characters() -> None:
    assert decode(DEFAULT_ALPHABET, b"a\x80\x1b\x00") == "a\ufffd\ufffd"
    assert decode(UCS2, b"\x66") == "\ufffd"
    assert decode(3, b"\xe9") == "é"
    assert decode(1, b"STOP") == "STOP"
