"""What is owed by hand: hosts rest apart, the oldest go first, what is too old is lost and told so, a restart forgets nothing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feeds.owed import Owed
from feeds.payload import Arrears
from feeds.wis2_message import Announcement, parse

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def message(data_id: str, host: str = "a.test", pubtime: str = "2024-09-19T12:00:00Z") -> bytes:
    return json.dumps({"properties": {"data_id": data_id, "pubtime": pubtime},
                       "links": [{"rel": "canonical", "href": f"https://{host}/{data_id}"}]}).encode()


def owed(folder: Path, *, most: int = 9) -> Owed:
    return Owed(folder=folder, keep=2 * HOUR, most=most, first=10, longest=25)


def add(one: Owed, told: bytes, *, now: datetime = NOON, at: float = 0) -> Announcement:
    announced = parse(told)
    one.add(announced, told, f"no {announced.data_id}", now=now, at=at)
    return announced


def tried(one: Owed, *, at: float, now: datetime = NOON) -> str:
    debt = one.next(now=now, at=at)
    return "" if debt is None else debt.announced.data_id


def test_a_host_that_fails_rests_twice_as_long_each_time_and_others_do_not_wait_for_it(tmp_path: Path) -> None:
    one = owed(tmp_path)
    add(one, message("x"))
    assert (one.wait(now=NOON, at=0), tried(one, at=9.9), tried(one, at=10)) == (10, "", "x")
    add(one, message("x"), at=10)
    assert (one.wait(now=NOON, at=10), tried(one, at=29), tried(one, at=30)) == (20, "", "x")
    add(one, message("x"), at=30)
    assert one.wait(now=NOON, at=30) == 25  # the longest
    add(one, message("y", "b.test"), at=31)
    assert (one.wait(now=NOON, at=31), tried(one, at=41)) == (10, "y")


def test_the_least_tried_is_tried_first_and_one_that_came_wakes_those_of_its_host(tmp_path: Path) -> None:
    one = owed(tmp_path)
    add(one, message("x"))
    add(one, message("x"))
    add(one, message("y"), now=NOON + HOUR)  # younger, and its host rests for 25 s
    assert (tried(one, at=24), tried(one, at=25)) == ("", "y")
    one.settle(parse(message("y")))
    one.answered(parse(message("y")))
    assert (one.wait(now=NOON, at=3), tried(one, at=3)) == (0, "x")


def test_beyond_the_most_the_oldest_is_given_up_and_counted_as_lost(tmp_path: Path) -> None:
    one = owed(tmp_path, most=2)
    for number, name in enumerate("xyz"):
        add(one, message(name), now=NOON + number * HOUR / 60)
    assert one.arrears(now=NOON) == Arrears(owed=2, lost=1, why="no z")
    assert not one.has(parse(message("x")))
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_too_old_is_tried_no_more_and_told_as_lost_for_as_long_again(tmp_path: Path) -> None:
    one = owed(tmp_path)
    add(one, message("x"))
    add(one, message("x"), now=NOON + HOUR)  # tried again in vain: it grows no younger
    assert one.arrears(now=NOON + 2 * HOUR) == Arrears(owed=1, why="no x")
    later = NOON + 2 * HOUR + timedelta(seconds=1)
    assert one.arrears(now=later) == Arrears(lost=1, why="no x")
    assert (one.wait(now=later, at=99), tried(one, at=99, now=later)) == (None, "")
    assert tried(one, at=99, now=later + 2 * HOUR) == ""
    assert one.arrears(now=later + 2 * HOUR) == Arrears()
    assert list(tmp_path.iterdir()) == []


def test_a_newer_version_settles_an_older_and_an_older_does_not_settle_a_newer(tmp_path: Path) -> None:
    one = owed(tmp_path)
    old, new = message("x"), message("x", pubtime="2024-09-19T12:05:00Z")
    add(one, new)
    one.settle(parse(old))
    assert one.has(parse(new))
    add(one, old)
    one.settle(parse(message("y", pubtime="2024-09-19T13:00:00Z")))  # of other data
    assert one.has(parse(old))
    one.settle(parse(new))
    assert one.arrears(now=NOON) == Arrears()


def test_a_restart_forgets_nothing_and_a_note_that_tells_nothing_goes(tmp_path: Path) -> None:
    add(owed(tmp_path), message("x"))
    (tmp_path / "torn.json").write_text("{")
    again = owed(tmp_path)
    again.recall()
    assert again.arrears(now=NOON + 3 * HOUR) == Arrears(lost=1, why="no x")  # as old as it was
    assert tried(again, at=0) == "x"
    add(again, message("x"))
    again.recall()  # the broker was away for a moment
    debt = again.next(now=NOON, at=99)
    assert debt is not None
    assert debt.tries == 1
    again.drop(parse(message("x")))
    assert list(tmp_path.iterdir()) == []
