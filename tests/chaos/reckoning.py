"""Reckoning: what must be true after any fault. Read from the ledger, and held against what handsets really got."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.corridor.conftest import Corridor
from warning.dispatch.delivery import ENDED, REACHED, State
from warning.store import progress

LIFTED = "解除"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """``twice``: who heard one version more than once; ``marked``: of whom the ledger says that he may have; ``silent``: who heard nothing."""

    twice: frozenset[str]
    marked: frozenset[str]
    silent: frozenset[str]


async def reckoned(city: Corridor, alert: str, numbers: Sequence[str]) -> Reckoning:
    """Nothing is lost, every gap has a name, what may have gone out twice is marked and counted, and nobody got an end without a start."""
    ends = await city.deliveries(alert)
    assert set(numbers) <= set(ends), "everybody of the audience stands in the ledger, once"
    for address, end in ends.items():
        state = State(end["state"])
        assert state in ENDED, f"{address[-4:]} is left {state}"
        assert state in REACHED or end["reason"], f"{address[-4:]} was not reached and no reason is named"
        assert state not in REACHED or end["evidence"], f"{address[-4:]} is said to be reached without evidence"
    [text] = await city.rows("SELECT version, msg_type FROM alert WHERE identifier = :i", i=alert)
    heard = {number: city.heard(number) for number in numbers}
    for number, texts in heard.items():
        assert not texts or LIFTED not in texts[0], "an end without a start"
        if State(ends[number]["state"]) in REACHED:
            assert texts, "said to be reached, and heard nothing"
    twice = frozenset(number for number, texts in heard.items() if len(texts) > int(text["version"]))
    marked = frozenset(address for address, end in ends.items() if end["maybe_twice"])
    assert twice <= marked, "who heard it twice is marked"
    assert sum(step.twice for step in await progress.steps(city.parts.database, alert)) == len(marked), "and counted"
    return Reckoning(twice=twice, marked=marked & set(numbers), silent=frozenset(number for number, texts in heard.items() if not texts))
