"""The audit trail refuses changes, and shows those of somebody who may switch the refusal off."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256

import psycopg
import pytest
from sqlalchemy import text

from warning.account import Account
from warning.store.accounts import add_account
from warning.store.audit import Head, head, note, verify
from warning.store.database import Database

AT = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


async def act(database: Database, number: int) -> None:
    async with database.begin() as connection:
        await note(connection, who="lin", act="approve", what=f"alert {number}", at=AT, detail={"级别": "red", "share": 0.4})


def forge(url: str, *statements: str) -> None:
    """What a database superuser can do: the triggers are off."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())


async def test_an_empty_trail_is_whole(database: Database) -> None:
    verdict = await verify(database)
    assert (verdict.head.seq, verdict.faults) == (0, ())


async def test_each_link_hashes_the_hash_before_it_and_the_record(database: Database) -> None:
    await act(database, 1)
    await act(database, 2)
    async with database.begin() as connection:
        first, second = (await connection.execute(text("SELECT seq, record, hash FROM audit_link ORDER BY seq"))).all()
    assert first.hash == sha256(f"\n{first.record}".encode()).hexdigest()
    assert second.hash == sha256(f"{first.hash}\n{second.record}".encode()).hexdigest()
    assert await head(database) == Head(seq=2, hash=second.hash)
    assert (await verify(database)).faults == ()


@pytest.mark.parametrize("table", ["audit", "audit_link"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET record = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_database_refuses_to_change_or_delete_an_act(
    database: Database, database_url: str, table: str, statement: str
) -> None:
    await act(database, 1)
    wanted = statement.format(table).replace("record", "who" if table == "audit" else "record")
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        connection.execute(wanted.encode())
    assert (await verify(database)).faults == ()


async def test_a_changed_act_is_named_with_what_it_was_and_what_it_is(database: Database, database_url: str) -> None:
    for number in (1, 2, 3):
        await act(database, number)
    forge(database_url, "UPDATE audit SET who = 'nobody' WHERE object = 'alert 2'")
    (fault,) = (await verify(database)).faults
    assert fault.seq == 2
    assert fault.what == "who was 'lin' and is now 'nobody'"


async def test_a_record_changed_together_with_its_act_breaks_the_chain_there(database: Database, database_url: str) -> None:
    for number in (1, 2, 3):
        await act(database, number)
    forge(database_url, "UPDATE audit SET who = 'nob' WHERE object = 'alert 2'",
          "UPDATE audit_link SET record = replace(record, '\"lin\"', '\"nob\"') WHERE seq = 2")
    (fault,) = (await verify(database)).faults
    assert (fault.seq, "the hash does not follow" in fault.what) == (2, True)


async def test_deleted_acts_cut_out_links_and_acts_past_the_chain_are_found(database: Database, database_url: str) -> None:
    for number in (1, 2, 3, 4):
        await act(database, number)
    forge(database_url, "DELETE FROM audit WHERE object = 'alert 1'", "DELETE FROM audit_link WHERE seq = 3",
          "INSERT INTO audit (at, who, act, object) VALUES (now(), 'x', 'approve', 'alert 9')")
    whats = [fault.what for fault in (await verify(database)).faults]
    assert whats[0].startswith("the act was deleted; recorded was {")
    assert "alert 1" in whats[0]
    assert whats[1] == "links 3 to 3 were taken out"
    assert whats[2].endswith("the hash does not follow")
    assert whats[3:] == ["this act was written past the chain"] * 2


async def test_only_a_published_head_shows_a_chain_whose_end_was_cut_off_or_written_anew(
    database: Database, database_url: str
) -> None:
    await act(database, 1)
    await act(database, 2)
    published = await head(database)
    forge(database_url, "DELETE FROM audit WHERE object = 'alert 2'", "DELETE FROM audit_link WHERE seq = 2")
    assert (await verify(database)).faults == ()
    (cut,) = (await verify(database, published=published)).faults
    assert cut.what.endswith("its end was cut off")
    await act(database, 3)
    (anew,) = (await verify(database, published=published)).faults
    assert anew.what.endswith("was rewritten")


async def test_forty_acts_at_once_make_one_chain_without_a_gap(database: Database) -> None:
    await asyncio.gather(*(act(database, number) for number in range(40)))
    verdict = await verify(database)
    assert (verdict.head.seq, verdict.faults) == (40, ())


async def test_an_act_that_is_rolled_back_leaves_no_link(database: Database) -> None:
    async with database.engine.connect() as connection:
        await note(connection, who="lin", act="approve", what="alert 1", at=AT)
        await connection.rollback()
    assert (await head(database)).seq == 0


async def test_acts_from_before_the_chain_are_taken_into_it(database: Database, database_url: str) -> None:
    forge(database_url, "INSERT INTO audit (at, who, act, object) VALUES (now(), 'fu', 'submit', 'old')")
    async with database.begin() as connection:
        await connection.execute(text("SELECT audit_append(audit) FROM audit ORDER BY id"))
    await act(database, 1)
    verdict = await verify(database)
    assert (verdict.head.seq, verdict.faults) == (2, ())


async def test_a_new_account_is_an_act_and_its_token_is_not_in_it(database: Database) -> None:
    token = await add_account(database, Account(name="wang", role="approver", area="310115"), by="root", at=AT)
    async with database.begin() as connection:
        (row,) = (await connection.execute(text("SELECT a.who, a.object, l.record FROM audit a JOIN audit_link l ON l.audit_id = a.id"))).all()
    assert (row.who, row.object) == ("root", "account wang")
    assert '"area": "310115"' in row.record
    assert token not in row.record
