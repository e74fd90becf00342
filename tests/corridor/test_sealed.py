"""Secrets at rest: what signs and what proves lies sealed in the database, and the key is changed while everything goes on."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import yaml
from sqlalchemy import text
from typer.testing import CliRunner

from tests.corridor.conftest import Corridor, opened_corridor
from tests.corridor.test_calls import brings
from warning.account import Account
from warning.app import opened, renounce
from warning.cli.entry import cli
from warning.dispatch.subscribe import OfficeSubscription, ResidentSubscription
from warning.errors import ConfigError, NotFound
from warning.level import Level
from warning.parts import Parts
from warning.settings import Settings, load_settings
from warning.store.database import Database

OFFICER = Account(name="pudong", role="office", area="310115")
OLD, NEW = "s" * 32, "the-secret-that-comes-after-it"
FIRST, SECOND = "the-first-secret-of-all", "the-second-secret-of-all"
NUMBER = "8613800000001"


async def everything(database: Database) -> str:
    """Every row of every table, as a stolen dump would show it."""
    async with database.begin() as connection:
        tables = (await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars().all()
        return "\n".join([str(row) for table in tables for row in (await connection.execute(text(f'SELECT t::text FROM "{table}" t'))).scalars()])


async def subscribed(parts: Parts, secret: str) -> int:
    return await parts.subscriptions.office(OfficeSubscription.model_validate(
        {"name": "office", "channel": "webhook", "address": "http://127.0.0.1:9/x", "secret": secret, "zones": ["310115"]}), account=OFFICER)


async def test_no_webhook_secret_lies_open_and_one_from_before_is_sealed_at_the_start(corridor: Corridor) -> None:
    number = await subscribed(corridor.parts, FIRST)
    await corridor.parts.office.new_secret(number, SECOND, account=OFFICER)
    kept = await everything(corridor.parts.database)
    assert FIRST not in kept
    assert SECOND not in kept
    # As an engine before this one wrote it.
    await corridor.execute("UPDATE subscription SET secret = :s", s=SECOND)
    await corridor.execute("UPDATE office_wish SET former_secret = :s", s=FIRST)
    assert SECOND in await everything(corridor.parts.database)
    async with opened(load_settings(corridor.settings_file), channels=False) as parts:
        kept = await everything(parts.database)
        assert FIRST not in kept
        assert SECOND not in kept
        assert (await parts.office._ledger.stored(number, owner="pudong")).secret == SECOND
        assert await parts.subscribers.seal_secrets() == 0


async def test_the_secret_is_changed_while_stop_answers_and_second_factors_go_on(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        number = await subscribed(corridor.parts, FIRST)
        await corridor.resident(NUMBER)
        identifier = await corridor.warned()
        await corridor.parts.dispatch.expand(identifier)
        before = (await corridor.parts.answer.call(identifier, [number]))[number].rpartition("/")[2]
        await corridor.execute("INSERT INTO account (name, role, token_hash) VALUES ('fu', 'forecaster', 'x')")
        fu = Account(name="fu", role="forecaster")
        app = pyotp.TOTP(await corridor.parts.trust.begin_factor(fu))
        told: list[str] = []
        async with opened(_settings(corridor, secret=NEW, other_secrets=[OLD]), channels=False) as parts:
            # Under both: the same person with a second place, the same office, the same phone, the same call.
            await parts.subscriptions.resident(ResidentSubscription(channel="sms", address=NUMBER, lat=31.23, lon=121.48))
            assert [tuple(row.values()) for row in await corridor.rows(
                "SELECT count(DISTINCT person) AS persons, count(*) AS places, count(DISTINCT address) AS words FROM subscription WHERE kind = 'resident'")] == [(1, 2, 1)]
            assert (await parts.office._ledger.stored(number, owner="pudong")).secret == FIRST
            link = (await parts.answer.call(identifier, [number]))[number].rpartition("/")[2]
            assert (link[:32], link != before) == (before[:32], True)
            assert (await parts.answer.asked(link)).identifier == identifier
            assert (await parts.answer.acknowledge(link, by="the mayor")).identifier == identifier
            assert await parts.trust.begin_factor(fu) == app.secret
            await parts.reseal.all(lambda kind, count: told.append(f"{kind} {count}"))
        assert told == ["webhook secrets 1", "roster 0", "second factors 1", "words and registrations 0", "residents 2"]
        async with opened(_settings(corridor, secret=NEW), channels=False) as parts:
            assert (await parts.office._ledger.stored(number, owner="pudong")).secret == FIRST
            assert await parts.trust.begin_factor(fu) == app.secret
            assert await parts.subscriptions.stop("sms", NUMBER) == 2
        # And whoever has only the secret of before reads nothing any more.
        with pytest.raises(ConfigError, match="other_secrets"):
            await corridor.parts.office._ledger.stored(number, owner="pudong")


async def test_a_link_to_duties_that_were_kept_under_the_secret_of_before_opens_and_takes_them(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack)
        await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,王一,,8613800000001,", "310115,浦东新区,防汛责任人,责任人,2,李二,,8613800000002,")
        await corridor.warned(level=Level.BLUE)
        await corridor.parts.response.follow()
        await corridor.parts.words.send_due()
        [before] = [text.rpartition("/")[2] for text in corridor.heard("8613800000001") if "请履职" in text]
        await corridor.move(timedelta(minutes=5))
        async with opened(_settings(corridor, secret=NEW, other_secrets=[OLD])) as parts:
            await parts.response.follow()
            await parts.words.send_due()
            [link] = [text.rpartition("/")[2] for text in corridor.heard("8613800000002") if "请履职" in text]
            assert (link[:32], link != before) == (before[:32], True)
            assert [duty.state for duty in (await parts.response.letter(link)).duties] == ["waiting"]
            assert [duty.state for duty in (await parts.response.take_all(link, by="李二")).duties] == ["acknowledged"]
            assert (await parts.response.letter(before)).id == (await parts.response.letter(link)).id
        changed = _settings(corridor, secret=NEW)
        await renounce(changed)
        async with opened(changed, channels=False) as parts:
            with pytest.raises(NotFound):
                await parts.response.letter(link)


async def test_without_the_secret_of_before_a_call_that_was_opened_under_it_is_answered_by_its_own_link_only(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        number = await subscribed(corridor.parts, FIRST)
        identifier = await corridor.warned()
        await corridor.parts.dispatch.expand(identifier)
        link = (await corridor.parts.answer.call(identifier, [number]))[number].rpartition("/")[2]
        changed = _settings(corridor, secret=NEW)
        await renounce(changed)
        async with opened(changed, channels=False) as parts:
            made = (await parts.answer.call(identifier, [number]))[number].rpartition("/")[2]
            with pytest.raises(NotFound):
                await parts.answer.acknowledge(made, by="the mayor")
            assert (await parts.answer.acknowledge(link, by="the mayor")).identifier == identifier


async def test_a_process_with_another_secret_is_told_at_its_start_and_never_touches_a_batch(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        await corridor.resident(NUMBER)

        async def begins(**changes: object) -> bool:
            try:
                async with opened(_settings(corridor, **changes), channels=False):
                    return True
            except ConfigError as error:
                return "Give every machine the same XIAOXISHU_SECRET" not in str(error)

        assert not await begins(secret=NEW)
        assert await begins(secret=OLD)
        assert await begins(secret=NEW, other_secrets=[OLD])
        await corridor.execute("DELETE FROM secret_witness")  # as an engine before this one left it: an address tells
        assert not await begins(secret=NEW)
        async with opened(_settings(corridor, secret=NEW, other_secrets=[OLD]), channels=False) as parts:
            await parts.reseal.all(lambda *_: None)
        assert not await begins(secret=OLD)
        assert await begins(secret=NEW)


async def test_a_lost_secret_is_given_up_at_the_shell_by_who_says_yes(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        await corridor.resident(NUMBER)
        changed = _settings(corridor, secret=NEW)
        words = ["secret", "renounce", "--config", str(corridor.settings_file)]
        refused = await asyncio.to_thread(CliRunner().invoke, cli, words, input="n\n")
        assert refused.exit_code == 1
        assert "What lies under it will not be read again" in refused.output
        with pytest.raises(ConfigError, match="secret renounce"):
            async with opened(changed, channels=False):
                pass
        agreed = await asyncio.to_thread(CliRunner().invoke, cli, words, input="y\n")
        assert (agreed.exit_code, agreed.output.rstrip().endswith("start the processes again, and bring residents and roster anew")) == (0, True)
        async with opened(changed, channels=False) as parts:
            assert await parts.subscriptions.stop("sms", NUMBER) == 0, "who was registered under it is not known any more"
        with pytest.raises(ConfigError, match="secret renounce"):
            async with opened(_settings(corridor, secret=OLD), channels=False):
                pass


def _settings(corridor: Corridor, **changes: object) -> Settings:
    content = yaml.safe_load(corridor.settings_file.read_text(encoding="utf-8")) | {"other_secrets": []} | changes
    corridor.settings_file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_settings(corridor.settings_file)
