"""Who may do what, for which hazards, and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warning.account import ROLES, Account, Act, covers, new_token, require, token_hash
from warning.errors import NotAllowed


def account(role: str = "forecaster", area: str = "", hazards: tuple[str, ...] = ()) -> Account:
    return Account(name="li.lei", role=role, area=area, hazards=hazards)


@pytest.mark.parametrize(("area", "zones", "inside"), [
    ("", ("310000", "320500"), True),
    ("310000", ("310000",), True),
    ("310000", ("310115", "310115103"), True),
    ("310000", ("320500",), False),
    ("310115", ("310115",), True),
    ("310115", ("310115103", "310115103001"), True),
    ("310115", ("310000",), False),
    ("310115", ("310116",), False),
    ("310115", ("310115", "310116"), False),
    ("310115000000", ("310115", "310115103"), True),
    ("310115000000", ("310116",), False),
    ("310115103", ("310115",), False),
    ("310115103000", ("310115103005",), True),
    ("320500", ("320505",), True),
    ("320500", ("320105",), False),
])
def test_an_area_covers_itself_and_its_inside_and_never_what_holds_it(area: str, zones: tuple[str, ...], inside: bool) -> None:
    assert covers(account(area=area), zones) is inside


@given(st.from_regex(r"31[0-9]{4}", fullmatch=True), st.from_regex(r"[0-9]{3}", fullmatch=True))
def test_a_street_is_covered_exactly_where_its_district_is(district: str, street: str) -> None:
    for area in ("310000", "310115", "320000"):
        assert covers(account(area=area), [district]) == covers(account(area=area), [district + street])


def test_a_district_forecaster_may_not_warn_the_city_and_is_told_where() -> None:
    with pytest.raises(NotAllowed, match=r"li\.lei may act inside 310115, not for 310000, 310120"):
        require(account(area="310115"), Act.SUBMIT, zones=("310115", "310000", "310120"))


def test_a_hazard_list_binds_and_an_empty_one_does_not() -> None:
    require(account(), Act.SUBMIT, hazard="rainstorm")
    require(account(hazards=("rainstorm", "gale")), Act.SUBMIT, hazard="gale")
    with pytest.raises(NotAllowed, match=r"li\.lei may act on rainstorm, gale, not on typhoon"):
        require(account(hazards=("rainstorm", "gale")), Act.SUBMIT, hazard="typhoon")


def test_a_role_that_may_not_is_told_which_may() -> None:
    with pytest.raises(NotAllowed, match="a forecaster may not approve; it needs one of: approver"):
        require(account(), Act.APPROVE)


def test_only_an_approver_signs_and_an_admin_does_not() -> None:
    assert [role for role, acts in ROLES.items() if Act.APPROVE in acts] == ["approver"]
    assert [role for role, acts in ROLES.items() if Act.SUBMIT in acts] == ["forecaster", "approver"]
    assert all(Act.VIEW in acts for acts in ROLES.values())


def test_tokens_are_long_all_different_and_kept_as_a_hash_only() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("xxs_") and len(token) == 4 + 43 for token in tokens)
    # echo -n abc | sha256sum
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
