"""Whether a version may go to its recipient now: every case, by hand."""

from itertools import product

import pytest

from warning.dispatch.order import Standing, Turn, turn


def standing(role: str = "start", *, newer: bool = False, reached: bool = False, in_flight: bool = False,
             expired: bool = False) -> Standing:
    return Standing(role=role, newer=newer, reached=reached, in_flight=in_flight, expired=expired)


@pytest.mark.parametrize(("case", "what"), [
    (standing(), Turn.SEND),
    (standing(newer=True), Turn.SUPERSEDED),
    (standing(expired=True), Turn.EXPIRED),
    (standing(in_flight=True), Turn.WAIT),
    (standing(reached=True), Turn.SEND),
    (standing("end"), Turn.NO_START),
    (standing("end", reached=True), Turn.SEND),
    (standing("end", in_flight=True), Turn.WAIT),
    (standing("end", in_flight=True, reached=True), Turn.WAIT),
    (standing("end", expired=True, reached=True), Turn.SEND),
    (standing("end", expired=True), Turn.NO_START),
    (standing("end", newer=True, reached=True), Turn.SUPERSEDED),
    (standing(newer=True, expired=True, in_flight=True), Turn.SUPERSEDED),
    (standing(expired=True, in_flight=True), Turn.EXPIRED),
])
def test_the_table_of_turns(case: Standing, what: Turn) -> None:
    assert turn(case) is what


def test_in_all_cases_no_end_without_a_start_no_start_past_its_time_and_never_two_at_once() -> None:
    for role, (newer, reached, in_flight, expired) in product(("start", "end"), product((False, True), repeat=4)):
        if turn(standing(role, newer=newer, reached=reached, in_flight=in_flight, expired=expired)) is Turn.SEND:
            assert not newer
            assert not in_flight
            assert reached or role != "end"
            assert not expired or role == "end"
