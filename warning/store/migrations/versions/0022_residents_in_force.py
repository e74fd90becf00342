"""What residents were told one by one, before the mass lane, becomes batches: so that a warning in force over an upgrade is ended for them."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

_STATES = ('queued', 'claimed', 'accepted', 'delivered', 'failed', 'expired', 'muted', 'superseded', 'unknown')
Row = sa.Row[Any]  # the columns are the query's
_ROLES = ('start', 'change', 'end')
_BATCH = 1000

# Events that somebody may still be told of. Several places of one address are one person, under the smallest id.
_IN_FORCE = """
SELECT d.id, d.identifier, d.event_id, d.version, d.channel, d.role, d.state, d.reason, d.evidence, d.attempts, d.maybe_twice, d.external_id,
  coalesce(s.person, s.id) AS person, s.language, coalesce(s.district, '') AS district, a.level, a.sent, a.expires
FROM delivery d JOIN subscription s ON s.id = d.subscription_id AND s.kind = 'resident' JOIN alert a ON a.identifier = d.identifier
WHERE d.event_id IN (SELECT event_id FROM alert WHERE expires > clock_timestamp() - interval '1 day')
ORDER BY d.event_id, d.channel, s.language, s.district, person, d.version, d.id
"""
_ADD = """
INSERT INTO crowd (id, root, identifier, event_id, version, channel, language, district, role, priority, size, members, first_id, last_id,
  codes, tries, said, said_by, tally, faults, twice, open)
VALUES (:id, :root, :identifier, :event_id, :version, :channel, :language, :district, :role, :priority, :size, :members, :first, :last,
  :codes, :tries, CAST(:said AS jsonb), :said_by, :tally, CAST(:faults AS jsonb), :twice, :open)
"""
_KEEP = "INSERT INTO crowd_ids (crowd_id, channel, numbers, ids) VALUES (:crowd, :channel, :numbers, :ids)"


def upgrade() -> None:
    bind = op.get_bind()
    families: dict[tuple[object, ...], dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    done = []
    for row in bind.execute(sa.text(_IN_FORCE)):
        families[row.event_id, row.channel, row.language, row.district][row.person].append(row)
        done.append(row.id)
    for people in families.values():
        everybody = sorted(people)
        for first in range(0, len(everybody), _BATCH):
            _family(bind, {person: people[person] for person in everybody[first:first + _BATCH]})
    for first in range(0, len(done), 10_000):
        bind.execute(sa.text("DELETE FROM delivery WHERE id = ANY(:ids)"), {"ids": done[first:first + 10_000]})


def _family(bind: sa.Connection, people: dict[int, list[Row]]) -> None:
    """The same people's versions stand under one root; of two rows of a person in one version the later one counts."""
    versions: dict[tuple[int, int], dict[int, Row]] = defaultdict(dict)
    for person, rows in people.items():
        for row in rows:
            versions[row.version, _ROLES.index(row.role)][person] = row
    root = None
    for key in sorted(versions):
        root = _batch(bind, versions[key], root)


def _batch(bind: sa.Connection, rows: dict[int, Row], root: int | None) -> int:
    members = sorted(rows)
    ordered = [rows[person] for person in members]
    said = [("", ""), *sorted({(row.reason, row.evidence) for row in ordered} - {("", "")})]
    tally = [sum(row.state == state for row in ordered) for state in _STATES]
    faults: dict[str, int] = defaultdict(int)
    for row in ordered:
        if row.state == 'failed':
            faults[row.reason] += 1
    one = ordered[0]
    number = bind.execute(sa.text("SELECT nextval(pg_get_serial_sequence('crowd', 'id'))")).scalar_one()
    bind.execute(sa.text(_ADD), {
        "id": number, "root": root or number, "identifier": one.identifier, "event_id": one.event_id, "version": one.version,
        "channel": one.channel, "language": one.language, "district": one.district, "role": one.role, "priority": _rank(one), "size": len(members),
        "members": members, "first": members[0], "last": members[-1],
        "codes": bytes(_STATES.index(row.state) | (0x80 if row.maybe_twice else 0) for row in ordered),
        "tries": bytes(min(row.attempts, 255) for row in ordered), "said": json.dumps(said, ensure_ascii=False),
        "said_by": b"".join(said.index((row.reason, row.evidence)).to_bytes(2, "little") for row in ordered),
        "tally": tally, "faults": json.dumps(faults), "twice": sum(row.maybe_twice for row in ordered),
        "open": any(row.state in ('queued', 'claimed', 'unknown') for row in ordered)})
    told = [(place, row.external_id) for place, row in enumerate(ordered) if row.external_id]
    if told:
        bind.execute(sa.text(_KEEP), {
            "crowd": number, "channel": one.channel, "numbers": [place for place, _ in told], "ids": "\n".join(ids for _, ids in told)})
    return int(root or number)


def _rank(row: Row) -> int:
    """As dispatch/rank had it when this was written: level, the errand of residents, the earlier deadline."""
    deadline = min(row.sent.timestamp() + 600, row.expires.timestamp())
    ticks = min(max(int((deadline - datetime(2025, 1, 1, tzinfo=UTC).timestamp()) // 10), 0), 59_999_999)
    return (int(row.level) * 5 + 1) * 60_000_000 + 59_999_999 - ticks


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
