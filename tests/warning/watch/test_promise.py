"""A feed's promise against the clock, and what the operators are told."""

from datetime import UTC, datetime, timedelta

import pytest

from warning.watch.promise import FeedState, Promise, Standing, sentence

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RADAR = Promise(source="radar", kind="folder", every=10 * MINUTE)


def standing(*, fed: float | None = None, since: float | None = 60, fault: str = "") -> Standing:
    """Minutes before noon."""
    return Standing(
        promise=RADAR, now=NOON, since=None if since is None else NOON - since * MINUTE, fed_at=None if fed is None else NOON - fed * MINUTE,
        data_at=None if fed is None else NOON - (fed + 6) * MINUTE, fault=fault)


@pytest.mark.parametrize(("fed", "since", "state"), [
    (0, 60, FeedState.FRESH), (10, 60, FeedState.FRESH), (10.1, 60, FeedState.SILENT),
    (None, 10, FeedState.WAITING), (None, 10.1, FeedState.SILENT),
    (None, None, FeedState.WAITING),  # nobody watches it yet
    (10.1, 1, FeedState.SILENT),  # a watch that began again a minute ago wins no time
])  # fmt: skip
def test_the_promise_is_kept_to_the_minute(fed: float | None, since: float | None, state: FeedState) -> None:
    assert standing(fed=fed, since=since).state is state


def test_the_age_of_the_data_is_that_of_their_run() -> None:
    assert standing(fed=4).data_age == 10 * MINUTE
    assert standing().data_age is None


def test_the_notice_says_for_how_long_and_what_to_do_in_both_languages() -> None:
    said, next_step = sentence(standing(fed=75))
    assert said == ("资料源 radar 已 1 小时 15 分没有可用的新资料（约定每 10 分钟） / "
                    "feed radar has brought nothing usable for 1 h 15 min (promised every 10 min)")
    assert "没有提案不等于没有灾害" in next_step
    assert "look at the transfer and call the provider; until then judge by other data: no proposal does not mean no hazard" in next_step


def test_the_last_fault_stands_in_the_notice() -> None:
    said, next_step = sentence(standing(fed=75, fault="the server answers 401"))
    assert said.endswith("最近的错误 / last fault: the server answers 401")
    assert "mend the fault above" in next_step


def test_a_feed_that_never_brought_anything_says_so() -> None:
    assert "从未送来可用的资料" in sentence(standing())[0]
    assert "nothing usable yet, for 1 h 0 min" in sentence(standing())[0]
