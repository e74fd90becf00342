"""Who gets a text message of class 0."""

import pytest

from warning.dispatch.flash import FlashTo, flashes
from warning.level import Level


@pytest.mark.parametrize(("to", "kind", "level", "status", "expected"), [
    ("nobody", "duty", Level.RED, "Actual", False),
    ("duty", "duty", Level.RED, "Actual", True),
    ("duty", "duty", Level.ORANGE, "Actual", False),
    ("duty", "office", Level.RED, "Actual", False),
    ("everybody", "duty", Level.RED, "Exercise", True),
    ("responsible", "office", Level.RED, "Actual", True),
    ("responsible", "office", Level.RED, "Exercise", True),  # a drill's offices are registered for drills
    ("responsible", "office", Level.ORANGE, "Actual", False),
    ("responsible", "resident", Level.RED, "Actual", False),
    ("everybody", "resident", Level.RED, "Actual", True),
    ("everybody", "resident", Level.RED, "Exercise", False),
    ("everybody", "resident", Level.RED, "Test", False),
    ("everybody", "resident", Level.ORANGE, "Actual", False),
    ("everybody", "broadcast", Level.RED, "Actual", False),
])
def test_red_flashes_for_whom_the_setting_names_and_a_drill_never_for_residents(
    to: FlashTo, kind: str, level: Level, status: str, expected: bool
) -> None:
    assert flashes(to, kind=kind, role="start", level=level, status=status) is expected


def test_what_ends_never_flashes() -> None:
    assert not flashes("everybody", kind="office", role="end", level=Level.RED, status="Actual")
