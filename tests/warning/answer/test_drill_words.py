"""A drill that calls somebody says so in the words of every channel: nobody takes it for real, whatever he reads or hears it on."""

import json

import pytest

from channels.voice import _spoken
from tests.warning.dispatch.test_dispatch_desk import NOW, alert
from warning.dispatch.letter import letter
from warning.office.trial import trial_message
from warning.office.work import DueTrial

LINK = "https://w.example/api/ack/" + "a" * 64
PEOPLE = ("sms", "voice", "email", "webpush", "chat", "display", "page")


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize(("language", "mark"), [("zh-CN", "【演练】"), ("en-US", "[EXERCISE] ")])
@pytest.mark.parametrize("role", ["start", "change", "call"])
def test_a_drills_call_begins_with_the_word_drill_on_every_channel_of_people(kind: str, language: str, mark: str, role: str) -> None:
    message = letter(alert(), kind=kind, key="k", address="a", language=language, role=role, room=None, link=LINK)
    assert message.text.removeprefix("【上海预警】").startswith(mark)
    assert message.subject.startswith(mark)
    assert message.status == "Exercise"


@pytest.mark.parametrize("room", [150, 200])
def test_the_word_stays_when_the_text_is_shortened_to_fit(room: int) -> None:
    message = letter(alert(), kind="sms", key="k", address="a", language="zh-CN", role="start", room=room, link=LINK)
    assert message.text.startswith("【上海预警】【演练】")
    assert len(message.text) <= room


def test_what_is_read_out_says_drill_and_no_link() -> None:
    text, word = _spoken(letter(alert(), kind="voice", key="k", address="a", language="zh-CN", role="start", room=None, link=LINK))
    assert text.startswith("【演练】")
    assert ("http" in text, word) == (False, "a" * 64)


@pytest.mark.parametrize("kind", ["webhook", "mqtt"])
def test_a_program_reads_the_status_and_the_word(kind: str) -> None:
    told = json.loads(letter(alert(), kind=kind, key="k", address="a", language="zh-CN", role="start", room=None, link=LINK).body)
    assert (told["status"], told["ack_url"]) == ("Exercise", LINK)
    assert told["headline"].startswith("【演练】")
    assert told["text"].startswith("【演练】")


@pytest.mark.parametrize("kind", ["sms", "voice", "email", "webhook", "chat"])
@pytest.mark.parametrize(("language", "mark", "no"), [("zh-CN", "【测试】", "不是预警"), ("en-US", "[TEST]", "not a warning")])
def test_a_test_message_to_a_person_on_the_roster_says_test_and_that_it_is_no_warning(kind: str, language: str, mark: str, no: str) -> None:
    due = DueTrial(id=alert().event_id, name="王一", channel=kind, address="a", secret="", former_secret="", language=language, lane="actual", form="json", listed=True)
    message = trial_message(due, kind=kind, link=LINK.replace("ack", "test-ack"), now=NOW)
    text = message.text.removeprefix("【上海预警】")
    assert text.startswith(mark)
    assert no in text
    assert message.subject.startswith(mark)
    assert message.identifier == "test"
    assert kind != "voice" or _spoken(message)[1] == "a" * 64
