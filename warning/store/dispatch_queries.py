"""The statements of the dispatch desk's ledger."""

from typing import Final

from warning.dispatch.delivery import MAY_HAVE_LEFT, UNSURE
from warning.dispatch.order import Turn
from warning.store.mass_queries import COMING

UNSURE_REASONS: Final = "(" + ", ".join(f"'{reason}'" for reason in UNSURE) + ")"
_LEFT_REASONS: Final = "(" + ", ".join(f"'{reason}'" for reason in MAY_HAVE_LEFT) + ")"
# It may be at its reader, though nobody said so.
_MAY_HAVE_LEFT: Final = f"(state IN ('claimed', 'unknown') OR state = 'queued' AND reason IN {_LEFT_REASONS})"

# Offices and broadcasts; residents go the mass lane.
# Who has been told that the issuer's warning goes on in another event is not told that it ends (nor is a retained topic overwritten); programs that keep every event are.
EXPAND: Final = """
WITH told AS (
  SELECT DISTINCT ON (channel, subscription_id) channel, subscription_id, role, state FROM delivery
  WHERE event_id = :event AND version < :version AND state <> 'muted' ORDER BY channel, subscription_id, version DESC
), prior AS (
  SELECT channel, subscription_id FROM told WHERE role <> 'end' OR state IN ('failed', 'expired')
), place AS (
  SELECT s.id, s.channel,
    s.id = ANY(CAST(:matching AS bigint[])) AS fits
  FROM subscription s WHERE s.active AND s.lane = :lane AND s.kind <> 'resident' AND s.id = ANY(CAST(:in_area AS bigint[]))
), chosen AS (
  SELECT coalesce(p.id, o.subscription_id) AS subscription_id, coalesce(p.channel, o.channel) AS channel,
    CASE WHEN :cancel OR p.id IS NULL THEN 'end' WHEN o.subscription_id IS NOT NULL THEN 'change' ELSE 'start' END AS role
  FROM place p FULL JOIN prior o ON o.subscription_id = p.id AND o.channel = p.channel
  WHERE o.subscription_id IS NOT NULL OR (NOT :cancel AND p.fits)
)
INSERT INTO delivery (identifier, event_id, version, channel, subscription_id, role, state, reason, ended_at)
SELECT :identifier, :event, :version, c.channel, c.subscription_id, c.role,
  CASE WHEN m.carried_on THEN 'muted' ELSE 'queued' END, CASE WHEN m.carried_on THEN 'carried_on' ELSE '' END,
  CASE WHEN m.carried_on THEN CAST(:now AS timestamptz) END
FROM chosen c CROSS JOIN LATERAL (
  SELECT c.role = 'end' AND NOT c.channel = ANY(CAST(:apart AS text[])) AND EXISTS (
    SELECT 1 FROM delivery d JOIN alert a ON a.identifier = d.identifier
    WHERE d.subscription_id = c.subscription_id AND d.channel = c.channel AND a.event_id <> :event
      AND a.issuer = :issuer AND a.hazard = :hazard AND a.expires > :now AND a.msg_type <> 'Cancel'
      AND d.role <> 'end' AND d.state IN ('queued', 'claimed', 'unknown', 'accepted', 'delivered')
      AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)) AS carried_on
) m
ON CONFLICT (event_id, version, channel, subscription_id) DO NOTHING
"""

BATCH: Final = """
WITH size AS (
  SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:sizes AS int[])) AS u(channel, size)
), numbered AS (
  SELECT d.id, d.channel, CASE WHEN s.kind = 'broadcast' THEN CAST(:to_many AS int) ELSE CAST(:duty AS int) END AS priority,
    (row_number() OVER (PARTITION BY d.channel, s.kind ORDER BY d.id) - 1) / coalesce(z.size, 500) AS slot
  FROM delivery d JOIN subscription s ON s.id = d.subscription_id LEFT JOIN size z ON z.channel = d.channel
  WHERE d.identifier = :identifier AND d.state = 'queued' AND d.batch_id IS NULL
), made AS (
  INSERT INTO batch (identifier, channel, slot, priority, size)
  SELECT :identifier, channel, slot, priority, count(*) FROM numbered GROUP BY channel, priority, slot
  RETURNING id, channel, priority, slot
), put AS (
  UPDATE delivery d SET batch_id = made.id
  FROM numbered n JOIN made ON made.channel = n.channel AND made.slot = n.slot AND made.priority = n.priority
  WHERE n.id = d.id RETURNING d.id
)
SELECT id, priority FROM made WHERE (SELECT count(*) FROM put) >= 0 ORDER BY priority DESC, id
"""

# An older version with a dead lease may have left before its worker died: it counts as reached, so that its end is not withheld.
DUE: Final = """
WITH mine AS (
  SELECT d.* FROM delivery d WHERE d.batch_id = :batch AND d.id > :after AND (
    (d.state = 'queued' AND (d.next_try_at IS NULL OR d.next_try_at <= clock_timestamp()))
    OR (d.state = 'unknown' AND d.next_try_at <= clock_timestamp())
    OR (d.state = 'claimed' AND d.lease_until <= clock_timestamp()))
  ORDER BY d.id LIMIT :most FOR UPDATE
)
SELECT m.id, m.subscription_id, m.role, m.attempts, s.kind, s.name, s.address, s.secret, s.language, coalesce(w.form, 'json') AS form,
  CASE WHEN w.former_until > clock_timestamp() THEN w.former_secret ELSE '' END AS former_secret, o.newer, o.reached, o.in_flight OR """ + COMING.format("m") + """ AS in_flight
FROM mine m JOIN subscription s ON s.id = m.subscription_id LEFT JOIN office_wish w ON w.subscription_id = s.id CROSS JOIN LATERAL (
  SELECT coalesce(bool_or(x.version > m.version AND (x.state <> 'muted' OR x.reason IN ('no_start', 'carried_on'))), false) AS newer,
    coalesce(bool_or(x.version < m.version AND (x.state IN ('accepted', 'delivered', 'unknown') OR x.maybe_twice
      OR (x.state IN ('queued', 'failed', 'superseded') AND x.reason IN """ + UNSURE_REASONS + """)
      OR (x.state = 'claimed' AND x.lease_until <= clock_timestamp()))), false) AS reached,
    coalesce(bool_or(x.version < m.version AND x.state = 'claimed' AND x.lease_until > clock_timestamp()), false) AS in_flight
  FROM delivery x WHERE x.event_id = m.event_id AND x.channel = m.channel AND x.subscription_id = m.subscription_id
    AND x.id <> m.id
) o ORDER BY m.id
"""

SETTLE: Final = {
    Turn.SEND: f"UPDATE delivery SET maybe_twice = maybe_twice OR {_MAY_HAVE_LEFT}, state = 'claimed', "
               "attempts = attempts + 1, next_try_at = NULL, "
               "lease_until = clock_timestamp() + make_interval(secs => :lease) WHERE id = ANY(:ids)",
    Turn.WAIT: "UPDATE delivery SET next_try_at = clock_timestamp() + interval '1 second' "
               "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
    Turn.SUPERSEDED: f"UPDATE delivery SET reason = CASE WHEN {_MAY_HAVE_LEFT} THEN 'newer_version_unsure' ELSE 'newer_version' END, "
                     "state = 'superseded', ended_at = clock_timestamp() "
                     "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
    Turn.NO_START: "WITH muted AS (UPDATE delivery SET state = 'muted', reason = 'no_start', ended_at = clock_timestamp() "
                   "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0 RETURNING event_id, channel, subscription_id, version) "
                   "UPDATE delivery d SET state = 'superseded', reason = 'newer_version', ended_at = clock_timestamp() "
                   "FROM muted m WHERE d.event_id = m.event_id AND d.channel = m.channel "
                   "AND d.subscription_id = m.subscription_id AND d.version < m.version AND d.state = 'queued'",
    Turn.USED_UP: "UPDATE delivery SET state = 'failed', reason = 'timeout', ended_at = clock_timestamp(), "
                  "evidence = 'taken up again and again without an answer' WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
    Turn.EXPIRED: f"UPDATE delivery SET (state, reason, evidence) = (SELECT * FROM (VALUES ('failed', 'timeout', 'expired before an answer came')) v "
                  f"WHERE {_MAY_HAVE_LEFT} UNION ALL SELECT * FROM (VALUES ('expired', 'expired', 'expired before it could be sent')) v "
                  f"WHERE NOT {_MAY_HAVE_LEFT}), ended_at = clock_timestamp() "
                  "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
}

SHUT: Final = f"""
UPDATE delivery SET maybe_twice = maybe_twice OR {_MAY_HAVE_LEFT}, reason = 'unreachable', evidence = left(concat_ws('; ', nullif(evidence, ''), 'the channel is shut: every route is cut'), 500)
WHERE id IN (SELECT id FROM delivery WHERE batch_id = :batch AND state = 'queued' AND reason <> 'unreachable' ORDER BY id FOR UPDATE)
"""

RECORD: Final = """
UPDATE delivery d SET state = u.state, reason = u.reason, evidence = u.evidence, lease_until = NULL, attempts = d.attempts - CAST(NOT u.counts AS int),
  external_id = coalesce(u.external, d.external_id),
  next_try_at = clock_timestamp() + make_interval(secs => u.wait),
  accepted_at = CASE WHEN u.state IN ('accepted', 'delivered') THEN clock_timestamp() ELSE d.accepted_at END,
  ended_at = CASE WHEN u.state IN ('queued', 'unknown') THEN NULL ELSE clock_timestamp() END
FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:evidence AS text[]),
            CAST(:externals AS text[]), CAST(:waits AS float[]), CAST(:attempts AS int[]), CAST(:counts AS boolean[]))
  AS u(id, state, reason, evidence, external, wait, attempts, counts)
WHERE d.id = u.id AND ((d.state = 'claimed' AND d.attempts = u.attempts)
  OR (u.state IN ('accepted', 'delivered') AND d.state IN ('claimed', 'queued', 'unknown')))
"""

NEXT_TRY: Final = """
SELECT extract(epoch FROM min(coalesce(next_try_at, lease_until)) - clock_timestamp())
FROM delivery WHERE batch_id = :batch AND state IN ('queued', 'unknown')
"""

# Answers and receipts of one delivery may be written by two transactions at once. Both first lock their rows in order of id, in a statement of
# its own: no deadlock, and the update then sees what the other one has left.
LOCK: Final = "SELECT id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"

# Rare (after a restart, or from another worker's session), so it is looked for among what young alerts still wait for, without an index of its own.
STRAY: Final = """
SELECT d.id FROM delivery d JOIN alert a ON a.identifier = d.identifier
WHERE a.real_at > clock_timestamp() - interval '3 days' AND d.state IN ('claimed', 'unknown', 'accepted')
  AND d.channel = ANY(CAST(:channels AS text[])) AND string_to_array(d.external_id, ',') && CAST(:externals AS text[])
"""

PART: Final = ("UPDATE delivery SET external_id = :owed, "
         "evidence = left(concat_ws('; ', nullif(evidence, ''), CAST(:evidence AS text)), 500) WHERE id = :id")

LATE: Final = f"""
UPDATE delivery d SET state = u.state, evidence = left(concat_ws('; ', nullif(d.evidence, ''), u.evidence), 500), reason = u.reason,
  accepted_at = coalesce(d.accepted_at, clock_timestamp()), ended_at = clock_timestamp()
FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:evidence AS text[]), CAST(:reasons AS text[]))
  AS u(id, state, evidence, reason)
WHERE d.id = u.id AND (d.state IN ('claimed', 'unknown', 'accepted') OR (d.state IN ('failed', 'superseded') AND d.reason IN {UNSURE_REASONS}))
RETURNING d.id
"""

ORPHANS: Final = """
SELECT b.id, b.priority FROM batch b WHERE EXISTS (
  SELECT 1 FROM delivery d WHERE d.batch_id = b.id AND (
    (d.state IN ('queued', 'unknown') AND (d.next_try_at IS NULL OR d.next_try_at <= clock_timestamp()))
    OR (d.state = 'claimed' AND d.lease_until <= clock_timestamp())))
AND NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs j JOIN procrastinate_workers w ON w.id = j.worker_id
  WHERE j.task_name = 'xiaoxishu.send' AND (j.args->>'batch_id')::bigint = b.id AND j.status = 'doing'
    AND w.last_heartbeat > now() - interval '30 seconds')
AND NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs j WHERE j.task_name = 'xiaoxishu.send'
    AND (j.args->>'batch_id')::bigint = b.id AND j.status = 'todo'
    AND (j.scheduled_at IS NULL OR j.scheduled_at <= now() + interval '90 seconds'))
LIMIT 200
"""

UNEXPANDED: Final = """
SELECT a.identifier, a.level, a.sent, a.expires FROM alert a WHERE a.expanded_at IS NULL AND a.real_at < clock_timestamp() - interval '10 seconds'
AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.task_name = 'xiaoxishu.expand'
  AND j.args->>'identifier' = a.identifier AND j.status = 'todo')
"""

CELLS: Final = "SELECT DISTINCT cell FROM subscription WHERE active AND cell IS NOT NULL"
