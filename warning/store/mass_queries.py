"""The statements of the mass lane's ledger."""

from typing import Final

# A newer version is signed and its people are being worked out: what it replaces waits for that, but not for ever.
COMING: Final = (
    "EXISTS (SELECT 1 FROM alert n WHERE n.event_id = {0}.event_id AND n.version > {0}.version AND n.expanded_at IS NULL "
    "AND n.real_at > clock_timestamp() - interval '30 seconds')")

_COLUMNS = "c.id, c.root, c.identifier, c.version, c.channel, c.language, c.role, c.priority, c.members, c.codes, c.tries, c.said, c.said_by, c.attempt"

# Something of a higher level waits for a worker: brief errands and long ones, see dispatch/rank.
OUTRANKED: Final = """
SELECT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.status = 'todo' AND j.queue_name = 'dispatch'
  AND (j.priority >= :long AND j.priority < :brief OR j.priority >= :above) AND (j.scheduled_at IS NULL OR j.scheduled_at <= now()))
"""

# A family is locked in order of id, by claims and receipts alike: no deadlock, and an Alert and its Cancel see each other.
FAMILY: Final = f"""
SELECT {_COLUMNS}, a.expires, a.proposal_id, c.falls_from, c.places, c.asleep_until, coalesce(c.unknown_at <= clock_timestamp(), true) AS unknown_due,
  coalesce(c.next_try_at <= clock_timestamp(), true) AS queued_due, coalesce(c.lease_until > clock_timestamp(), false) AS held,
  {COMING.format("c")} AS coming
FROM crowd c JOIN alert a ON a.identifier = c.identifier
WHERE c.root = (SELECT root FROM crowd WHERE id = :id) ORDER BY c.id FOR UPDATE OF c
"""

PLAIN: Final = f"SELECT {_COLUMNS} FROM crowd c WHERE c.id = :id"

SOME: Final = f"SELECT {_COLUMNS} FROM crowd c WHERE c.id = ANY(CAST(:ids AS bigint[])) ORDER BY c.id FOR UPDATE"

# What a worker may do next with the batch it holds: stop when a newer version of these people exists, give way when something more
# urgent waits for a worker.
HELD: Final = f"""
SELECT {_COLUMNS}, c.unknown_at, c.next_try_at, c.told_later,
  EXISTS (SELECT 1 FROM crowd n WHERE n.root = c.root AND n.version > c.version) OR {COMING.format("c")} AS newer,
  EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.status = 'todo' AND j.queue_name = 'dispatch' AND j.priority > c.priority
    AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())) AS urgent
FROM crowd c WHERE c.id = :id FOR UPDATE
"""

WRITE: Final = """
UPDATE crowd SET codes = :codes, tries = :tries, said = CAST(:said AS jsonb), said_by = :said_by, tally = CAST(:tally AS int[]),
  faults = CAST(:faults AS jsonb), twice = :twice, open = :open WHERE id = :id
"""

TAKE: Final = """
UPDATE crowd SET attempt = attempt + 1, next_try_at = CASE WHEN next_try_at > clock_timestamp() THEN next_try_at END,
  unknown_at = CASE WHEN unknown_at > clock_timestamp() THEN unknown_at END,
  lease_until = clock_timestamp() + make_interval(secs => :lease) WHERE id = :id
"""

WAIT: Final = """
UPDATE crowd SET lease_until = NULL, next_try_at = clock_timestamp() + make_interval(secs => :retry) WHERE id = :id
"""

RENEW: Final = """
UPDATE crowd SET lease_until = clock_timestamp() + make_interval(secs => :lease) WHERE id = :id AND attempt = :attempt
"""

AFTER: Final = """
UPDATE crowd SET next_try_at = greatest(next_try_at, clock_timestamp() + make_interval(secs => CAST(:retry AS float))),
  unknown_at = greatest(unknown_at, clock_timestamp() + make_interval(secs => CAST(:unknown AS float))),
  accepted_at = CASE WHEN :accepted THEN clock_timestamp() ELSE accepted_at END,
  fall_back_at = CASE WHEN CAST(:fall_back AS float) IS NULL THEN fall_back_at
    ELSE least(fall_back_at, clock_timestamp() + make_interval(secs => CAST(:fall_back AS float))) END
WHERE id = :id
"""

# A batch is put down: nobody holds it, and its next job comes when the first of its people is due.
PUT_DOWN: Final = """
UPDATE crowd SET lease_until = NULL WHERE id = :id AND attempt = :attempt
RETURNING open, tally[1] > 0 AS queued, extract(epoch FROM next_try_at - clock_timestamp()) AS retry,
  tally[9] > 0 AS unknown, extract(epoch FROM unknown_at - clock_timestamp()) AS grace
"""

# Somebody whose every place has said STOP is told nothing more.
ADDRESSES: Final = """
SELECT array_agg(coalesce(s.address, '') ORDER BY u.n) AS addresses,
  array_agg(coalesce(s.active OR (s.person IS NOT NULL AND EXISTS (
    SELECT 1 FROM subscription o WHERE o.person = s.person AND o.active)), false) ORDER BY u.n) AS active
FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS u(id, n) LEFT JOIN subscription s ON s.id = u.id
"""

# A batch whose receipts are overdue. One of an older version is let go: the newer one has its own deadline.
OVERDUE: Final = f"""
SELECT {_COLUMNS}, c.event_id, c.district FROM crowd c
WHERE c.fall_back_at <= clock_timestamp() ORDER BY c.fall_back_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""

LATER: Final = "UPDATE crowd SET told_later = true WHERE id = :id AND NOT open"

WAKE: Final = "UPDATE crowd SET asleep_until = NULL, told_later = true WHERE asleep_until <= :now RETURNING id, priority"

# Who of these people has quiet hours; a person with several places, those of the first that has any.
QUIET: Final = """
SELECT DISTINCT ON (1) coalesce(person, id) AS person, quiet_from, quiet_until FROM subscription
WHERE quiet_from IS NOT NULL AND active AND (id = ANY(CAST(:ids AS bigint[])) OR person = ANY(CAST(:ids AS bigint[]))) ORDER BY 1, id
"""

NEXT_CHANNEL: Final = """
SELECT u.place, coalesce(t.person, t.id) AS target, t.channel, t.language
FROM unnest(CAST(:places AS int[]), CAST(:ids AS bigint[])) AS u(place, id)
JOIN LATERAL (
  SELECT falls_back_to FROM subscription s WHERE (s.id = u.id OR s.person = u.id) AND s.active AND s.falls_back_to IS NOT NULL
  ORDER BY s.id LIMIT 1) s ON true
JOIN subscription t ON t.id = s.falls_back_to AND t.active
WHERE NOT EXISTS (SELECT 1 FROM crowd o WHERE o.identifier = :identifier AND o.channel = t.channel
  AND coalesce(t.person, t.id) = ANY(o.members))
"""

KEEP_IDS: Final = "INSERT INTO crowd_ids (crowd_id, channel, numbers, ids) VALUES (:id, :channel, CAST(:numbers AS int[]), :ids)"

YOUNG_IDS: Final = """
SELECT i.id, i.crowd_id, i.channel, i.numbers, i.ids, i.real_at < clock_timestamp() - interval '60 seconds' AS old
FROM crowd_ids i JOIN crowd c ON c.id = i.crowd_id
WHERE i.id > :after AND i.id <> ALL(CAST(:but AS bigint[])) AND c.tally[2] + c.tally[3] + c.tally[9] > 0 AND i.real_at > clock_timestamp() - interval '3 days' ORDER BY i.id LIMIT 500
"""

ORPHANS: Final = """
WITH working AS (
  SELECT (j.args->>'crowd_id')::bigint AS id FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
  WHERE j.task_name = 'xiaoxishu.crowd' AND (
    (j.status = 'doing' AND w.last_heartbeat > now() - interval '30 seconds')
    OR (j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now() + interval '90 seconds')))
)
SELECT c.id, c.priority FROM crowd c LEFT JOIN working w ON w.id = c.id
WHERE c.open AND c.asleep_until IS NULL AND w.id IS NULL AND coalesce(c.lease_until <= clock_timestamp(), true) AND (
  (c.tally[1] > 0 AND coalesce(c.next_try_at <= clock_timestamp(), true)) OR c.tally[2] > 0
  OR (c.tally[9] > 0 AND coalesce(c.unknown_at <= clock_timestamp(), true)))
ORDER BY c.priority DESC, c.id LIMIT 1000
"""

# One page of people who are registered for one place, in the order of the index: nothing is sorted, whatever their number.
SOLE: Final = """
SELECT channel, language, array_agg(id) AS ids FROM (
  SELECT id, channel, language FROM subscription
  WHERE kind = 'resident' AND active AND NOT standby AND person IS NULL AND lane = :lane AND district = :district
    AND (channel, language, id) > (:channel, :language, :after)
    AND min_level <= :level AND (hazards = '{}' OR :hazard = ANY(hazards))
    AND (CAST(:cells AS text[]) IS NULL OR cell = ANY(CAST(:cells AS text[])))
  ORDER BY channel, language, id LIMIT :limit) page
GROUP BY channel, language ORDER BY channel, language
"""

# People with several places: told once, in the words of the first place that asked.
SHARED: Final = """
SELECT channel, language, district, array_agg(person ORDER BY person) AS ids FROM (
  SELECT DISTINCT ON (person) person, channel, language, district FROM subscription
  WHERE person > :after AND kind = 'resident' AND active AND NOT standby AND lane = :lane
    AND district = ANY(CAST(:districts AS text[])) AND min_level <= :level AND (hazards = '{}' OR :hazard = ANY(hazards))
    AND (CAST(:cells AS text[]) IS NULL OR cell = ANY(CAST(:cells AS text[])))
  ORDER BY person, id LIMIT :limit) page
GROUP BY channel, language, district ORDER BY channel, language, district
"""

ROOTS: Final = """
SELECT DISTINCT root FROM crowd WHERE event_id = :event AND version < :version AND root > :after ORDER BY root LIMIT :limit
"""

KIN: Final = """
SELECT c.root, c.channel, c.language, c.district, c.version, c.role, c.members, c.codes, c.tries, c.said, c.said_by FROM crowd c
WHERE c.root = ANY(CAST(:roots AS bigint[])) AND c.version < :version ORDER BY c.root, c.version, c.id
"""

INSIDE: Final = """
SELECT coalesce(person, id) AS person, bool_or(min_level <= :level AND (hazards = '{}' OR :hazard = ANY(hazards))) AS fits
FROM subscription WHERE active AND kind = 'resident' AND (id = ANY(CAST(:ids AS bigint[])) OR person = ANY(CAST(:ids AS bigint[])))
  AND CASE WHEN CAST(:cells AS text[]) IS NULL THEN district = ANY(CAST(:districts AS text[])) ELSE cell = ANY(CAST(:cells AS text[])) END
GROUP BY 1 ORDER BY 1
"""

KNOWN: Final = """
SELECT members FROM crowd WHERE event_id = :event AND version < :version AND channel = :channel
  AND first_id <= :last AND last_id >= :first
"""

# Other warnings of the hazard in force: a person under a stronger one is not told of the start of a weaker; one for whom the issuer's
# warning goes on in another event is not told that it ends.
OTHERS: Final = """
SELECT a.identifier, a.level, a.issuer = :issuer AS same_issuer FROM alert a
WHERE a.event_id <> :event AND a.hazard = :hazard AND a.expires > :now AND a.msg_type <> 'Cancel'
  AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)
"""

UNDER: Final = """
SELECT members, codes FROM crowd WHERE identifier = ANY(CAST(:others AS text[])) AND channel = :channel AND role <> 'end'
  AND first_id <= :last AND last_id >= :first
"""

# Batches of other alerts in which somebody was muted by a stronger one.
KEPT_FROM: Final = f"""
SELECT {_COLUMNS} FROM crowd c WHERE c.identifier = ANY(CAST(:others AS text[])) AND c.channel = :channel AND c.role = 'start'
  AND c.tally[7] > 0 AND c.first_id <= :last AND c.last_id >= :first ORDER BY c.id FOR UPDATE
"""

NEW_IDS: Final = "SELECT nextval(pg_get_serial_sequence('crowd', 'id')) AS id FROM generate_series(1, :n)"

ADD: Final = """
INSERT INTO crowd (id, root, identifier, event_id, version, channel, language, district, role, priority, size, members, first_id,
  last_id, codes, tries, said, said_by, tally, open, falls_from, places, asleep_until)
VALUES (:id, :root, :identifier, :event, :version, :channel, :language, :district, :role, :priority, :size,
  CAST(:members AS bigint[]), :first, :last, :codes, :tries, CAST(:said AS jsonb), :said_by, CAST(:tally AS int[]), :open,
  :falls_from, :places, :asleep)
"""
