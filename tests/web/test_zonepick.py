"""The zones that a form offers: by name or code, from all that may be warned, however many."""

import shapely

from geo.zone import Zone, ZoneSet
from warning.web.console.zonepick import matching

COUNTRY = ZoneSet(origin="test", zones=tuple(
    Zone(code=f"31{number:04d}", name_zh=f"第{number}区", name_en=f"Ward {number}", level="district", geometry=shapely.box(number, 0, number + 1, 1)) for number in range(900)))


def codes(words: str, most: int = 40) -> tuple[list[str], bool]:
    found, more = matching(COUNTRY, words, lambda code: code != "310007", most)
    return [zone.code for zone in found], more


def test_the_last_of_nine_hundred_is_found_by_either_name_or_by_its_code() -> None:
    assert codes("第899区") == codes("ward 899") == codes("310899") == codes(" Ward 899 ") == (["310899"], False)


def test_what_the_words_are_comes_first_then_what_begins_so_then_what_has_them() -> None:
    assert codes("ward 89")[0] == ["310089", *(f"310{number}" for number in range(890, 900))]  # Ward 89 itself, then 890 to 899
    assert codes("9区", most=3) == (["310009", "310019", "310029"], True)


def test_what_may_not_be_warned_is_not_offered() -> None:
    assert codes("310007") == ([], False)
    assert "310007" not in codes("")[0]


def test_without_words_the_first_are_offered_and_that_there_are_more() -> None:
    found, more = codes("", most=3)
    assert (found, more) == (["310000", "310001", "310002"], True)
