"""What the answers to the parts say of a message, and which options make no sense: no wire needed."""

import pytest
from pydantic import SecretStr, ValidationError

from channels.message import Outcome, Reason
from channels.sms import Options
from channels.wire.load import HELD_BACK, NO_ANSWER, NOT_SENT
from channels.wire.smpp import SmppDialect
from channels.wire.sms_verdict import verdict


def _options(source: str = "12379") -> Options:
    return Options(lane="exercise", host="127.0.0.1", port=2775, system_id="drill", password=SecretStr("pa55"), source=source)


@pytest.mark.parametrize(("statuses", "outcome", "reason"), [
    ([0, 0], Outcome.ACCEPTED, None),
    ([0, 0x58], Outcome.RETRY, Reason.RATE_LIMITED),
    ([0x58, 0x0B], Outcome.REJECTED, Reason.BAD_ADDRESS),
    ([0, 0x14], Outcome.RETRY, Reason.RATE_LIMITED),
    ([0, HELD_BACK], Outcome.RETRY, Reason.RATE_LIMITED),
    ([0, NO_ANSWER], Outcome.UNKNOWN, Reason.TIMEOUT),
    ([NO_ANSWER, NOT_SENT], Outcome.RETRY, Reason.UNREACHABLE),
    ([NO_ANSWER, 0x0B], Outcome.REJECTED, Reason.BAD_ADDRESS),
    ([0x08], Outcome.RETRY, Reason.REFUSED),
    ([0x04], Outcome.RETRY, Reason.UNREACHABLE),
    ([0x01], Outcome.REJECTED, Reason.TOO_LONG),
    ([0x45], Outcome.REJECTED, Reason.REFUSED),
])
def test_the_answers_to_the_parts_decide_the_message(statuses: list[int], outcome: Outcome, reason: Reason | None) -> None:
    assert verdict(statuses, SmppDialect.faults) == (outcome, reason)


def test_a_name_as_sender_is_at_most_eleven_characters() -> None:
    assert _options("Met-Warning").source == "Met-Warning"
    with pytest.raises(ValidationError, match="at most 11 ASCII characters"):
        _options("Met-Warnings")
    with pytest.raises(ValidationError, match="at most 11 ASCII characters"):
        _options("气象台")


def test_the_password_does_not_show_in_the_options() -> None:
    assert "pa55" not in repr(_options())
