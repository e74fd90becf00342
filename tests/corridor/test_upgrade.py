"""A warning in force while its deployment is upgraded to the mass lane: residents who were told one by one hear its end, and nobody hears it again."""

from importlib import util
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine

from channels.message import Outcome, Receipt
from tests.corridor.conftest import AT, Corridor
from warning import store
from warning.level import Level
from warning.store import progress
from warning.store.database import engine_url

TOLD, WAITS, FAILED = "8613900000001", "8613900000002", "8613900000003"


def converted(url: str) -> None:
    """The migration's own act, on rows as an older version left them."""
    [file] = Path(str(store.__file__)).parent.glob("migrations/versions/*_residents_in_force.py")
    spec = util.spec_from_file_location("residents_in_force", file)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    engine = create_engine(engine_url(url))
    with engine.begin() as connection:
        _upgrade(connection, module.upgrade)
    engine.dispose()


def _upgrade(connection: Connection, upgrade: object) -> None:
    assert callable(upgrade)
    with Operations.context(MigrationContext.configure(connection)):
        upgrade()


async def one_by_one(corridor: Corridor) -> str:
    """An orange warning of two versions as the lane before kept it: one was told, one waits, one failed."""
    for number in (TOLD, WAITS, FAILED):
        await corridor.resident(number)
    first = await corridor.warned(level=Level.YELLOW)
    second = await corridor.warned(level=Level.ORANGE, action="update", replaces=first)
    await corridor.execute("UPDATE alert SET expanded_at = sent, expires = clock_timestamp() + interval '1 hour'")
    for alert, version, states in ((first, 1, ("delivered", "superseded", "superseded")), (second, 2, ("accepted", "queued", "failed"))):
        await corridor.execute(
            "WITH made AS (INSERT INTO batch (identifier, channel, slot, priority, size) VALUES (:i, 'sms', 0, 3, 3) RETURNING id), "
            "person AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM subscription WHERE kind = 'resident') "
            "INSERT INTO delivery (identifier, event_id, version, channel, subscription_id, role, state, reason, evidence, external_id, attempts, batch_id) "
            "SELECT a.identifier, a.event_id, a.version, 'sms', p.id, CASE WHEN :v = 1 OR p.n > 1 THEN 'start' ELSE 'change' END, "
            "(CAST(:states AS text[]))[p.n], CASE (CAST(:states AS text[]))[p.n] WHEN 'failed' THEN 'refused' WHEN 'superseded' THEN 'newer_version' ELSE '' END, "
            "'as it was', CASE WHEN p.n = 1 THEN 'g' || CAST(:v AS text) END, 1, m.id "
            "FROM alert a CROSS JOIN person p CROSS JOIN made m WHERE a.identifier = :i", i=alert, v=version, states=list(states))
    return second


async def test_residents_of_a_warning_in_force_are_in_batches_after_the_upgrade_as_they_were_before(corridor: Corridor) -> None:
    alert = await one_by_one(corridor)
    before = await corridor.rows("SELECT identifier, subscription_id, role, state, reason, evidence, attempts, external_id FROM recipient ORDER BY 1, 2")
    converted(corridor.parts.database.url)
    assert await corridor.rows(
        "SELECT identifier, subscription_id, role, state, reason, evidence, attempts, external_id FROM recipient ORDER BY 1, 2") == before
    assert await corridor.rows("SELECT 1 FROM delivery") == []
    assert await progress.counts(corridor.parts.database, alert) == {"sms": {"accepted": 1, "failed": 1, "queued": 1}}
    [dead] = await progress.dead_letters(corridor.parts.database, alert)
    assert (dead.reason, dead.count) == ("refused", 1)


async def test_the_end_of_a_warning_that_began_before_the_upgrade_is_told_to_those_who_had_its_start(corridor: Corridor) -> None:
    alert = await one_by_one(corridor)
    converted(corridor.parts.database.url)
    # The handset reports after the upgrade, by the gateway's number alone.
    await corridor.parts.dispatch.on_receipt(Receipt(key="", outcome=Outcome.DELIVERED, at=AT, external_id="g2", evidence="stat:DELIVRD", channel="sms"))
    await corridor.parts.dispatch.flush()
    assert (await corridor.states(alert))[TOLD] == ("delivered", "")
    cancel = await corridor.warned(level=Level.ORANGE, action="cancel", replaces=alert)
    async with corridor.working():
        await corridor.drained()
    assert (await corridor.states(cancel))[WAITS] == ("muted", "no_start")
    assert (await corridor.states(alert))[WAITS] == ("superseded", "newer_version")
    assert (len(corridor.heard(TOLD)), len(corridor.heard(WAITS)), len(corridor.heard(FAILED))) == (1, 0, 0)
    assert "解除" in corridor.heard(TOLD)[0]


async def test_a_change_after_the_upgrade_is_a_change_for_those_inside_and_no_end(corridor: Corridor) -> None:
    alert = await one_by_one(corridor)
    converted(corridor.parts.database.url)
    red = await corridor.warned(level=Level.RED, action="update", replaces=alert)
    async with corridor.working():
        await corridor.parts.ledger.sweep()
        await corridor.drained()
    assert {row["role"] for row in (await corridor.deliveries(red)).values()} == {"change"}
    assert ["解除" in text for text in corridor.heard(TOLD)] == [False]
    assert len(await corridor.deliveries(red)) == 3


async def test_who_still_waited_is_told_after_the_upgrade(corridor: Corridor) -> None:
    alert = await one_by_one(corridor)
    converted(corridor.parts.database.url)
    async with corridor.working():
        await corridor.parts.ledger.sweep()
        await corridor.drained()
    assert (len(corridor.heard(TOLD)), len(corridor.heard(WAITS)), len(corridor.heard(FAILED))) == (0, 1, 0)
    assert (await corridor.states(alert))[WAITS][0] in ("accepted", "delivered")
