"""The answer desk with a ledger in memory: links, deadlines, late answers, escalation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from warning.answer.callout import Acknowledged, Callout
from warning.answer.desk import AnswerDesk, Opening
from warning.clock import VirtualClock
from warning.errors import Conflict, NotFound

NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)
ALERT = "31000041600000_20240919200000"


class Memory:
    """Fulfils AnswerLedger: one callout per alert and subscription, found by the hash of its word."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Callout] = {}
        self.hashes: dict[str, tuple[str, int]] = {}

    async def open(self, identifier: str, openings: Sequence[Opening], *, at: datetime) -> dict[int, UUID]:
        for new in openings:
            key = (identifier, new.subscription_id)
            if key not in self.rows:
                self.hashes[new.token_hash] = key
                self.rows[key] = Callout(
                    id=new.id, identifier=identifier, post=new.post, state="waiting", step=1, opened_at=at, deadline=new.deadline,
                    answered_at=None, answered_by="", escalated_to="")
        return {new.subscription_id: self.rows[identifier, new.subscription_id].id for new in openings}

    async def answer(self, token_hash: str, *, by: str, at: datetime) -> Acknowledged:
        if token_hash not in self.hashes:
            raise NotFound("no such link")
        key = self.hashes[token_hash]
        row = self.rows[key]
        if row.state in ("answered", "ended"):
            raise Conflict("used")
        self.rows[key] = replace(row, state="answered", answered_at=at, answered_by=by)
        return Acknowledged(identifier=row.identifier, post=row.post, at=at, late=at > row.deadline)

    async def overdue(self, *, at: datetime) -> list[Callout]:
        found = {key: replace(row, state="overdue", escalated_to="duty room") for key, row in self.rows.items()
                 if row.state == "waiting" and at > row.deadline}
        self.rows.update(found)
        return list(found.values())

    async def board(self, identifier: str | None) -> list[Callout]:
        return [row for row in self.rows.values() if identifier in (None, row.identifier)]


def desk() -> tuple[AnswerDesk, VirtualClock]:
    clock = VirtualClock(NOW)
    return AnswerDesk(Memory(), clock=clock, secret="s", within=timedelta(minutes=5), public_url="https://w.example/"), clock


async def test_each_post_gets_its_own_link_and_the_same_one_when_it_is_called_again() -> None:
    made, clock = desk()
    first = await made.call(ALERT, [(1, "Pudong"), (2, "Fengxian")])
    clock.move_to(NOW + timedelta(minutes=1))
    assert await made.call(ALERT, [(2, "Fengxian"), (1, "Pudong")]) == first
    assert len(set(first.values())) == 2
    assert all(link.startswith("https://w.example/api/ack/") for link in first.values())
    assert [row.deadline for row in await made.board()] == [NOW + timedelta(minutes=5)] * 2


async def test_a_link_answers_once_and_a_made_up_one_never() -> None:
    made, _ = desk()
    link = (await made.call(ALERT, [(1, "Pudong")]))[1]
    word = link.rsplit("/", 1)[1]
    assert await made.acknowledge(word, by="Wang") == Acknowledged(identifier=ALERT, post="Pudong", at=NOW, late=False)
    with pytest.raises(Conflict):
        await made.acknowledge(word, by="Wang")
    with pytest.raises(NotFound):
        await made.acknowledge(word[:-1] + ("0" if word[-1] != "0" else "1"), by="Mallory")


async def test_what_passed_its_deadline_is_escalated_once_and_may_still_be_answered_late() -> None:
    made, clock = desk()
    word = (await made.call(ALERT, [(1, "Pudong")]))[1].rsplit("/", 1)[1]
    clock.move_to(NOW + timedelta(minutes=5))
    assert await made.escalate() == []
    clock.move_to(NOW + timedelta(minutes=5, seconds=1))
    assert [(row.post, row.state) for row in await made.escalate()] == [("Pudong", "overdue")]
    assert await made.escalate() == []
    assert (await made.acknowledge(word, by="Wang")).late


async def test_the_board_is_of_one_alert_or_of_all() -> None:
    made, _ = desk()
    await made.call(ALERT, [(1, "Pudong")])
    await made.call("other", [(1, "Pudong"), (2, "Fengxian")])
    assert (len(await made.board(ALERT)), len(await made.board())) == (1, 3)
