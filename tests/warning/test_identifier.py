"""National identifiers: 29 characters, never twice."""

from datetime import UTC, datetime, timedelta

import pytest

from warning.errors import Conflict, Invalid
from warning.identifier import NationalIdentifier, is_national, next_identifier, parse, sender_code

CITY = "31000041600000"
AT = datetime(2024, 9, 19, 22, 20, 0, tzinfo=UTC)  # 06:20 in Beijing on the 20th


def test_the_identifier_has_29_characters_and_beijing_time() -> None:
    assert next_identifier(CITY, AT, lambda _: False) == "31000041600000_20240920062000"


def test_two_alerts_of_one_second_take_the_next_free_second() -> None:
    used: set[str] = set()
    for _ in range(3):
        used.add(next_identifier(CITY, AT + timedelta(milliseconds=900), used.__contains__))
    assert sorted(used) == [f"{CITY}_2024092006200{n}" for n in range(3)]


def test_another_sender_may_use_the_same_second() -> None:
    used = {next_identifier(CITY, AT, lambda _: False)}
    assert next_identifier("31011541600000", AT, used.__contains__) == "31011541600000_20240920062000"


def test_an_hour_without_a_free_second_is_a_conflict_and_not_an_endless_search() -> None:
    with pytest.raises(Conflict, match="used every second of the hour after 2024-09-20 06:20:00"):
        next_identifier(CITY, AT, lambda _: True)


def test_a_time_without_offset_or_a_short_sender_is_refused() -> None:
    with pytest.raises(Invalid, match="no offset"):
        next_identifier(CITY, datetime(2024, 9, 20), lambda _: False)  # noqa: DTZ001  # that is the fault
    with pytest.raises(Invalid, match="not 14 digits"):
        next_identifier("310000", AT, lambda _: False)


def test_real_identifiers_of_29_and_31_characters_are_read() -> None:
    short = parse("13013241600000_20260826160913")
    assert short == NationalIdentifier(sender_code="13013241600000", entered=datetime(2026, 8, 26, 8, 9, 13, tzinfo=UTC))
    long = parse("13013241600000_20260826160913_4")
    assert long.serial == 4
    assert [str(short), str(long)] == ["13013241600000_20260826160913", "13013241600000_20260826160913_4"]


@pytest.mark.parametrize("wrong", [
    "", "13013241600000_2026082616091", "1301324160000_20260826160913", "13013241600000-20260826160913",
    "13013241600000_20260826160913_12", "13013241600000_20261326160913", "13013241600000_20260826160913 ", "1301324160000０_20260826160913",
])
def test_what_is_no_national_identifier_is_refused(wrong: str) -> None:
    assert not is_national(wrong)
    with pytest.raises(Invalid, match="identifier"):
        parse(wrong)


def test_the_sender_code_is_area_organisation_unit_and_extension() -> None:
    assert sender_code("310000") == CITY
    assert sender_code("310115") == "31011541600000"
    assert sender_code("330000", organisation="332") == "33000033200000"
    with pytest.raises(Invalid, match="area '31' is not 6 digits"):
        sender_code("31")
