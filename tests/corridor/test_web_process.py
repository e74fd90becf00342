"""The process ``xiaoxishu web``: it provisions the one-to-many ways out, and its watch begins again after a fault."""

import asyncio
import os
import re
import shutil
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import yaml

from tests.corridor.conftest import opened_corridor, until
from tests.corridor.rain import rain_file
from warning.store.drill import DrillClock

PUDONG = (121.60, 31.00, 121.72, 31.15)


async def test_a_face_registers_its_broadcasts_and_finds_a_feed_that_was_not_there_at_its_start(
    database_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        incoming = tmp_path / "incoming"
        settings = yaml.safe_load(corridor.settings_file.read_text(encoding="utf-8"))
        settings["feeds"] = [{"kind": "folder", "source": "nowcast", "options": {"path": str(incoming), "pattern": "*.nc"}}]
        settings["export"] = {"folder": str(tmp_path / "public"), "every_s": 1}
        corridor.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        face = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "warning.cli", "web", "--config", str(corridor.settings_file), "--port", "0",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
        assert face.stderr is not None
        try:
            said = ""
            # The folder is not there: the watch says so, and is tried again.
            while "begins again" not in said or (listening := re.search(r"listening .*port=(\d+)", said)) is None:
                line = await asyncio.wait_for(face.stderr.readline(), 120)
                assert line, said
                said += line.decode()

            async def written_down() -> bool:
                return bool(await corridor.rows("SELECT 1 FROM feed_watch WHERE source = 'nowcast' AND fault LIKE '%cannot be read%'"))

            await until(written_down)
            # A watched folder waits until a file has stood still for two seconds of the deployment's clock.
            assert isinstance(corridor.parts.clock, DrillClock)
            await corridor.parts.clock.move_to(corridor.now, speed=1.0)
            rain_file(tmp_path, corridor.now, {PUDONG: 20.0})
            incoming.mkdir()
            shutil.move(tmp_path / f"nowcast_{corridor.now:%Y%m%d%H%M}.nc", incoming)

            async def proposed() -> bool:
                return bool(await corridor.proposals("310115"))

            await until(proposed)
            broadcasts = await corridor.rows("SELECT channel, lane, address FROM subscription WHERE kind = 'broadcast'")
            assert broadcasts == [{"channel": "spool", "lane": "exercise", "address": "{identifier}"}]
            copy = tmp_path / "public" / "place" / "310115.html"

            async def copied() -> bool:
                return copy.exists()

            await until(copied)
            assert "静态副本" in copy.read_text(encoding="utf-8"), "the copy is kept beside it"
            async with httpx.AsyncClient(timeout=60) as listener, listener.stream("GET", f"http://127.0.0.1:{listening[1]}/api/events") as news:
                assert news.status_code == 200
                os.kill(face.pid, signal.SIGTERM)
                await asyncio.wait_for(face.communicate(), 120)  # though somebody listens who would never go by himself
            assert face.returncode == 130
        finally:
            if face.returncode is None:
                face.kill()
            await face.communicate()
