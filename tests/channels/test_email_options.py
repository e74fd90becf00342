"""E-mail options that make no sense, and codes that say nothing: no wire needed."""

import pytest
from pydantic import SecretStr, ValidationError

from channels.email import Options
from channels.message import Outcome, Reason
from channels.wire.smtp import verdict


def _options(username: str = "", password: str = "") -> Options:
    return Options(lane="exercise", host="127.0.0.1", port=25, security="none", username=username, password=SecretStr(password),
                   sender="warnings@met.example", list_id="warnings.met.example")


def test_a_code_that_is_no_refusal_is_unknown() -> None:
    assert verdict(350, recipient=False) == (Outcome.UNKNOWN, Reason.BROKEN_REPLY)


@pytest.mark.parametrize(("name", "value", "said"), [
    ("sender", "no-address", "not an e-mail address"),
    ("sender", "a@b.org\r\nX: y", "not an e-mail address"),
    ("sender_name", "Met\r\nBcc: x@y.org", "line break or control character"),
    ("list_id", "has spaces", "not a dotted name"),
    ("port", 0, "greater than or equal to 1"),
    ("security", "ssl", "starttls"),
])
def test_options_that_cannot_be_are_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Options.model_validate(_options().model_dump() | {name: value})


def test_a_password_is_not_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(ValidationError, match="password in the clear"):
        Options.model_validate(_options(username="u", password="p").model_dump() | {"host": "mail.example.org"})
