"""What was called before calls had plans goes on after the migration: the link in a person's hand still answers."""

import uuid
from datetime import timedelta
from importlib.resources import as_file, files
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from tests.corridor.conftest import AT
from tests.database import named
from warning.answer.call import token, token_hash
from warning.app import opened
from warning.settings import load_settings
from warning.store.database import engine_url
from warning.store.drill import DrillClock


def migrated_to(url: str, revision: str) -> None:
    engine = create_engine(engine_url(url))
    with as_file(files("warning.store") / "migrations") as folder, engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


async def test_an_open_callout_becomes_a_call_and_its_link_still_answers(server_url: str, tmp_path: Path) -> None:
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = named(server_url, name)
    migrated_to(url, "0017")
    proposal, event, callout = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO proposal (id, issuer, hazard, event_code, level, action, reason, status, cap_status, zones, body, texts, onset, expires, created_at) "
            "VALUES (%s, '310000', 'rainstorm', '11B03', 4, 'new', 'by_hand', 'issued', 'Exercise', '{310115}', '{}', '{}', %s, %s, %s)",
            (proposal, AT, AT + timedelta(hours=3), AT))
        connection.execute(
            "INSERT INTO alert (identifier, event_id, version, msg_type, status, issuer, sender, hazard, event_code, level, sent, onset, expires, zones, headlines, "
            "cap_xml, proposal_id, expanded_at) VALUES ('a', %s, 1, 'Alert', 'Exercise', '310000', 's', 'rainstorm', '11B03', 4, %s, %s, %s, '{310115}', '{}', '', %s, %s)",
            (event, AT, AT, AT + timedelta(hours=3), proposal, AT))
        row = connection.execute("INSERT INTO subscription (kind, lane, name, channel, address) VALUES ('office', 'exercise', 'office', 'webhook', 'x') RETURNING id").fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO callout (id, identifier, event_id, subscription_id, post, token_hash, state, opened_at, deadline) VALUES (%s, 'a', %s, %s, 'office', %s, 'waiting', %s, %s)",
            (callout, event, row[0], token_hash(token("s" * 32, callout)), AT, AT + timedelta(minutes=5)))
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"database_url: {url}\ndata: {tmp_path}\nclock: drill\nsecret: {'s' * 32}\n", encoding="utf-8")
    async with opened(load_settings(settings), channels=False) as parts:  # this migrates
        assert isinstance(parts.clock, DrillClock)
        await parts.clock.move_to(AT + timedelta(minutes=5))
        [late] = await parts.answer.escalate()
        assert (late.post, late.state, late.escalated_to) == ("office", "overdue", "duty room")
        assert (await parts.answer.acknowledge(token("s" * 32, callout), by="duty officer")).late
        assert [call.state for call in await parts.answer.board()] == ["answered"]
