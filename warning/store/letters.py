"""Letters to posts about their duties: planned with the duties, sent as words to one person, answered by their link."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.cap import Status, drill_mark
from warning.errors import NotFound
from warning.response.errand import Errand, Letter, Step, gained, hashed, word_of
from warning.response.plan import ResponseLevel
from warning.response.state import DutyHeld
from warning.store.notice import clear, tell

Written = Callable[[Letter, str], tuple[str, str]]
"""(subject, text) of a letter in a language."""


async def keep_letters(connection: AsyncConnection, response_id: UUID, errands: Sequence[Errand], *, secret: str, at: datetime) -> None:
    """One letter for each post that holds a duty; a post that gains a duty is written to anew, by all its ways.

    A way that the roster has gained joins a letter under way, and one that it has lost, or a post that holds nothing any more, is not written to.
    """
    await connection.execute(text(_LEFT), {"r": response_id, "posts": [errand.post.id for errand in errands]})
    for errand in errands:
        mine = (await connection.execute(text(
            "SELECT id FROM response_duty WHERE response_id = :r AND :p = ANY(posts) AND state <> 'not_needed' ORDER BY id"),
            {"r": response_id, "p": errand.post.id})).scalars().all()
        held = (await connection.execute(text("SELECT id, duties FROM duty_letter WHERE response_id = :r AND post_id = :p FOR UPDATE"),
                                         {"r": response_id, "p": errand.post.id})).one_or_none()
        if not mine:
            continue
        if held is not None and set(mine) <= set(held.duties):
            await _renewed(connection, held.id, errand.steps, at=at)
            continue
        letter_id = uuid4() if held is None else held.id
        await connection.execute(text(_LETTER), {
            "id": letter_id, "r": response_id, "p": errand.post.id, "post": errand.post.title, "duties": list(mine),
            "refuges": json.dumps(errand.refuges, ensure_ascii=False), "hash": hashed(word_of(secret, letter_id)), "at": at})
        await connection.execute(text("UPDATE duty_step SET state = 'stopped' WHERE letter_id = :l AND state = 'planned'"), {"l": letter_id})
        await _plan(connection, letter_id, errand.steps)


async def _renewed(connection: AsyncConnection, letter_id: UUID, ways: Sequence[Step], *, at: datetime) -> None:
    await connection.execute(text("UPDATE duty_step SET state = 'stopped' WHERE letter_id = :l AND state = 'planned' AND subscription_id <> ALL(CAST(:s AS bigint[]))"),
                             {"l": letter_id, "s": [one.subscription_id for one in ways]})
    rows = (await connection.execute(text("SELECT * FROM duty_step WHERE letter_id = :l AND state <> 'stopped' ORDER BY id"), {"l": letter_id})).all()
    known = [Step(person=row.person, rank=row.rank, due_at=row.due_at, channel=row.channel, subscription_id=row.subscription_id) for row in rows]
    await _plan(connection, letter_id, gained(ways, known, at=at, told={row.person for row in rows if row.state == "sent"}))


async def _plan(connection: AsyncConnection, letter_id: UUID, ways: Sequence[Step]) -> None:
    if ways:
        await connection.execute(text(
            "INSERT INTO duty_step (letter_id, person, rank, channel, subscription_id, due_at) VALUES (:l, :person, :rank, :channel, :s, :due)"),
            [{"l": letter_id, "person": one.person, "rank": one.rank, "channel": one.channel, "s": one.subscription_id, "due": one.due_at} for one in ways])


async def tell_unheld(connection: AsyncConnection, response_id: UUID, unheld: Sequence[str], *, plan: str, status: str, at: datetime) -> None:
    """Duties for which the roster has no post that can be written to: a person calls."""
    key = f"unheld duties {response_id}"
    if not unheld:
        await clear(connection, [key], at=at)
        return
    mark = drill_mark(_status(status), "zh-CN")
    await tell(connection, key, at=at, words=f"{mark}response {plan}: {len(unheld)} duties have nobody on the roster who can be written to",
               next_step="call whoever holds them by telephone, mend the roster; the duties stand at /console/responses")


async def send_due(connection: AsyncConnection, *, written: Written, seal: Callable[[str], str], at: datetime) -> int:
    """What is due of letters with a duty that nobody has taken becomes a message; the rest stops. How many were written."""
    await connection.execute(text(_STOP))
    await connection.execute(text(_PULL), {"at": at})
    rows = (await connection.execute(text(_DUE), {"at": at})).all()
    for row in rows:
        letter = await _letter(connection, row)
        subject, words = written(letter, row.language)
        word = (await connection.execute(text(
            "INSERT INTO word (lane, channel, address, subject, text, language, at, expires) VALUES (:lane, :channel, :address, :subject, :text, :language, :at, :until) "
            "RETURNING id"), {"lane": row.lane, "channel": row.channel, "address": row.address, "subject": subject, "text": seal(words), "language": row.language,
                              "at": at, "until": max(duty.done_by for duty in letter.duties)})).scalar_one()
        await connection.execute(text("UPDATE duty_step SET state = 'sent', sent_at = :at, word_id = :w WHERE id = :id"), {"at": at, "w": word, "id": row.step_id})
    return len(rows)


async def letter_of(connection: AsyncConnection, token_hash: str) -> Letter:
    """Raises NotFound for a word that is none."""
    row = (await connection.execute(text(f"{_READ} WHERE l.token_hash = :h"), {"h": token_hash})).one_or_none()
    if row is None:
        raise NotFound("this link is not known; use the one in the newest message")
    return await _letter(connection, row)


async def _letter(connection: AsyncConnection, row: Row[tuple[object, ...]]) -> Letter:
    f = row._mapping
    duties = await connection.execute(text("SELECT * FROM response_duty WHERE id = ANY(CAST(:ids AS bigint[])) AND state <> 'not_needed' ORDER BY level, key, zone"),
                                      {"ids": list(f["duties"])})
    return Letter(
        id=f["id"], response_id=f["response_id"], post=f["post"], name=(f["name"][0], f["name"][1]), level=ResponseLevel(f["level"]), status=_status(f["status"]),
        identifier=f["identifier"], over=f["state"] == "closed", refuges=(f["refuges"][0], f["refuges"][1]), duties=tuple(duty_of(one) for one in duties))


def duty_of(row: Row[tuple[object, ...]]) -> DutyHeld:
    f = row._mapping
    words, ticked = f["words"], f["ticked"]
    return DutyHeld(
        id=f["id"], key=f["key"], level=ResponseLevel(f["level"]), zone=f["zone"], post=_two(words["post"]), words=_two(words["what"]),
        checks=tuple(_two(one) for one in words["checks"]),
        ticked={int(key): (str(one["who"]), datetime.fromisoformat(one["at"])) for key, one in ticked.items()}, state=f["state"],
        opened_at=f["opened_at"], acknowledge_by=f["acknowledge_by"], done_by=f["done_by"], acknowledged_at=f["acknowledged_at"],
        acknowledged_who=f["acknowledged_who"], done_at=f["done_at"], done_who=f["done_who"], remark=f["remark"], held_by=tuple(words.get("held", ())))


def _two(words: Sequence[str]) -> tuple[str, str]:
    return words[0], words[1]


def _status(word: object) -> Status:
    match word:
        case "Actual" | "Exercise" | "System" | "Test" | "Draft":
            return word
    raise ValueError(f"a response of status {word!r} is never opened")


_LETTER: Final = """
INSERT INTO duty_letter (id, response_id, post_id, post, duties, refuges, token_hash, opened_at)
VALUES (:id, :r, :p, :post, :duties, CAST(:refuges AS jsonb), :hash, :at)
ON CONFLICT (response_id, post_id) DO UPDATE SET duties = excluded.duties, refuges = excluded.refuges, opened_at = excluded.opened_at
"""

_READ: Final = """
SELECT l.id, l.response_id, l.post, l.duties, l.refuges, r.name, r.level, r.status, r.identifier, r.state FROM duty_letter l JOIN response r ON r.id = l.response_id
"""

_LEFT: Final = """
UPDATE duty_step t SET state = 'stopped' FROM duty_letter l WHERE t.letter_id = l.id AND t.state = 'planned' AND l.response_id = :r
AND l.post_id <> ALL(CAST(:posts AS bigint[]))
"""

# Everything of the post is taken, done or no longer needed, or the response is closed: nobody is written to any more.
_STOP: Final = """
UPDATE duty_step t SET state = 'stopped' FROM duty_letter l JOIN response r ON r.id = l.response_id WHERE t.letter_id = l.id AND t.state = 'planned'
AND (r.state = 'closed' OR NOT EXISTS (SELECT 1 FROM response_duty d WHERE d.id = ANY(l.duties) AND d.state = 'waiting'))
"""

# Every message of a letter has failed: the next one does not wait for its time.
_PULL: Final = """
UPDATE duty_step t SET due_at = :at WHERE t.state = 'planned' AND t.due_at > :at
AND t.id = (SELECT n.id FROM duty_step n WHERE n.letter_id = t.letter_id AND n.state = 'planned' ORDER BY n.due_at, n.id LIMIT 1)
AND EXISTS (SELECT 1 FROM duty_step s WHERE s.letter_id = t.letter_id AND s.state = 'sent')
AND NOT EXISTS (SELECT 1 FROM duty_step s LEFT JOIN word w ON w.id = s.word_id WHERE s.letter_id = t.letter_id AND s.state = 'sent'
  AND coalesce(w.state, 'accepted') NOT IN ('failed', 'expired') AND NOT (w.state = 'queued' AND w.reason IN ('unreachable', 'refused')))
"""

_DUE: Final = """
SELECT t.id AS step_id, t.channel, s.address, s.language, s.lane, x.* FROM duty_step t JOIN subscription s ON s.id = t.subscription_id AND s.active
JOIN (""" + _READ + """) x ON x.id = t.letter_id WHERE t.state = 'planned' AND t.due_at <= :at ORDER BY t.due_at, t.id LIMIT 200 FOR UPDATE OF t SKIP LOCKED
"""
