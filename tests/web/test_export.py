"""A copy of the public pages: all places, both languages, links that hold anywhere, turned in one step, loud about its age."""

import json
import re
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.web.conftest import World
from warning.errors import ConfigError
from warning.web.export import export

GOOD_FOR = timedelta(minutes=15)


async def made(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    await export(world.parts, folder, good_for=GOOD_FOR)
    return folder


async def test_every_place_is_there_in_both_languages_and_every_link_leads_to_a_file(world: World, tmp_path: Path) -> None:
    first = await world.warned(zones=["310115"])
    await world.warned(zones=["310115"], action="cancel", replaces=first)
    await world.warned(zones=["310120"], level="orange")
    folder = await made(world, tmp_path)
    pages = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    for zone in world.parts.zones:
        assert {f"place/{zone.code}.html", f"en/place/{zone.code}.html"} <= pages
    assert {"index.html", "en/index.html", "archive.html", "en/archive.html"} <= pages
    broken = []
    for name in pages:
        for link in re.findall(r'(?:href|src)="([^"#]+)"', (folder / name).read_text(encoding="utf-8")):
            target = (folder / name).parent / urllib.parse.unquote(link)
            if not link.startswith("data:") and (link.startswith("/") or not target.resolve().is_file()):
                broken.append(f"{name}: {link}")
    assert broken == []


async def test_a_copy_says_in_words_until_when_it_may_be_believed(world: World, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    folder = await made(world, tmp_path)
    page, english = ((folder / name).read_text(encoding="utf-8") for name in ("place/310115.html", "en/index.html"))
    # 00:30 UTC is 08:30 in Beijing, and good for a quarter of an hour.
    assert re.search(r"静态副本.*08:30.*08:45", re.sub(r"<[^>]+>", "", page))
    assert re.search(r"STATIC COPY.*08:30.*08:45", re.sub(r"<[^>]+>", "", english))
    [until] = re.findall(r'data-until="([^"]+)"', page)
    assert before + GOOD_FOR - timedelta(seconds=1) <= datetime.fromisoformat(until) <= datetime.now(UTC) + GOOD_FOR, "the phone's clock is real"
    assert "不等于平安" in page
    assert (folder / "page.js").is_file()


async def test_programs_find_the_feeds_and_the_documents(world: World, tmp_path: Path) -> None:
    identifier = await world.warned(zones=["310115"])
    folder = await made(world, tmp_path)
    assert [one["id"] for one in json.loads((folder / "api/alerts.geojson").read_text(encoding="utf-8"))["features"]] == [identifier]
    assert identifier in (folder / "api/feed.atom").read_text(encoding="utf-8")
    assert (folder / f"api/alerts/{identifier}.xml").read_text(encoding="utf-8") == (await world.get(f"/api/alerts/{identifier}.xml")).text


async def test_the_link_is_turned_whole_and_only_two_versions_are_left(world: World, tmp_path: Path) -> None:
    versions = []
    for _ in range(3):
        folder = await made(world, tmp_path)
        assert folder.is_symlink()
        versions.append(folder.resolve())
    assert len(set(versions)) == 3
    assert [path.exists() for path in versions] == [False, True, True]


async def test_a_folder_that_is_somebody_elses_is_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no export of ours"):
        await made(world, tmp_path)
    assert (tmp_path / "public" / "mine.txt").exists()
