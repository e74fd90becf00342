"""The published signals, and proposals beside them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warning.demo.history import History, Proposed, Published, Verdict, compare, load_history, render
from warning.errors import ConfigError
from warning.level import Level


def beijing(day: int, hour: int, minute: int) -> datetime:
    return datetime(2024, 9, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def proposed(issuer: str, level: Level, at: datetime, hazard: str = "rainstorm") -> Proposed:
    return Proposed(issuer=issuer, hazard=hazard, level=level, at=at)


def one_signal(*, action: str = "issue") -> History:
    signal = Published(issuer="310120", hazard="rainstorm", level=Level.RED, at=beijing(20, 5, 15), action="lift" if action == "lift" else "issue",
                       about=False, confidence="B", source="press")  # fmt: skip
    return History(event_zh="普拉桑", event_en="Pulasan", signals=(signal,))


def test_the_shipped_history_has_the_published_times_in_utc() -> None:
    history = load_history()
    issued = {(s.issuer, s.hazard, s.level.key): s.at for s in history.signals if s.action == "issue" and s.hazard == "rainstorm"}
    assert issued == {
        ("310120", "rainstorm", "red"): datetime(2024, 9, 19, 21, 15, tzinfo=UTC),
        ("310115", "rainstorm", "red"): datetime(2024, 9, 19, 21, 16, tzinfo=UTC),
        ("310000", "rainstorm", "yellow"): datetime(2024, 9, 19, 22, 20, tzinfo=UTC),
        ("310000", "rainstorm", "orange"): datetime(2024, 9, 19, 23, 49, tzinfo=UTC),
        ("310000", "rainstorm", "blue"): datetime(2024, 9, 20, 7, 35, tzinfo=UTC),
        ("310151", "rainstorm", "orange"): datetime(2024, 9, 20, 7, 35, tzinfo=UTC),
        ("310113", "rainstorm", "blue"): datetime(2024, 9, 20, 7, 35, tzinfo=UTC),
        ("310114", "rainstorm", "blue"): datetime(2024, 9, 20, 7, 35, tzinfo=UTC),
        ("310118", "rainstorm", "blue"): datetime(2024, 9, 20, 7, 35, tzinfo=UTC),
    }
    typhoon = [s for s in history.signals if s.hazard == "typhoon"]
    assert [(s.issuer, s.level, s.at) for s in typhoon] == [("310000", Level.BLUE, datetime(2024, 9, 18, 6, 0, tzinfo=UTC))]
    lifted = [(s.hazard, s.level) for s in history.signals if s.action == "lift"]
    assert lifted == [("rainstorm", Level.ORANGE), ("lightning", Level.YELLOW)]


def test_every_published_signal_has_a_source_and_a_confidence() -> None:
    history = load_history()
    assert all(signal.source and signal.confidence for signal in history.signals)
    assert sorted(history.signals, key=lambda s: s.at) == list(history.signals)


def test_times_that_were_not_reported_for_the_district_itself_say_about() -> None:
    assert {s.issuer for s in load_history().signals if s.about} == {"310151", "310113", "310114", "310118"}


def test_a_proposal_45_minutes_before_the_published_signal_has_a_lead_of_45_minutes() -> None:
    (row,) = compare([proposed("310120", Level.RED, beijing(20, 4, 30))], one_signal())
    assert row.verdict is Verdict.MATCHED
    assert row.lead == timedelta(minutes=45)


def test_a_proposal_after_the_published_signal_has_a_negative_lead() -> None:
    (row,) = compare([proposed("310120", Level.RED, beijing(20, 5, 35))], one_signal())
    assert row.lead == timedelta(minutes=-20)


@pytest.mark.parametrize(
    "other",
    [
        proposed("310115", Level.RED, beijing(20, 5, 15)),
        proposed("310120", Level.ORANGE, beijing(20, 5, 15)),
        proposed("310120", Level.RED, beijing(20, 5, 15), hazard="typhoon"),
        proposed("310120", Level.RED, beijing(19, 23, 14)),
    ],
    ids=["other issuer", "other level", "other hazard", "6 h 1 min before"],
)
def test_what_does_not_agree_is_listed_on_both_sides(other: Proposed) -> None:
    rows = compare([other], one_signal())
    assert {row.verdict for row in rows} == {Verdict.UNPUBLISHED, Verdict.NEVER_PROPOSED}
    assert all(row.lead is None for row in rows)


def test_six_hours_are_still_near() -> None:
    (row,) = compare([proposed("310120", Level.RED, beijing(19, 23, 15))], one_signal())
    assert row.lead == timedelta(hours=6)


def test_of_two_proposals_the_nearer_is_compared_and_the_other_listed() -> None:
    rows = compare([proposed("310120", Level.RED, beijing(20, 2, 30)), proposed("310120", Level.RED, beijing(20, 5, 0))], one_signal())
    assert [(row.verdict, row.lead) for row in rows] == [(Verdict.UNPUBLISHED, None), (Verdict.MATCHED, timedelta(minutes=15))]


def test_a_lifted_signal_is_not_compared() -> None:
    assert compare([], one_signal(action="lift")) == ()


def test_rows_stand_in_order_of_time() -> None:
    rows = compare([proposed("310115", Level.BLUE, beijing(20, 1, 0)), proposed("310000", Level.BLUE, beijing(20, 15, 0))], load_history())
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert len(rows) == 13  # twelve published issues, one of them matched, and one proposal of our own


def test_the_table_shows_beijing_time_and_calls_the_lead_illustrative() -> None:
    text = render(compare([proposed("310120", Level.RED, beijing(20, 4, 30))], one_signal()))
    head, line, note = text.splitlines()
    assert "illustrative" in head
    assert line.split() == ["310120", "rainstorm", "red", "09-20", "04:30", "09-20", "05:15", "+45", "matched"]
    assert "synthetic" in note


def test_an_empty_comparison_has_a_head_and_a_note() -> None:
    assert len(render(()).splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{at: "2024-09-18T14:00", issuer: "310000", hazard: typhoon, level: blue, action: issue, confidence: B, source: press}', "timezone"),
        ('{at: "2024-09-18T14:00+08:00", issuer: "310000", hazard: typhoon, level: pink, action: issue, confidence: B, source: press}', "level"),
        ('{at: "2024-09-18T14:00+08:00", issuer: "310000", hazard: typhoon, level: red, action: issue, confidence: B, source: pres}', "no source 'pres'; known: press"),
        ('{at: "2024-09-18T14:00+08:00", issuer: "310000", hazzard: typhoon, level: red, action: issue, confidence: B, source: press}', "hazard"),
    ],
)
def test_a_wrong_line_is_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "history.yaml"
    file.write_text(f"event: {{zh: 普拉桑, en: Pulasan}}\nsources: {{press: somewhere}}\nsignals:\n  - {line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=words) as refused:
        load_history(file)
    assert f"{file}:4: signals[0]" in str(refused.value)
