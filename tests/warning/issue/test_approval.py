"""May it go out? The one predicate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from warning.account import Account
from warning.issue.approval import Refusal, Submission, may_go_out

NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)
GOOD = Submission(
    status="submitted", submitted_by="li.lei", hazard="rainstorm", zones=("310115",), expires=NOW + timedelta(hours=6),
    revision=3, cause_open=False)
SIGNER = Account(name="han.mei", role="approver")


def test_a_second_person_with_the_right_may_sign() -> None:
    assert may_go_out(GOOD, SIGNER, revision=3, now=NOW) == []


@pytest.mark.parametrize(("change", "refusal"), [
    ({"status": "open"}, Refusal.NOT_SUBMITTED),
    ({"status": "issued"}, Refusal.NOT_SUBMITTED),
    ({"submitted_by": None}, Refusal.NOT_SUBMITTED),
    ({"submitted_by": "han.mei"}, Refusal.SAME_PERSON),
    ({"cause_open": True}, Refusal.CAUSE_OPEN),
    ({"expires": NOW}, Refusal.OVER),
    ({"revision": 4}, Refusal.STALE),
    ({"zones": ()}, Refusal.NO_AREA),
    ({"disagreements": ("en-US sms does not name red",)}, Refusal.TEXTS_DIFFER),
])
def test_one_fault_is_one_refusal(change: dict[str, object], refusal: Refusal) -> None:
    assert may_go_out(replace(GOOD, **change), SIGNER, revision=3, now=NOW) == [refusal]  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(("signer", "may"), [
    (Account(name="h", role="approver", hazards=("rainstorm", "gale")), True),
    (Account(name="h", role="approver", hazards=("gale",)), False),
    (Account(name="h", role="approver", area="310115"), True),
    (Account(name="h", role="approver", area="310000"), True),
    (Account(name="h", role="approver", area="310120"), False),
    (Account(name="h", role="approver", area="310115103"), False),
    *((Account(name="h", role=role), False) for role in ("viewer", "forecaster", "office", "admin")),
])
def test_the_right_is_role_and_hazard_and_area(signer: Account, may: bool) -> None:
    assert may_go_out(GOOD, signer, revision=3, now=NOW) == ([] if may else [Refusal.NO_RIGHT])


def test_a_district_approver_does_not_sign_for_the_city() -> None:
    city = replace(GOOD, zones=("310000",))
    assert may_go_out(city, Account(name="h", role="approver", area="310115"), revision=3, now=NOW) == [Refusal.NO_RIGHT]


def test_every_reason_is_named_at_once() -> None:
    worst = replace(
        GOOD, status="open", submitted_by="zhou", zones=(), expires=NOW, cause_open=True, disagreements=("x",))
    assert set(may_go_out(worst, Account(name="zhou", role="viewer"), revision=1, now=NOW)) == set(Refusal)


def test_nobody_signs_alone_whatever_the_rest_says() -> None:
    for role, status in product(("approver", "forecaster", "admin"), ("open", "submitted", "issued")):
        alone = replace(GOOD, status=status, submitted_by="zhou")
        assert Refusal.SAME_PERSON in may_go_out(alone, Account(name="zhou", role=role), revision=3, now=NOW)
