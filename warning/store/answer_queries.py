"""The statements of the answer desk's ledger."""

from typing import Final

# An office with those after it, nearest first; a stand-in has no call of its own, unless it covers for one that pauses. A ring of names ends where
# it began. Of those after it who pauses is left out, and its cover called in its place, as the audience does it (dispatch/pause). An office that pauses
# in the middle of its own call stays called, because a pause takes nothing back, and its cover comes next.
NEXT_ONES: Final = """
WITH RECURSIVE pausing AS (
  SELECT subscription_id, cover_id FROM office_pause WHERE starts_at <= :at AND ends_at > :at
), after AS (
  SELECT s.id AS root, s.id, s.name, s.channel, s.escalates_to, 0 AS rank, ARRAY[s.id] AS seen FROM subscription s
  WHERE s.id = ANY(CAST(:ids AS bigint[])) AND s.kind = 'office' AND (NOT s.standby OR s.id IN (SELECT cover_id FROM pausing))
  UNION ALL
  SELECT a.root, n.id, n.name, n.channel, n.escalates_to, a.rank + 1, a.seen || n.id FROM after a JOIN subscription n ON n.id = a.escalates_to
  WHERE n.active AND NOT n.id = ANY(a.seen)
)
SELECT a.root, coalesce((SELECT number FROM office_edition e WHERE e.subscription_id = a.root), 0) AS edition, coalesce(c.id, a.id) AS id, coalesce(c.name, a.name) AS name, coalesce(c.channel, a.channel) AS channel FROM (
  SELECT root, id, name, channel, rank, rank > 0 AS covered FROM after UNION ALL SELECT root, id, name, channel, rank, true FROM after WHERE rank = 0
) a
LEFT JOIN pausing p ON p.subscription_id = a.id AND a.covered LEFT JOIN subscription c ON c.id = p.cover_id AND c.active
WHERE NOT a.covered OR (p.subscription_id IS NULL AND a.rank > 0)
  OR (p.cover_id IS NOT NULL AND (a.rank > 0 OR c.id IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM after b WHERE b.root = a.root AND b.id = p.cover_id))
ORDER BY a.root, a.rank, a.covered
"""

# Once for each version, and by the newest alone: an audience that is worked out late, or once more, calls nobody for what was changed or lifted meanwhile.
# Not again for a post that was called for this event at the same or a higher level, unless that call has ended.
OPENED: Final = """
INSERT INTO duty_call (id, identifier, event_id, post_id, subscription_id, post, zone, level, state, opened_at, deadline, edition)
SELECT :id, v.identifier, v.event_id, :post_id, :sub, :post, :zone, v.level, 'waiting', :at, :deadline, :edition FROM alert v
WHERE v.identifier = :i AND NOT EXISTS (SELECT 1 FROM alert e WHERE e.event_id = v.event_id AND e.version > v.version) AND NOT EXISTS (
  SELECT 1 FROM duty_call c WHERE c.event_id = v.event_id AND c.level >= v.level AND c.state <> 'ended'
  AND c.post_id IS NOT DISTINCT FROM CAST(:post_id AS bigint) AND c.subscription_id IS NOT DISTINCT FROM CAST(:sub AS bigint)
  AND NOT EXISTS (SELECT 1 FROM alert b JOIN alert was ON was.identifier = c.identifier  -- it fell in between: what rises again is new
    WHERE b.event_id = v.event_id AND b.version > was.version AND b.version < v.version AND b.level < v.level))
ON CONFLICT (identifier, post_id, subscription_id) DO NOTHING RETURNING id
"""

OUTDATED: Final = """
SELECT DISTINCT p.lane FROM duty_call c JOIN roster_post p ON p.id = c.post_id JOIN roster_edition e ON e.lane = p.lane
WHERE c.state = ANY(:open) AND c.edition < e.number ORDER BY p.lane
"""

BEHIND: Final = "c.state = ANY(:open) AND EXISTS (SELECT 1 FROM office_edition e WHERE e.subscription_id = c.subscription_id AND e.number > c.edition)"

# A worker that claimed a message before the change may be at the old address yet.
MENDED: Final = """
UPDATE office_edition e SET readdressed = false WHERE e.readdressed
AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subscription_id = e.subscription_id AND d.state = 'claimed' AND EXISTS (
  SELECT 1 FROM call_attempt a JOIN duty_call c ON c.id = a.call_id WHERE a.delivery_id = d.id AND c.state = ANY(:open)))
RETURNING e.subscription_id
"""

MADE: Final = """
INSERT INTO call_attempt (id, call_id, person_id, subscription_id, name, channel, rank, above, token_hash, due_at, state)
VALUES (:id, :call, :person, :sub, :name, :channel, :rank, :above, :hash, :due, 'planned')
"""

# An answer speaks of what has reached its person: a message that still waits in a queue has not been read by anybody.
HANDED_OVER: Final = (
    "EXISTS (SELECT 1 FROM delivery h WHERE h.id = a.delivery_id AND (h.attempts > 0 OR h.state NOT IN ('queued', 'muted', 'superseded')))")

# What one answer settles: the call of its link, and every other of the event in which the same person was called.
REMAIN: Final = f"""
SELECT c.id FROM duty_call c WHERE c.event_id = :e AND c.state = ANY(:open) AND (c.id = :call OR EXISTS (
  SELECT 1 FROM call_attempt a WHERE a.call_id = c.id AND a.state = 'called' AND {HANDED_OVER}
  AND (a.person_id = CAST(:p AS bigint) OR a.subscription_id = CAST(:s AS bigint))))
ORDER BY c.id FOR UPDATE OF c
"""

CLOSE: Final = "UPDATE call_attempt SET state = 'stopped' WHERE call_id = ANY(:ids) AND state = 'planned'"

# Messages of these calls that nobody has taken up yet and that no other open call needs, locked in the order in which workers lock them. A stand-in's
# and a duty contact's only: an office that subscribed is told whatever anybody answers.
UNTOLD: Final = """
SELECT d.id FROM delivery d JOIN subscription s ON s.id = d.subscription_id
WHERE d.state IN ('queued', 'unknown') AND d.role <> 'end' AND (s.kind = 'duty' OR s.standby)
AND d.id IN (SELECT a.delivery_id FROM call_attempt a WHERE a.call_id = ANY(:ids) AND a.delivery_id IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM call_attempt a JOIN duty_call c ON c.id = a.call_id WHERE a.delivery_id = d.id AND c.state = ANY(:open))
ORDER BY d.id FOR UPDATE OF d
"""

# What may have arrived keeps the mark that it may have: its end is not withheld.
SILENCE: Final = """
UPDATE delivery SET maybe_twice = maybe_twice OR state = 'unknown' OR attempts > 0, state = 'muted', reason = 'answered', next_try_at = NULL,
  ended_at = clock_timestamp() WHERE id = ANY(:ids) AND state IN ('queued', 'unknown')
"""

END_GONE: Final = """
SELECT c.id FROM duty_call c JOIN LATERAL (
  SELECT v.msg_type, v.expires FROM alert v WHERE v.event_id = c.event_id ORDER BY v.version DESC LIMIT 1) n ON true
WHERE c.state = ANY(:open) AND (n.msg_type = 'Cancel' OR n.expires <= :at) ORDER BY c.id FOR UPDATE OF c SKIP LOCKED
"""

BOARD: Final = """
SELECT c.*, v.hazard, v.zones AS warned, coalesce(t.attempts, '[]'::jsonb) AS attempts FROM duty_call c JOIN alert v ON v.identifier = c.identifier
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('name', a.name, 'rank', a.rank, 'above', a.above, 'channel', a.channel, 'due_at', a.due_at, 'state', a.state,
    'called_at', a.called_at, 'tried_at', a.tried_at, 'delivery', d.state, 'twice', d.maybe_twice, 'why', a.why,
    'subscription_id', a.subscription_id) ORDER BY a.due_at, a.rank, a.channel) AS attempts
  FROM call_attempt a LEFT JOIN delivery d ON d.id = a.delivery_id WHERE a.call_id = c.id) t ON true
WHERE {} ORDER BY c.opened_at DESC, c.state NOT IN ('waiting', 'overdue'), c.post LIMIT 5000
"""

# The message of an open call to somebody whose address was mended: it is sent anew, under a key of its own, because the new address has had nothing.
READDRESSED: Final = """
WITH again AS (
  UPDATE delivery d SET role = CASE WHEN d.attempts > 0 THEN 'call' ELSE d.role END, state = 'queued', reason = '', ended_at = NULL, next_try_at = NULL, attempts = 0,
    evidence = left(concat_ws('; ', nullif(d.evidence, ''), 'the address was mended: sent there'), 500)
  WHERE d.subscription_id = ANY(CAST(:s AS bigint[])) AND d.role <> 'end' AND d.state IN ('queued', 'unknown', 'failed', 'expired', 'accepted', 'delivered') AND EXISTS (
    SELECT 1 FROM call_attempt a JOIN duty_call c ON c.id = a.call_id WHERE a.delivery_id = d.id AND a.state = 'called' AND c.state = ANY(:open))
  RETURNING d.id, d.batch_id
), good AS (
  UPDATE call_attempt SET failed_at = NULL, why = '' WHERE delivery_id IN (SELECT id FROM again)
)
SELECT DISTINCT b.id, b.priority FROM again JOIN batch b ON b.id = again.batch_id ORDER BY b.id
"""
