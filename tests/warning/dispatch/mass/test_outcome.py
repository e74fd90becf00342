"""What a channel's answer, and receipts after it, make of a batch: as of one message, for all at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from channels.crowd import CrowdReceipt
from channels.message import Outcome, Reason, Receipt, Stamp
from warning.dispatch.delivery import RetryPolicy, State
from warning.dispatch.mass.desk import place_of
from warning.dispatch.mass.muster import Told, had, heirs, sheets
from warning.dispatch.mass.outcome import answered, came_late
from warning.dispatch.mass.pace import AIM_S, first_pace
from warning.dispatch.mass.sheet import Sheet, blank, parted, put, tally, words_of
from warning.dispatch.mass.strays import Index, KeptIds, found, grown
from warning.dispatch.rank import Errand, deadline_of, higher, rank
from warning.level import Level

NOW = datetime(2026, 9, 19, 12, 0, tzinfo=UTC)
ALL = np.arange(4)


def claimed() -> Sheet:
    sheet = blank(np.arange(4, dtype=np.int64))
    put(sheet, ALL, State.CLAIMED)
    sheet.tries[:] = 1
    return sheet


def said(*outcomes: Outcome, reasons: dict[int, Reason] | None = None) -> CrowdReceipt:
    return CrowdReceipt(outcomes=list(outcomes), external_ids=[""] * len(outcomes), common="seen", reasons=reasons or {})


def test_a_mixed_answer_ends_waits_and_fails_person_by_person() -> None:
    sheet = claimed()
    waits = answered(
        sheet, ALL, said(Outcome.ACCEPTED, Outcome.RETRY, Outcome.UNKNOWN, Outcome.REJECTED,
                         reasons={1: Reason.RATE_LIMITED, 2: Reason.TIMEOUT, 3: Reason.BAD_ADDRESS}),
        mine=True, now=NOW, expires=NOW + timedelta(hours=1), policy=RetryPolicy())
    assert tally(sheet) == [1, 0, 1, 0, 1, 0, 0, 0, 1]
    assert (waits.retry, waits.unknown, waits.accepted) == (timedelta(seconds=2), timedelta(seconds=20), True)
    assert words_of(sheet, 3) == ("bad_address", "seen")


def test_who_asks_for_a_pause_gets_it_and_nobody_waits_longer_than_our_longest() -> None:
    busy = CrowdReceipt(
        outcomes=[Outcome.RETRY] * 4, external_ids=[""] * 4, common="HTTP 429", reasons=dict.fromkeys(range(4), Reason.RATE_LIMITED))
    told = []
    for asked in (None, 1, 30, 3600):
        busy.waits = {} if asked is None else {2: timedelta(seconds=asked)}
        told.append(answered(claimed(), ALL, busy, mine=True, now=NOW, expires=NOW + timedelta(hours=1), policy=RetryPolicy()).retry)
    assert told == [timedelta(seconds=2), timedelta(seconds=2), timedelta(seconds=30), timedelta(seconds=60)]


def test_a_day_of_trials_through_a_way_that_is_cut_uses_up_no_try() -> None:
    sheet = claimed()
    cut = said(*[Outcome.RETRY] * 4, reasons=dict.fromkeys(range(4), Reason.UNREACHABLE))
    for _ in range(1440):  # one a minute
        answered(sheet, ALL, cut, mine=True, now=NOW, expires=NOW + timedelta(days=1), policy=RetryPolicy(patient=True))
        assert tally(sheet)[0] == 4
        put(sheet, ALL, State.CLAIMED)
        sheet.tries += np.uint8(1)
    assert sheet.tries.tolist() == [1, 1, 1, 1]
    answered(sheet, ALL, cut, mine=False, now=NOW, expires=NOW + timedelta(days=1), policy=RetryPolicy(patient=True))
    assert sheet.tries.tolist() == [1, 1, 1, 1], "another worker has the batch, and its tries"
    answered(sheet, ALL, cut, mine=True, now=NOW, expires=NOW + timedelta(days=1), policy=RetryPolicy())
    assert sheet.tries.tolist() == [1, 1, 1, 1], "a channel without routes counts them"


def test_a_worker_that_lost_its_batch_may_say_what_arrived_and_nothing_else() -> None:
    sheet = claimed()
    answered(sheet, ALL, said(Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED, Outcome.RETRY, reasons={1: Reason.REFUSED}),
             mine=False, now=NOW, expires=NOW + timedelta(hours=1), policy=RetryPolicy())
    assert tally(sheet) == [0, 2, 2, 0, 0, 0, 0, 0, 0]


def test_a_receipt_that_overtook_the_answer_is_not_taken_back() -> None:
    sheet = claimed()
    delivered = Receipt(key="", outcome=Outcome.DELIVERED, at=NOW, evidence="DELIVRD")
    assert came_late(sheet, {2: delivered, 9: delivered}) == [2]
    answered(sheet, ALL, said(*[Outcome.ACCEPTED] * 4), mine=True, now=NOW, expires=NOW + timedelta(hours=1), policy=RetryPolicy())
    assert tally(sheet) == [0, 0, 3, 1, 0, 0, 0, 0, 0]
    put(sheet, np.array([0]), State.SUPERSEDED, ("newer_version", ""))
    put(sheet, np.array([1]), State.SUPERSEDED, ("newer_version_unsure", ""))
    assert came_late(sheet, {0: delivered, 1: delivered}) == [1], "what never left is not delivered"
    # Doubled, reordered, contradicting: the first word of the handset stays.
    assert came_late(sheet, {2: Receipt(key="", outcome=Outcome.REJECTED, at=NOW, reason=Reason.EXPIRED)}) == []
    assert words_of(sheet, 2) == ("", "DELIVRD")


def test_the_heirs_of_an_event_hear_a_change_an_end_or_a_new_start() -> None:
    first = blank(np.array([1, 2, 3, 4], dtype=np.int64))
    put(first, ALL, State.ACCEPTED, ("", "ok"))
    end = blank(np.array([3, 4], dtype=np.int64))
    put(end, np.array([0]), State.ACCEPTED, ("", "ok"))
    put(end, np.array([1]), State.FAILED, ("gone", ""))  # his end never arrived: for him it stands
    everybody, stands = had([Told(role="start", sheet=first), Told(role="end", sheet=end)])
    assert stands.tolist() == [True, True, False, True]
    inside = np.array([1, 3], dtype=np.int64)
    new = heirs(everybody, stands, cancel=False, inside=inside, fits=inside)
    assert (new.start.tolist(), new.change.tolist(), new.end.tolist()) == ([3], [1], [2, 4])
    cancel = heirs(everybody, stands, cancel=True, inside=inside[:0], fits=inside[:0])
    assert (cancel.start.tolist(), cancel.end.tolist()) == ([], [1, 2, 4])


def test_batches_are_cut_to_size_and_who_is_told_by_another_warning_is_muted_with_the_reason() -> None:
    made = list(sheets(np.arange(5, dtype=np.int64), role="start", size=2, others=np.array([1, 4], dtype=np.int64)))
    assert [one.members.tolist() for one in made] == [[0, 1], [2, 3], [4]]
    assert [tally(one)[6] for one in made] == [1, 0, 1]
    assert words_of(made[0], 1) == ("stronger_in_force", "")
    [told] = sheets(np.arange(2, dtype=np.int64), role="change", size=2, others=np.array([1], dtype=np.int64))
    assert tally(told)[0] == 2


def test_a_hand_grows_while_the_channel_is_quick_and_shrinks_when_it_is_slow() -> None:
    pace = first_pace(500)
    for _ in range(5):
        pace = pace.after(pace.size, AIM_S / 10)
    assert pace.size == 500
    assert pace.after(3, 0.001).size == 500, "a hand that was not full says nothing"
    assert [pace := pace.after(pace.size, 3 * AIM_S) for _ in range(9)][-1].size == 10


def kept(row: int, batch: int, places: list[int], lines: str, *, channel: str = "sms", old: bool = True) -> KeptIds:
    return KeptIds(row=row, batch=batch, channel=channel, places=places, lines=lines, old=old)


def of(*ids: str) -> list[Stamp]:
    return [("sms", one) for one in ids]


def test_a_receipt_by_the_gateways_id_alone_finds_its_place_and_an_id_of_two_messages_finds_none() -> None:
    index = grown(Index(), [kept(5, 70, [0, 3], "a1,a2\nb1"), kept(6, 71, [2], "c1")], now_s=0.0)
    index = grown(index, [kept(7, 72, [0], "b1")], now_s=0.0)
    assert len(index.runs) == 2
    assert found(index, of("a1", "a2", "c1", "b1", "z")) == {("sms", "a1"): (5, 70, 0), ("sms", "a2"): (5, 70, 0), ("sms", "c1"): (6, 71, 2)}
    assert found(Index(), of("a1")) == {}
    index = grown(index, [kept(8, 73, [0, 1, 2], "d1\nd2\nd3")], now_s=0.0)
    assert [len(run.hashes) for run in index.runs] == [8], "runs of like size become one"
    assert found(index, of("d2", "a1")) == {("sms", "d2"): (8, 73, 1), ("sms", "a1"): (5, 70, 0)}


def test_two_gateways_that_number_alike_are_told_apart_by_their_channels() -> None:
    index = grown(Index(), [kept(5, 70, [0], "1"), kept(6, 71, [2], "1", channel="sms-south")], now_s=0.0)
    assert found(index, [("sms", "1"), ("sms-south", "1"), ("voice", "1")]) == {("sms", "1"): (5, 70, 0), ("sms-south", "1"): (6, 71, 2)}


def test_ids_that_another_worker_was_still_writing_when_later_ones_were_read_are_read_too() -> None:
    index = grown(Index(), [kept(3, 70, [0], "a"), kept(5, 71, [0], "b", old=False)], now_s=0.0)
    assert (index.after, list(index.recent)) == (3, [5]), "row 4 may be under way"
    index = grown(index, [kept(4, 72, [0], "c", old=False)], now_s=1.0)
    assert found(index, of("c")) == {("sms", "c"): (4, 72, 0)}
    assert (grown(index, [], now_s=60.0).after, grown(index, [], now_s=60.0).recent) == (5, {})


@pytest.mark.parametrize(("key", "place"), [
    ("31011541600000_20240919120000.c12.7", (12, 7)), ("31011541600000_20240919120000.7", None), ("a.c1.x", None), ("", None)])
def test_the_key_of_a_persons_message_names_batch_and_place(key: str, place: tuple[int, int] | None) -> None:
    assert place_of(key) == place


def test_what_is_brief_goes_first_then_the_level_then_the_errand_then_the_deadline() -> None:
    early, late = NOW, NOW + timedelta(minutes=1)
    order = [rank(Level.RED, Errand.EXPAND, late), rank(Level.RED, Errand.TO_MANY, early), rank(Level.RED, Errand.DUTY, early),
             rank(Level.RED, Errand.VANGUARD, early), rank(Level.ORANGE, Errand.EXPAND, early), rank(Level.BLUE, Errand.VANGUARD, early),
             rank(Level.RED, Errand.EXPAND_ON, late), rank(Level.RED, Errand.CROWD, early), rank(Level.RED, Errand.CROWD, late),
             rank(Level.ORANGE, Errand.EXPAND_ON, early), rank(Level.BLUE, Errand.EXPAND_ON, early), rank(Level.BLUE, Errand.CROWD, early)]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)
    assert max(order) < 2**31
    assert deadline_of(sent=NOW, expires=NOW + timedelta(hours=1)) == NOW + timedelta(minutes=10)
    assert deadline_of(sent=NOW, expires=late) == late


@pytest.mark.parametrize("level", list(Level))
def test_long_work_makes_room_for_every_errand_of_a_higher_level_and_for_none_of_its_own_or_a_lower(level: Level) -> None:
    for other in Level:
        for errand in Errand:
            for deadline in (datetime(2020, 1, 1, tzinfo=UTC), NOW, datetime(2100, 1, 1, tzinfo=UTC)):
                yields = any(rank(other, errand, deadline) in some for some in higher(level))
                assert yields == (other > level), (other, errand)


def test_a_vanguard_is_so_many_of_those_who_are_owed_something() -> None:
    sheet = blank(np.arange(6, dtype=np.int64))
    put(sheet, np.array([0, 2]), State.MUTED, ("stronger_in_force", ""))
    first, rest = parted(sheet, 2)
    assert (first.members.tolist(), rest.members.tolist()) == ([0, 1, 2, 3], [4, 5])
    assert (tally(first)[6], tally(rest)[6], words_of(first, 2)) == (2, 0, ("stronger_in_force", ""))
    whole, none = parted(sheet, 4)
    assert (len(whole), len(none)) == (6, 0)
