"""How long wrong log-ins are answered with a pause."""

import pytest

from warning.trust.work import locked_s


@pytest.mark.parametrize(("failures", "pause"), [(0, 0), (4, 0), (5, 2), (6, 4), (7, 8), (13, 512), (14, 900), (40, 900)])
def test_five_tries_are_free_and_then_the_pause_doubles_up_to_a_quarter_of_an_hour(failures: int, pause: float) -> None:
    assert locked_s(failures) == pause
