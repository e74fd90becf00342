"""What is done before a server listens: the first visitor waits for nothing, the collector for nobody, and nothing that is handed about spells itself out."""

import gc

import pytest

from tests.web.conftest import World
from warning.web import sheets
from warning.web.console.reading import Watch
from warning.web.console.visit import Visit
from warning.web.warm import settle, warm


async def test_the_first_visitor_is_given_pages_that_are_made_already(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = world.app.state.watch = Watch(world.parts, world.app.state.fields)
    identifier = await world.warned(zones=["310115"], level="red")
    await warm(world.app)
    reading = await watch.reading()
    assert [alert.identifier for alert in reading.in_force] == [identifier]
    monkeypatch.setattr(sheets, "city", None)  # whoever made the page now would fail
    for path, words in (("/", "暴雨"), ("/en", "Rainstorm")):
        answer = await world.get(path)
        assert answer.status_code == 200
        assert words in answer.text
    assert {number for number, _ in watch.ground._made} == {0}, "the coarsest borders, which the main page opens with"


async def test_a_server_opens_although_its_database_is_away(world: World) -> None:
    await world.parts.database.close()
    world.parts.database.__init__("postgresql://postgres@127.0.0.1:1/nobody")  # type: ignore[misc]  # the same object: everybody holds it
    world.app.state.watch = Watch(world.parts, world.app.state.fields)
    await warm(world.app)
    assert (await world.app.state.watch.reading()).away


def test_what_is_there_when_serving_begins_is_never_walked_through_again() -> None:
    try:
        settle()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


async def test_neither_the_secret_nor_ten_thousand_zones_stand_in_a_tasks_name(world: World) -> None:
    """NiceGUI names the task of each timer after what it calls: a page that spelled its parts out took a tenth of a second longer."""
    watch = Watch(world.parts, world.app.state.fields)
    visit = Visit(parts=world.parts, watch=watch, session=world.app.state.session, request=None, account=None, lang="zh")  # type: ignore[arg-type]  # no browser here
    assert len(str(visit.leave)) < 200
    assert "s" * 32 not in str(visit.leave) + repr(world.parts)
