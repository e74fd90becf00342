"""What a resident types as an address is read as it was meant."""

import pytest

from warning.web.registerform import typed


@pytest.mark.parametrize(("written", "read"), [
    ("13800001234", "8613800001234"), ("138 0000 1234", "8613800001234"), ("199-0000-1234", "8619900001234"), ("１３８００００１２３４", "8613800001234"),
    ("+86 138 0000 1234", "8613800001234"), ("8613800001234", "8613800001234"), ("008613800001234", "8613800001234"),
    ("+1 (380) 013-8000", "13800138000"), ("0013800138000", "13800138000"), ("12", "12"), ("anna-li@example.org", "anna-li@example.org")])
def test_a_mobile_of_eleven_digits_is_a_mainland_one_and_another_country_s_number_is_nobody_s_here(written: str, read: str) -> None:
    assert typed(written) == read
