"""One-time codes: RFC 6238, appendix B, six digits; a clock may be one step off, not two."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from warning.trust.factor import address, new_factor, picture, step_of

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(("seconds", "eight"), [(59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (2000000000, "69279037")])
def test_the_vectors_of_the_standard(seconds: int, eight: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert step_of(SECRET, eight[2:], at) == seconds // 30
    assert step_of(SECRET, f"{eight[2:5]} {eight[5:]}", at) == seconds // 30  # as apps show it


@pytest.mark.parametrize(("off", "known"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_may_be_half_a_minute_off(off: int, known: bool) -> None:
    shown_at = datetime.fromtimestamp(1234567890, UTC)
    assert (step_of(SECRET, "005924", shown_at + timedelta(seconds=off)) is not None) is known


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "٠٠٥٩٢٤", "-05924"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(SECRET, code, datetime.fromtimestamp(1234567890, UTC)) is None


def test_a_secret_is_new_each_time_and_comes_with_a_picture() -> None:
    one, two = new_factor(), new_factor()
    assert one != two
    assert len(base64.b32decode(one)) == 20
    assert address(one, name="li.lei") == f"otpauth://totp/Xiaoxishu:li.lei?secret={one}&issuer=Xiaoxishu"
    assert picture(one, name="li.lei").startswith("<svg")
