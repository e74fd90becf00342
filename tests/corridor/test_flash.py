"""A red warning over the whole screen of a responsible person's telephone, in the product and by SMPP."""

from contextlib import AsyncExitStack
from pathlib import Path

import yaml

from tests.corridor.conftest import OFFICER, Corridor, opened_corridor
from warning.app import opened
from warning.dispatch.subscribe import OfficeSubscription
from warning.level import Level
from warning.settings import load_settings

POST, PERSON = "8613800000001", "8613900000002"


async def test_red_flashes_for_a_post_and_neither_orange_nor_a_resident_of_a_drill_does(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = await opened_corridor(database_url, tmp_path, stack, channels=False)
        settings = yaml.safe_load(first.settings_file.read_text(encoding="utf-8"))
        next(channel for channel in settings["channels"] if channel["name"] == "sms")["flash"] = "everybody"
        first.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        parts = await stack.enter_async_context(opened(load_settings(first.settings_file)))
        corridor = Corridor(parts=parts, smsc=first.smsc, sink=first.sink, folder=tmp_path, settings_file=first.settings_file)
        await parts.subscriptions.office(OfficeSubscription(name="duty", channel="sms", address=POST, zones=("310115",)), account=OFFICER)
        await corridor.resident(PERSON)
        for level in (Level.ORANGE, Level.RED):
            await corridor.send(await corridor.warned(level=level, issuer="310000" if level is Level.RED else "310115"))
        shown = {(caught.destination, caught.flash) for caught in corridor.smsc.caught}
    assert shown == {(POST, False), (POST, True), (PERSON, False)}
