"""``xiaoxishu account``: the first admins are made at the machine, later acts wait for a second admin or are told to everybody."""

import asyncio
import re

import pytest

from tests.corridor.conftest import Corridor
from warning.cli.entry import cli


async def run(corridor: Corridor, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    await asyncio.to_thread(cli, ["account", *words, "--config", str(corridor.settings_file)], standalone_mode=False)
    return capsys.readouterr().out.strip()


async def names(corridor: Corridor) -> list[str]:
    return [row["name"] for row in await corridor.rows("SELECT name FROM account WHERE active ORDER BY name")]


async def test_with_two_admins_a_third_persons_account_waits_for_one_of_them(corridor: Corridor, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ann", "bob"):
        assert (await run(corridor, capsys, "add", name, "--role", "admin")).startswith("xxs_")
    said = await run(corridor, capsys, "add", "li", "--role", "forecaster")
    assert re.match(r"waits as [0-9a-f-]{36} until ann or bob confirms it", said)
    assert await names(corridor) == ["ann", "bob"]
    assert "waits as" in await run(corridor, capsys, "add", "eve", "--role", "admin")


async def test_done_alone_it_is_told_to_everybody(corridor: Corridor, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ann", "bob", "cy"):
        await run(corridor, capsys, "add", name, "--role", "admin", "--alone", "the others are at sea")
    assert await run(corridor, capsys, "withdraw", "cy", "--alone", "phone stolen, nobody else awake") == "cy may not act any more"
    assert await names(corridor) == ["ann", "bob"]
    told = [row["text"] for row in await corridor.rows("SELECT text FROM notice ORDER BY key")]
    assert any("did this alone: withdraw account cy (phone stolen, nobody else awake)" in one for one in told)
    assert "withdraw alone" in [row["act"] for row in await corridor.rows("SELECT act FROM audit")]
