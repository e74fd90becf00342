"""The response desk's ledger."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.errors import Conflict, NotFound
from warning.level import Level
from warning.response.desk import Wanted, Warned
from warning.response.errand import Letter
from warning.response.plan import Phrase, ResponseLevel, Task
from warning.response.state import DutyHeld, Response, after
from warning.roster.post import Post
from warning.store.audit import note
from warning.store.database import Database
from warning.store.letters import Written, duty_of, keep_letters, letter_of, send_due, tell_unheld
from warning.store.roster import read_edition
from warning.trust.address import Addresses

BY_RULE = "rule"
"""Who is on record for what a plan opens or changes by itself; the people are those who signed the warning."""


class ResponseStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, addresses: Addresses, *, secret: str) -> None:
        """``secret``: from which the words of links are derived; messages with such a link lie sealed."""
        self._db = database
        self._addresses = addresses
        self._secret = secret

    async def posts(self, lane: str) -> tuple[list[Post], int]:
        """Of the roster (addresses stay sealed), and its edition."""
        async with self._db.begin() as connection:
            return await read_edition(connection, lane=lane)

    async def send_due(self, *, written: Written, at: datetime) -> int:
        """Letters to posts whose moment has come are queued as messages; how many."""
        async with self._db.begin() as connection:
            return await send_due(connection, written=written, seal=self._addresses.seal, at=at)

    async def letter(self, token_hash: str) -> Letter:
        async with self._db.begin() as connection:
            return await letter_of(connection, token_hash)

    async def unseen(self, *, at: datetime, limit: int) -> list[Warned]:
        """The newest versions of events that no response was looked up for, oldest first; what ran out a day ago is history."""
        async with self._db.begin() as connection:
            return [_warned(row) for row in await connection.execute(text(_UNSEEN), {"at": at, "limit": limit})]

    async def outdated(self, *, limit: int) -> list[Warned]:
        """What open responses are about that were planned by an earlier edition of the roster than there is."""
        async with self._db.begin() as connection:
            return [_warned(row) for row in await connection.execute(text(_OUTDATED), {"limit": limit})]

    async def renew(self, warned: Warned, wanted: Sequence[Wanted], *, edition: int, at: datetime) -> None:
        """The duties and letters of what is open, by a list that has changed. A response that another version has changed meanwhile is left to it."""
        async with self._db.begin() as connection:
            rows = {row.plan: row for row in await connection.execute(text(
                "SELECT id, plan FROM response WHERE identifier = :i AND state = 'open' AND edition < :e ORDER BY id FOR UPDATE"),
                {"i": warned.identifier, "e": edition})}
            for one in wanted:
                held = rows.get(one.plan.key)
                if held is not None and one.level is not None:
                    await _fill(connection, held.id, warned, one, at, self._secret)
            await connection.execute(text("UPDATE response SET edition = :e WHERE id = ANY(:ids)"), {"e": edition, "ids": [row.id for row in rows.values()]})

    async def follow(self, warned: Warned, wanted: Sequence[Wanted], *, edition: int, at: datetime) -> None:
        """Bring the event's responses to what its plans want now. Of two processes that ask at once, one does it."""
        async with self._db.begin() as connection:
            mine = (await connection.execute(text(_SEEN), {"e": warned.event_id, "v": warned.version})).one_or_none()
            if mine is None:
                return
            for one in wanted:
                await _bring(connection, warned, one, at, self._secret, edition)

    async def run_out(self, *, at: datetime) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text("UPDATE response SET state = 'over', changed_at = :at WHERE state = 'open' AND expires <= :at"), {"at": at})

    async def tell_late(self, *, at: datetime) -> None:
        """An operator notice for every duty that nobody took, or that was not done, by its time."""
        async with self._db.begin() as connection:
            await connection.execute(text(_LATE), {"at": at})

    async def all(self, *, closed: bool) -> list[Response]:
        """The open ones, the strongest first; with ``closed`` the newest 50 closed ones."""
        where = "state = 'closed' ORDER BY closed_at DESC LIMIT 50" if closed else "state <> 'closed' ORDER BY level DESC, opened_at"
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(f"SELECT * FROM response WHERE {where}"))).all()
            duties = await _duties(connection, [row.id for row in rows])
        return [_response(row, duties.get(row.id, [])) for row in rows]

    async def one(self, response_id: UUID) -> Response:
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT * FROM response WHERE id = :id"), {"id": response_id})).one_or_none()
            if row is None:
                raise NotFound(f"no response {response_id}")
            return _response(row, (await _duties(connection, [response_id])).get(response_id, []))

    async def move(self, response_id: UUID, duty_id: int, *, act: str, who: str, at: datetime, remark: str = "") -> None:
        """Take or finish a duty. Raises Conflict when it has moved on meanwhile."""
        async with self._db.begin() as connection:
            row = await _locked(connection, response_id, duty_id)
            state = after(row.state, act)
            await connection.execute(text(
                "UPDATE response_duty SET state = :state, acknowledged_at = coalesce(acknowledged_at, :at), "
                "acknowledged_who = CASE WHEN acknowledged_who = '' THEN :who ELSE acknowledged_who END, "
                "done_at = CASE WHEN :state = 'done' THEN CAST(:at AS timestamptz) END, done_who = CASE WHEN :state = 'done' THEN :who ELSE '' END, "
                "remark = :remark WHERE id = :id"), {"state": state, "at": at, "who": who, "remark": remark, "id": duty_id})
            await connection.execute(text(
                "UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key = ANY(:keys)"),
                {"at": at, "keys": [f"duty {duty_id} {word}" for word in (("taken", "done") if state == "done" else ("taken",))]})
            await note(connection, who=who, act=f"{act} duty", what=f"response {response_id}", at=at,
                       detail={"duty": row.key, "zone": row.zone, "remark": remark})

    async def tick(self, response_id: UUID, duty_id: int, check: int, *, who: str, at: datetime) -> None:
        """Tick a line; ticked twice, the first stands. Whoever ticks has taken charge."""
        async with self._db.begin() as connection:
            row = await _locked(connection, response_id, duty_id)
            if row.state not in ("waiting", "acknowledged"):
                raise Conflict("this duty is no longer open: reload the page")
            await connection.execute(text(
                "UPDATE response_duty SET ticked = CAST(:tick AS jsonb) || ticked, state = 'acknowledged', acknowledged_at = coalesce(acknowledged_at, :at), "
                "acknowledged_who = CASE WHEN acknowledged_who = '' THEN :who ELSE acknowledged_who END WHERE id = :id"),
                {"tick": json.dumps({str(check): {"who": who, "at": at.isoformat()}}), "at": at, "who": who, "id": duty_id})
            await connection.execute(text("UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key = :key"),
                                     {"at": at, "key": f"duty {duty_id} taken"})
            await note(connection, who=who, act="tick duty", what=f"response {response_id}", at=at,
                       detail={"duty": row.key, "zone": row.zone, "check": check})

    async def close(self, response_id: UUID, *, who: str, reason: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            found = (await connection.execute(text(
                "UPDATE response SET state = 'closed', closed_at = :at, closed_who = :who, reason = :reason WHERE id = :id AND state <> 'closed' "
                "RETURNING id"), {"at": at, "who": who, "reason": reason, "id": response_id})).one_or_none()
            if found is None:
                raise Conflict("this response is closed already")
            await connection.execute(text(
                "UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key IN (SELECT 'duty ' || id || word FROM response_duty, "
                "(VALUES (' taken'), (' done')) AS words(word) WHERE response_id = :id UNION ALL SELECT 'unheld duties ' || CAST(:id AS uuid))"),
                {"at": at, "id": response_id})
            await note(connection, who=who, act="close response", what=f"response {response_id}", at=at, detail={"reason": reason})


async def _bring(connection: AsyncConnection, warned: Warned, wanted: Wanted, at: datetime, secret: str, edition: int) -> None:
    held = (await connection.execute(text("SELECT * FROM response WHERE event_id = :e AND plan = :p FOR UPDATE"),
                                     {"e": warned.event_id, "p": wanted.plan.key})).one_or_none()
    if wanted.level is None:
        if held is not None and held.state == "open":
            await connection.execute(text("UPDATE response SET state = 'over', changed_at = :at WHERE id = :id"), {"at": at, "id": held.id})
        return
    if held is not None and held.state == "closed" and wanted.level <= held.level:
        return  # a person has closed it; only a rise opens it again
    now = {"identifier": warned.identifier, "warning": int(warned.level), "level": int(wanted.level), "zones": list(warned.zones),
           "expires": warned.expires, "at": at, "edition": edition}
    if held is None:
        response_id = uuid4()
        await connection.execute(text(_OPEN), {
            **now, "id": response_id, "plan": wanted.plan.key, "name": json.dumps(_pair(wanted.plan.name), ensure_ascii=False),
            "event": warned.event_id, "issuer": warned.issuer, "hazard": warned.hazard, "status": warned.status})
    else:
        response_id = held.id
        await connection.execute(text(_CHANGE), {**now, "id": response_id})
    await _fill(connection, response_id, warned, wanted, at, secret)
    if held is None or held.level != int(wanted.level) or held.state == "closed":
        await note(connection, who=BY_RULE, act="open response" if held is None else "change response", what=f"response {response_id}", at=at,
                   detail={"plan": wanted.plan.key, "level": wanted.level.name, "alert": warned.identifier})


async def _fill(connection: AsyncConnection, response_id: UUID, warned: Warned, wanted: Wanted, at: datetime, secret: str) -> None:
    await _set_duties(connection, response_id, wanted.tasks, at)
    await keep_letters(connection, response_id, wanted.errands, secret=secret, at=at)
    await tell_unheld(connection, response_id, wanted.unheld, plan=wanted.plan.key, status=warned.status, at=at)


async def _set_duties(connection: AsyncConnection, response_id: UUID, tasks: Sequence[Task], at: datetime) -> None:
    for task in tasks:
        duty = task.duty
        words = {"post": _pair(duty.post), "what": _pair(duty.words), "checks": [_pair(one) for one in duty.checks],
                 "held": [post.title for post in task.posts]}
        await connection.execute(text(_DUTY), {
            "r": response_id, "key": duty.key, "zone": task.zone, "level": int(duty.level), "words": json.dumps(words, ensure_ascii=False),
            "at": at, "ack": at + duty.acknowledge_within, "done": at + duty.done_within, "posts": [post.id for post in task.posts]})
    await connection.execute(text(
        "UPDATE response_duty SET state = 'not_needed' WHERE response_id = :r AND state = 'waiting' AND (key || ' ' || zone) <> ALL(:kept)"),
        {"r": response_id, "kept": [f"{task.duty.key} {task.zone}" for task in tasks]})
    await connection.execute(text(
        "UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key IN "
        "(SELECT 'duty ' || id || ' taken' FROM response_duty WHERE response_id = :r AND state = 'not_needed')"), {"r": response_id, "at": at})


async def _locked(connection: AsyncConnection, response_id: UUID, duty_id: int) -> Row[tuple[object, ...]]:
    row = (await connection.execute(text("SELECT * FROM response_duty WHERE id = :id AND response_id = :r FOR UPDATE"),
                                    {"id": duty_id, "r": response_id})).one_or_none()
    if row is None:
        raise NotFound(f"no duty {duty_id} in this response")
    return row


async def _duties(connection: AsyncConnection, responses: Sequence[UUID]) -> dict[UUID, list[DutyHeld]]:
    rows = await connection.execute(text("SELECT * FROM response_duty WHERE response_id = ANY(:ids) ORDER BY level, key, zone"), {"ids": list(responses)})
    found: dict[UUID, list[DutyHeld]] = {}
    for row in rows:
        found.setdefault(row.response_id, []).append(duty_of(row))
    return found


def _response(row: Row[tuple[object, ...]], duties: Sequence[DutyHeld]) -> Response:
    f = row._mapping
    return Response(
        id=f["id"], plan=f["plan"], name=_two(f["name"]), event_id=f["event_id"], identifier=f["identifier"], issuer=f["issuer"], hazard=f["hazard"],
        warning=Level(f["warning"]), level=ResponseLevel(f["level"]), zones=tuple(f["zones"]), status=f["status"], state=f["state"],
        opened_at=f["opened_at"], changed_at=f["changed_at"], expires=f["expires"], closed_at=f["closed_at"], closed_who=f["closed_who"],
        reason=f["reason"], duties=tuple(duties))


def _warned(row: Row[tuple[object, ...]]) -> Warned:
    f = row._mapping
    return Warned(identifier=f["identifier"], event_id=f["event_id"], version=f["version"], issuer=f["issuer"], hazard=f["hazard"], level=Level(f["level"]),
                  zones=tuple(f["zones"]), polygon=f["polygon"], status=f["status"], cancelled=f["msg_type"] == "Cancel", expires=f["expires"])


def _pair(phrase: Phrase) -> list[str]:
    return [phrase.zh, phrase.en]


def _two(words: Sequence[str]) -> tuple[str, str]:
    return words[0], words[1]


_UNSEEN = """
SELECT a.* FROM alert a
WHERE a.expires > CAST(:at AS timestamptz) - interval '1 day' AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)
  AND NOT EXISTS (SELECT 1 FROM response_seen s WHERE s.event_id = a.event_id AND s.version >= a.version)
ORDER BY a.sent LIMIT :limit
"""
_OUTDATED = """
SELECT a.* FROM (
  SELECT DISTINCT r.identifier FROM response r JOIN roster_edition e ON e.lane = CASE r.status WHEN 'Actual' THEN 'actual' ELSE 'exercise' END
  WHERE r.state = 'open' AND r.edition < e.number) o JOIN alert a ON a.identifier = o.identifier
ORDER BY a.level DESC, a.sent LIMIT :limit
"""
_SEEN = """
INSERT INTO response_seen (event_id, version) VALUES (:e, :v)
ON CONFLICT (event_id) DO UPDATE SET version = excluded.version WHERE response_seen.version < excluded.version RETURNING version
"""
_OPEN = """
INSERT INTO response (id, plan, name, event_id, identifier, issuer, hazard, warning, level, zones, status, state, opened_at, changed_at, expires, edition)
VALUES (:id, :plan, CAST(:name AS jsonb), :event, :identifier, :issuer, :hazard, :warning, :level, :zones, :status, 'open', :at, :at, :expires, :edition)
"""
_CHANGE = """
UPDATE response SET identifier = :identifier, warning = :warning, level = :level, zones = :zones, expires = :expires, changed_at = :at, edition = :edition,
  state = 'open', closed_at = NULL, closed_who = '', reason = '' WHERE id = :id
"""
_DUTY = """
INSERT INTO response_duty (response_id, key, zone, level, words, posts, state, opened_at, acknowledge_by, done_by)
VALUES (:r, :key, :zone, :level, CAST(:words AS jsonb), :posts, 'waiting', :at, :ack, :done)
ON CONFLICT (response_id, key, zone) DO UPDATE SET posts = excluded.posts, words = excluded.words,
  state = CASE response_duty.state WHEN 'not_needed' THEN 'waiting' ELSE response_duty.state END,
  opened_at = CASE response_duty.state WHEN 'not_needed' THEN excluded.opened_at ELSE response_duty.opened_at END,
  acknowledge_by = CASE response_duty.state WHEN 'not_needed' THEN excluded.acknowledge_by ELSE response_duty.acknowledge_by END,
  done_by = CASE response_duty.state WHEN 'not_needed' THEN excluded.done_by ELSE response_duty.done_by END
WHERE response_duty.state IN ('not_needed', 'waiting')
"""
# In both languages, each reader reads one (warning/web/words.explained); a stroke inside an operator's own words would part them wrongly.
_LATE = """
INSERT INTO notice (key, text, next_step, at)
SELECT 'duty ' || d.id || ' ' || late.word,
  CASE r.status WHEN 'Actual' THEN '' WHEN 'Test' THEN '【测试】' ELSE '【演练】' END || '响应 ' || r.plan || '，' || replace(d.words->'post'->>0, ' / ', '/')
  || CASE WHEN d.zone = '' THEN '' ELSE ' ' || d.zone END || CASE WHEN held.names = '' THEN '' ELSE '（' || held.names || '）' END
  || '：' || replace(d.words->'what'->>0, ' / ', '/') || CASE late.word WHEN 'taken' THEN '：逾期无人承担' ELSE '：逾期未完成' END || ' / '
  || CASE r.status WHEN 'Actual' THEN '' WHEN 'Test' THEN '[TEST] ' ELSE '[EXERCISE] ' END || 'response ' || r.plan || ', ' || (d.words->'post'->>1)
  || CASE WHEN d.zone = '' THEN '' ELSE ' of ' || d.zone END || CASE WHEN held.names = '' THEN '' ELSE ' (' || held.names || ')' END
  || ': ' || (d.words->'what'->>1) || CASE late.word WHEN 'taken' THEN ': nobody has taken charge in time' ELSE ': not done in time' END,
  '请电话通知该岗位，职责见 /console/responses / call the post by telephone; the duty stands at /console/responses', :at
FROM response_duty d JOIN response r ON r.id = d.response_id AND r.state <> 'closed',
LATERAL (SELECT CASE WHEN d.posts = '{}' THEN '' ELSE replace(array_to_string(ARRAY(SELECT jsonb_array_elements_text(d.words->'held')), '、'), ' / ', '/') END AS names) held,
LATERAL (SELECT 'taken' AS word WHERE d.state = 'waiting' AND d.acknowledge_by <= :at
         UNION ALL SELECT 'done' WHERE d.state = 'acknowledged' AND d.done_by <= :at) late
ON CONFLICT (key) DO UPDATE SET cleared_at = NULL, text = excluded.text, next_step = excluded.next_step, at = excluded.at WHERE notice.cleared_at IS NOT NULL
"""
