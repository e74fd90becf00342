"""The hash of what is in force, against a vector that a partner can check with sha256sum."""

import json
from datetime import UTC, datetime

import pytest

from warning.heartbeat import active_hash, document, heartbeat

AT = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)
# printf '31000041600000_20240920083000\n31011541600000_20240920081500\n' | sha256sum
TWO = "31011541600000_20240920081500", "31000041600000_20240920083000"
VECTOR = "1341afc552748748545a6ebfda571086aeacaf49c32229849a167d4898aa05c8"


@pytest.mark.parametrize("held", [TWO, TWO[::-1], (*TWO, TWO[0])])
def test_the_hash_hangs_on_which_identifiers_are_in_force_and_not_on_their_order(held: tuple[str, ...]) -> None:
    assert active_hash(held) == VECTOR


def test_nothing_in_force_is_the_hash_of_nothing() -> None:
    assert active_hash([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_one_missed_alert_changes_it_and_two_identifiers_never_run_together() -> None:
    assert active_hash(TWO[:1]) != VECTOR
    assert active_hash(["ab", "c"]) != active_hash(["a", "bc"])


def test_the_document_is_told_from_an_alert_and_names_the_ten_newest() -> None:
    last = [f"a{number}" for number in range(12)]
    found = json.loads(document(heartbeat(active=TWO, last=last, status="Actual", at=AT)))
    assert found == {"kind": "heartbeat", "at": "2024-09-20T00:30:00+00:00", "every_s": 60.0, "status": "Actual", "last": last[:10], "active": 2,
                     "active_sha256": VECTOR}
