"""Where messages lie, in bytes made by hand: a head that declares a length, filling, and 7777."""

from pathlib import Path

import pytest

from feeds.grib_scan import Scan, header, scan


def edition_2(length: int) -> bytes:
    head = b"GRIB\0\0\0\2" + length.to_bytes(8, "big")
    return head + b"x" * (length - len(head) - 4) + b"7777"


def edition_1(declared: int, length: int, section_4: int) -> bytes:
    """Section 1 of 28 bytes without flags for sections 2 and 3, so that section 4 stands at byte 36."""
    head = b"GRIB" + declared.to_bytes(3, "big") + b"\1" + b"\0\0\x1c" + b"\0" * 25 + section_4.to_bytes(3, "big")
    return head + b"x" * (length - len(head) - 4) + b"7777"


def scanned(folder: Path, data: bytes) -> Scan:
    path = folder / "a.grib"
    path.write_bytes(data)
    return scan(path)


def test_messages_are_counted_by_their_lengths_not_by_their_magic(tmp_path: Path) -> None:
    tricky = edition_2(60)[:30] + b"GRIB" + edition_2(60)[34:]
    assert scanned(tmp_path, tricky + edition_2(40) + edition_1(90, 90, 50)) == Scan(messages=3)


def test_a_long_message_of_edition_1_counts_blocks(tmp_path: Path) -> None:
    # ECMWF: two blocks of 120 bytes, less the 100 in section 4, and 4: 144 bytes.
    long = edition_1(0x800000 | 2, 144, 100)
    assert scanned(tmp_path, long + edition_2(40)) == Scan(messages=2)


def test_a_message_of_edition_1_over_8_mebibytes_may_have_its_plain_length(tmp_path: Path) -> None:
    length = 0x800000 + 17
    assert scanned(tmp_path, edition_1(length, length, length - 40) + edition_2(40)) == Scan(messages=2)


@pytest.mark.parametrize(("data", "fault"), [
    (edition_2(40)[:30], "message 1 at byte 0 should have 40 bytes and has 30"),
    (edition_2(40) + edition_2(50)[:10], "message 2 at byte 40 does not end with 7777 where it should"),
    (edition_2(40)[:-4] + b"oops", "message 1 at byte 0 does not end with 7777 where it should"),
    (edition_2(40) + b"\0\0GR", "message 2 at byte 40 is only begun"),
])  # fmt: skip
def test_a_message_that_is_not_whole_is_a_fault(tmp_path: Path, data: bytes, fault: str) -> None:
    assert scanned(tmp_path, data).fault == fault


def test_bytes_between_and_behind_messages_are_strays(tmp_path: Path) -> None:
    found = scanned(tmp_path, edition_2(40) + b"z" * 200 + edition_2(40) + b"z" * 9)
    assert found == Scan(messages=2, strays=("bytes 40 to 240 are no GRIB message", "the last 9 bytes, from byte 280, are no GRIB message"))


def sections(*numbers: int) -> bytes:
    """A message of edition 2 of these sections, 9 bytes each."""
    body = b"".join((9).to_bytes(4, "big") + bytes([number]) + b"pack" for number in numbers)
    return b"GRIB\0\0\0\2" + (16 + len(body) + 4).to_bytes(8, "big") + body + b"7777"


def test_each_message_has_its_place_and_one_of_several_fields_is_known_by_what_follows_its_first_values(tmp_path: Path) -> None:
    one, two = sections(1, 3, 4, 5, 6, 7), sections(1, 3, 4, 5, 6, 7, 4, 5, 6, 7)
    found = scanned(tmp_path, one + b"\0\0" + one)
    assert (found.places, found.several) == (((0, 74), (76, 74)), False)
    assert [scanned(tmp_path, data).several for data in (two, one + two, two + one, edition_1(90, 90, 50))] == [True, True, True, False]


def test_a_message_whose_sections_cannot_be_walked_is_left_to_the_library(tmp_path: Path) -> None:
    assert scanned(tmp_path, edition_2(60)).several is True
    assert scanned(tmp_path, sections(1, 3, 4, 5, 6)).several is True


def test_a_header_is_the_message_with_an_empty_section_7(tmp_path: Path) -> None:
    whole = sections(1, 3, 4, 5, 6, 7)
    short = header(whole)
    assert short == b"GRIB\0\0\0\2" + (70).to_bytes(8, "big") + whole[16:61] + b"\0\0\0\5\x07" + b"7777"
    assert scanned(tmp_path, short) == Scan(messages=1)
    assert header(edition_1(90, 90, 50)) == edition_1(90, 90, 50)
