"""The contract's speed: a tenth of a second's worth at once, then as time goes."""

from channels.wire.token_bucket import TokenBucket


def test_a_tenth_of_a_second_may_go_at_once_and_the_rest_as_time_goes() -> None:
    bucket = TokenBucket(100.0)
    assert bucket.most(100, 50.0) == 10
    bucket.take(10)
    assert bucket.most(100, 50.0) == 0
    assert bucket.wait_s == 0.01
    assert bucket.most(100, 50.0625) == 6
    bucket.take(2)
    assert bucket.most(3, 50.0625) == 3, "no more than are there to go"
    assert bucket.most(100, 60.0) == 10, "a long pause saves nothing up"


def test_a_contract_of_less_than_one_in_a_tenth_of_a_second_still_lets_one_go() -> None:
    bucket = TokenBucket(2.0)
    assert bucket.most(5, 0.0) == 1
    bucket.take(1)
    assert (bucket.most(5, 0.25), bucket.wait_s) == (0, 0.25)
    assert bucket.most(5, 0.5) == 1
