"""Late reports: tried again in growing steps for a minute; parts joined; whose key is whose."""

from datetime import UTC, datetime
from uuid import UUID

from channels.message import Outcome, Reason, Receipt
from warning.dispatch.late import Inbox
from warning.dispatch.parts import joined
from warning.dispatch.risk.notice import notice_id
from warning.dispatch.word import word_id
from warning.office.trial import trial_id

NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)


def of(gateway_id: str, *, key: str = "", outcome: Outcome = Outcome.DELIVERED, channel: str = "sms") -> Receipt:
    return Receipt(key=key, outcome=outcome, at=NOW, external_id=gateway_id, evidence=f"said {gateway_id}", channel=channel)


def test_what_fits_nothing_is_tried_for_a_minute_in_growing_steps() -> None:
    clock = [0.0]
    inbox, tried, strays = Inbox(time_s=lambda: clock[0]), [], 0
    inbox.put([of("a"), of("b")])
    while clock[0] < 200.0:
        batch = inbox.take()
        if batch:
            tried.append(clock[0])
            strays += inbox.keep(batch, [kept.receipt for kept in batch if kept.receipt.external_id == "a"])
        clock[0] += 0.25
    assert tried == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    assert strays == 1


def test_a_repeat_does_not_lengthen_the_wait_and_one_with_our_key_is_not_kept() -> None:
    clock = [0.0]
    inbox = Inbox(time_s=lambda: clock[0])
    inbox.put([of("a"), of("", key="x.1")])
    assert inbox.keep(inbox.take(), [of("a"), of("", key="x.1")]) == 1
    for second in range(1, 64):
        clock[0] = float(second)
        inbox.put([of("a")])
        batch = inbox.take()
        assert inbox.keep(batch, [kept.receipt for kept in batch]) == 0
    clock[0] = 64.0
    batch = inbox.take()
    assert inbox.keep(batch, [kept.receipt for kept in batch]) == 1
    assert inbox.take(everything=True) == []


def test_what_the_database_could_not_take_is_taken_again_first() -> None:
    inbox = Inbox()
    inbox.put([of("a")])
    batch = inbox.take()
    inbox.put([of("b")])
    inbox.put_back(batch)
    assert [kept.receipt.external_id for kept in inbox.take()] == ["a", "b"]


def test_a_message_is_delivered_with_its_last_part_and_has_failed_with_its_first() -> None:
    failed = Receipt(key="", outcome=Outcome.REJECTED, at=NOW, external_id="c", reason=Reason.UNREACHABLE, channel="sms")
    lines = {1: "a,b", 2: "c,d", 3: "e,f,g", 4: "x", 5: "x", 6: ""}
    parts = joined({number: ("sms", line) for number, line in lines.items()}, {one.stamp: one for one in (
        of("a"), of("b"), failed, of("f"), of("x"), of("z"))})
    assert parts.said == {1: of("a"), 2: failed}
    assert parts.owed == {3: ("e,g", "said f")}
    assert parts.fits == {("sms", one) for one in "abcf"}, "an id of two messages is nobody's"


def test_two_gateways_that_number_alike_are_told_apart_by_their_channels() -> None:
    south = of("1", channel="sms-south", outcome=Outcome.REJECTED)
    parts = joined({1: ("sms", "1,2"), 2: ("sms-south", "1,2"), 3: ("voice", "1")}, {one.stamp: one for one in (of("1"), south)})
    assert (parts.said, parts.owed) == ({2: south}, {1: ("2", "said 1")})
    inbox = Inbox()
    inbox.put([of("1"), south])
    batch = inbox.take()
    assert inbox.keep(batch, [of("1"), south]) == 0
    assert {kept.receipt.channel for kept in inbox.take(everything=True)} == {"sms", "sms-south"}, "neither takes the other's place"


def test_a_key_is_read_by_whose_it_is() -> None:
    trial = UUID(int=5)
    assert [notice_id(key) for key in ("risk.7", "risk.x", "word.7", f"risk.{10**19}")] == [7, None, None, None]
    assert [word_id(key) for key in ("word.7", "word.x", "risk.7", f"word.{10**19}")] == [7, None, None, None]
    assert [trial_id(key) for key in (f"trial/{trial}", "trial/x", str(trial))] == [trial, None, None]
