"""Reports of parts joined into one word about the message."""

from channels.wire.load import Load
from channels.wire.part_reports import Joined, PartReports
from channels.wire.sms_tally import Cohort


def _reports() -> PartReports:
    return PartReports(keep_s=100.0, max_ids=10)


def _load(*ids: str, parts: int = 1, status: int = 0) -> Load:
    """All parts sent and answered alike."""
    load = Load(lambda message: f"k{message}", [b""] * len(ids), parts=parts, priority=1, cohort=Cohort(at_s=0.0))
    for slot, message_id in enumerate(ids):
        load.ids[slot] = message_id
        load.settle(slot, status)
    return load


async def test_a_message_is_delivered_only_when_every_part_is() -> None:
    reports, load = _reports(), _load("a", "b", parts=2)
    assert reports.report((load, 1, 0.0), "DELIVRD") is None
    joined = reports.report((load, 0, 0.0), "DELIVRD")
    assert joined == Joined(load, 0, "DELIVRD")
    assert (load.key_of(0), load.external_id(0)) == ("k0", "a,b")
    assert (load.cohort.accepted, load.cohort.delivered) == (1, 1)


async def test_each_message_of_a_load_is_counted_by_itself() -> None:
    reports, load = _reports(), _load("a", "b", "c", "d", parts=2)
    assert reports.report((load, 0, 0.0), "DELIVRD") is None
    assert reports.report((load, 2, 0.0), "DELIVRD") is None
    assert reports.report((load, 3, 0.0), "DELIVRD") == Joined(load, 1, "DELIVRD")
    assert reports.report((load, 1, 0.0), "DELIVRD") == Joined(load, 0, "DELIVRD")


async def test_the_same_part_twice_does_not_stand_for_two() -> None:
    reports, load = _reports(), _load("a", "b", parts=2)
    assert reports.report((load, 0, 0.0), "DELIVRD") is None
    assert reports.report((load, 0, 0.0), "DELIVRD") is None


async def test_the_first_failed_part_is_the_final_word_and_the_rest_is_swallowed() -> None:
    reports, load = _reports(), _load("a", "b", parts=2)
    assert reports.report((load, 0, 0.0), "UNDELIV") == Joined(load, 0, "UNDELIV")
    assert reports.report((load, 1, 0.0), "DELIVRD") is None
    assert (load.cohort.delivered, load.cohort.failed) == (0, 1)


async def test_on_the_way_is_no_final_word() -> None:
    reports, load = _reports(), _load("a")
    assert reports.report((load, 0, 0.0), "ACCEPTD") is None
    assert reports.report((load, 0, 0.0), "ENROUTE") is None
    assert reports.report((load, 0, 0.0), "DELIVRD") is not None


async def test_a_repeated_final_report_says_nothing_new() -> None:
    reports, load = _reports(), _load("a")
    assert reports.report((load, 0, 0.0), "DELIVRD") is not None
    assert reports.report((load, 0, 0.0), "DELIVRD") is None
    assert reports.report((load, 0, 0.0), "UNDELIV") is None


async def test_a_message_that_was_refused_gets_no_word_from_the_part_that_was_not() -> None:
    reports, load = _reports(), _load("a", "b", parts=2, status=0x58)
    assert reports.report((load, 0, 0.0), "DELIVRD") is None
    assert reports.report((load, 1, 0.0), "UNDELIV") is None


async def test_an_id_outlives_one_turn_and_is_forgotten_after_two() -> None:
    reports, entry = _reports(), (_load("a"), 0, 0.0)
    reports.turn(1000.0)
    reports.expect("a", entry)
    reports.turn(1101.0)
    assert reports.find("a") == entry
    reports.turn(1202.0)
    assert reports.find("a") is None


async def test_a_million_ids_do_not_stay() -> None:
    reports, entry = _reports(), (_load("a"), 0, 0.0)
    for n in range(1000):
        reports.turn(1000.0)
        reports.expect(f"a{n}", entry)
    assert len(reports) <= 2 * 10
