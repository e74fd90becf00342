"""Passwords: Argon2id is what is kept, and the weak ones are named."""

import pytest

from warning.trust.password import hashed, nobody, outdated, verified, weakness

GOOD = "rivers rise at night"


def test_what_is_kept_is_argon2id_with_64_mib_and_a_salt_of_its_own() -> None:
    first, second = hashed(GOOD), hashed(GOOD)
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert GOOD not in first


def test_a_password_is_known_again_and_another_is_not() -> None:
    kept = hashed(GOOD)
    assert verified(kept, GOOD)
    assert not verified(kept, GOOD + " ")
    assert not verified(nobody(), GOOD)
    assert not verified("not a hash", GOOD)


def test_a_hash_made_with_weaker_parameters_is_outdated() -> None:
    assert not outdated(hashed(GOOD))
    assert outdated("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$pLqVLVBaTxEQLK8vGVvRkh9FwSGcuiVmTA4FQ1nH1yE")


@pytest.mark.parametrize(("password", "why"), [
    ("elevenchars", "at least 12"), ("x" * 201, "at most 200"), ("my name is Li.Lei ok", "the account's name"),
    ("password1234", "tries this one"), ("aaaaaaaaaaaaaa", "tries this one"), ("123456789012", "tries this one")])
def test_a_weak_password_is_refused_with_its_reason(password: str, why: str) -> None:
    assert why in weakness(password, name="li.lei")


def test_a_long_one_is_taken_in_any_language() -> None:
    assert weakness(GOOD, name="li.lei") == ""
    assert weakness("夜里河水会悄悄涨起来的哦", name="li.lei") == ""
