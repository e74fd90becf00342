"""Reports of parts joined into one word about the message."""

from channels.wire.part_reports import Joined, PartReports


def _reports() -> PartReports:
    return PartReports(keep_s=100.0, max_ids=10)


def test_a_message_is_delivered_only_when_every_part_is() -> None:
    reports = _reports()
    reports.expect("k", ["a", "b"], now_s=1000.0)
    assert reports.report("b", "DELIVRD") is None
    assert reports.report("a", "DELIVRD") == Joined(key="k", ids=("a", "b"), stat="DELIVRD")


def test_the_same_part_twice_does_not_stand_for_two() -> None:
    reports = _reports()
    reports.expect("k", ["a", "b"], now_s=1000.0)
    assert reports.report("a", "DELIVRD") is None
    assert reports.report("a", "DELIVRD") is None


def test_the_first_failed_part_is_the_final_word_and_the_rest_is_swallowed() -> None:
    reports = _reports()
    reports.expect("k", ["a", "b"], now_s=1000.0)
    assert reports.report("a", "UNDELIV") == Joined(key="k", ids=("a", "b"), stat="UNDELIV")
    assert reports.report("b", "DELIVRD") is None
    assert reports.knows("b")


def test_on_the_way_is_no_final_word() -> None:
    reports = _reports()
    reports.expect("k", ["a"], now_s=1000.0)
    assert reports.report("a", "ACCEPTD") is None
    assert reports.report("a", "ENROUTE") is None
    assert reports.report("a", "DELIVRD") is not None


def test_a_repeated_final_report_says_nothing_new() -> None:
    reports = _reports()
    reports.expect("k", ["a"], now_s=1000.0)
    assert reports.report("a", "DELIVRD") is not None
    assert reports.report("a", "DELIVRD") is None


def test_an_id_outlives_one_turn_and_is_forgotten_after_two() -> None:
    reports = _reports()
    reports.expect("k", ["a"], now_s=1000.0)
    reports.expect("l", ["b"], now_s=1101.0)
    assert reports.knows("a")
    reports.expect("m", ["c"], now_s=1202.0)
    assert not reports.knows("a")
    assert reports.report("a", "DELIVRD") is None


def test_a_message_over_two_generations_is_still_joined() -> None:
    reports = _reports()
    reports.expect("k", ["a", "b"], now_s=1000.0)
    assert reports.report("a", "DELIVRD") is None
    reports.expect("l", ["c"], now_s=1101.0)
    assert reports.report("b", "DELIVRD") == Joined(key="k", ids=("a", "b"), stat="DELIVRD")


def test_a_million_ids_do_not_stay() -> None:
    reports = _reports()
    for n in range(1000):
        reports.expect(f"k{n}", [f"a{n}", f"b{n}"], now_s=1000.0)
    assert len(reports) <= 2 * (10 + 1)
