"""The statements of a roster's import: a table at a time, each row set as one JSON document."""

from typing import Final

POSTS: Final = ("""
INSERT INTO roster_post (lane, zone, place, name, kind, hazards, above)
SELECT :lane, r.zone, r.place, r.name, r.kind, r.hazards, r.above
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(zone text, place text, name text, kind text, hazards text[], above text)
ON CONFLICT (lane, zone, name) DO UPDATE SET place = excluded.place, kind = excluded.kind, hazards = excluded.hazards, above = excluded.above, active = true
""",)

PEOPLE: Final = ("""
INSERT INTO roster_person (lane, key, name, title) SELECT :lane, r.key, r.name, r.title
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(key text, name text, title text) ON CONFLICT (lane, key) DO UPDATE SET title = excluded.title
""",)

# An address is kept as every other subscription's: it tells nobody before it is called, and whoever was told hears changes and the end.
SUBSCRIPTIONS: Final = ("""
INSERT INTO subscription (kind, lane, name, channel, address, zones, standby)
SELECT 'duty', :lane, r.name || '（叫应）', r.channel, r.address, r.zones, true
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(name text, channel text, address text, zones text[])
ON CONFLICT (lane, channel, address, cell, name) DO UPDATE SET active = true,
  zones = ARRAY(SELECT DISTINCT z FROM unnest(subscription.zones || excluded.zones) AS z ORDER BY z) WHERE subscription.kind = 'duty'
""",)

_ROWS: Final = "jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(key text, name text, channel text, address text, rank int, expires date)"
CONTACTS: Final = (f"""
DELETE FROM roster_contact k USING roster_person p WHERE p.id = k.person_id AND p.lane = :lane AND p.key IN (SELECT key FROM {_ROWS})
AND NOT EXISTS (SELECT 1 FROM {_ROWS} JOIN subscription s ON s.id = k.subscription_id WHERE r.key = p.key AND r.channel = s.channel AND r.address = s.address)
""", f"""
INSERT INTO roster_contact (person_id, subscription_id, rank, expires)
SELECT p.id, s.id, r.rank, r.expires FROM {_ROWS} JOIN roster_person p ON p.lane = :lane AND p.key = r.key
JOIN subscription s ON s.lane = :lane AND s.kind = 'duty' AND s.channel = r.channel AND s.address = r.address AND s.name = r.name || '（叫应）'
ON CONFLICT (person_id, subscription_id) DO UPDATE SET rank = excluded.rank, expires = excluded.expires
""")

_SEATED: Final = "jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(zone text, post text, key text, rank int)"
SEATS: Final = (f"""
DELETE FROM roster_seat e USING roster_post p WHERE p.id = e.post_id AND p.lane = :lane AND (p.zone, p.name) IN (SELECT zone, post FROM {_SEATED})
""", f"""
INSERT INTO roster_seat (post_id, person_id, rank)
SELECT p.id, q.id, r.rank FROM {_SEATED} JOIN roster_post p ON p.lane = :lane AND p.zone = r.zone AND p.name = r.post
JOIN roster_person q ON q.lane = :lane AND q.key = r.key ON CONFLICT (post_id, person_id) DO NOTHING
""")

_SHIFTED: Final = """jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(zone text, post text, person text, instead_of text, starts timestamptz, ends timestamptz)"""
SHIFTS: Final = (f"""
DELETE FROM roster_shift s USING roster_post p WHERE p.id = s.post_id AND p.lane = :lane AND (p.zone, p.name) IN (SELECT zone, post FROM {_SHIFTED})
""", f"""
INSERT INTO roster_shift (post_id, person, instead_of, starts, ends)
SELECT p.id, r.person, r.instead_of, r.starts, r.ends FROM {_SHIFTED} JOIN roster_post p ON p.lane = :lane AND p.zone = r.zone AND p.name = r.post
""")

PLACES: Final = ("""
INSERT INTO roster_place (lane, zone, name, rule, rule_on, lat, lon) SELECT :lane, r.zone, r.name, r.rule, r.rule_on, r.lat, r.lon
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(zone text, name text, rule text, rule_on date, lat float, lon float)
ON CONFLICT (lane, zone) DO UPDATE SET name = excluded.name, rule = excluded.rule, rule_on = excluded.rule_on, lat = excluded.lat, lon = excluded.lon
""",)

# In the transaction of the import: what is called by an earlier edition is renewed, at once or at the next look.
EDITION: Final = "INSERT INTO roster_edition (lane, number) VALUES (:lane, 1) ON CONFLICT (lane) DO UPDATE SET number = roster_edition.number + 1"

# A post that the list gains while something is in force is called for it: the newest version is looked at once more, which calls nobody twice.
IN_FORCE: Final = """
SELECT a.identifier, a.level, a.sent, a.expires FROM alert a WHERE a.msg_type <> 'Cancel' AND a.expires > :at AND (a.status = 'Actual') = (:lane = 'actual')
AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version) ORDER BY a.level DESC, a.identifier
"""

# Whose person holds no post in use any more is not called; whoever was told already still hears the end.
RETIRED: Final = """
UPDATE subscription s SET active = false WHERE s.kind = 'duty' AND s.lane = :lane AND s.active AND NOT EXISTS (
  SELECT 1 FROM roster_contact k JOIN roster_seat e ON e.person_id = k.person_id JOIN roster_post p ON p.id = e.post_id
  WHERE k.subscription_id = s.id AND p.active)
"""
