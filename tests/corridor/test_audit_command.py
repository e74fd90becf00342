"""``xiaoxishu audit``: the newest link is printed to be kept elsewhere, and a trail that was tampered with ends the command with 1."""

import asyncio
import json

import pytest
import typer

from tests.corridor.conftest import Corridor
from tests.corridor.test_audit import forge
from warning.cli.entry import cli


async def run(corridor: Corridor, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """(exit code, what it printed)."""
    code = await asyncio.to_thread(cli, ["audit", *words, "--config", str(corridor.settings_file)], standalone_mode=False)
    return int(code or 0), capsys.readouterr().out.strip()


async def test_a_whole_trail_is_said_to_be_whole_and_an_act_that_was_changed_is_named(corridor: Corridor, capsys: pytest.CaptureFixture[str]) -> None:
    await corridor.warned()
    _, head = await run(corridor, capsys, "head")
    count = int(head.partition(":")[0])
    assert count >= 3  # composed, submitted, approved
    assert await run(corridor, capsys, "verify", "--published", head) == (0, f"{count} acts, 0 faults, head {head}")
    forge(corridor.parts.database.url, "UPDATE audit SET who = 'nobody' WHERE act = 'approve'")
    code, said = await run(corridor, capsys, "verify")
    assert code == 1
    assert "who was 'lin' and is now 'nobody'" in said
    assert f"{count} acts, 1 faults" in said
    code, said = await run(corridor, capsys, "verify", "--json")
    assert (code, [fault["seq"] for fault in json.loads(said)["faults"]]) == (1, [count])


async def test_a_trail_whose_end_was_cut_off_is_found_by_the_head_that_was_kept(corridor: Corridor, capsys: pytest.CaptureFixture[str]) -> None:
    await corridor.warned()
    _, head = await run(corridor, capsys, "head")
    forge(corridor.parts.database.url, "DELETE FROM audit WHERE act = 'approve'",
          "DELETE FROM audit_link WHERE seq = (SELECT max(seq) FROM audit_link)")
    assert (await run(corridor, capsys, "verify"))[0] == 0  # what is left is whole
    code, said = await run(corridor, capsys, "verify", "--published", head)
    assert code == 1
    assert "its end was cut off" in said
    with pytest.raises(typer.BadParameter, match="SEQ:HASH"):
        await run(corridor, capsys, "verify", "--published", "yesterday")
