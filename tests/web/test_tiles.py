"""What the map lies on: nothing by default, the file of the deployment, or the one address that it has named."""

from pathlib import Path

import pytest
from pmtiles.tile import TileType

from tests.web.conftest import opened_world
from tests.web.pictures import plain_png, pmtiles
from warning.errors import ConfigError, NotFound
from warning.settings import MapSettings
from warning.web.console.tiles import Tiles


def test_nothing_is_configured_by_default_and_nothing_is_told_to_the_map() -> None:
    assert (MapSettings().tiles, MapSettings().origin, Tiles(MapSettings()).told()) == ("", "", None)


def test_a_file_gives_its_pictures_by_zoom_and_place_and_says_where_it_ends(tmp_path: Path) -> None:
    red, blue = plain_png(200, 0, 0), plain_png(0, 0, 200)
    tiles = Tiles(MapSettings(tiles=str(pmtiles(tmp_path / "base.pmtiles", {(3, 6, 3): red, (4, 13, 6): blue})), attribution="© 测绘院"))
    told = tiles.told()
    assert told is not None
    address = str(told["url"])
    assert (told["min"], told["max"], told["attribution"], tiles.media_type) == (3, 4, "© 测绘院", "image/png")
    version = address.split("/")[3]
    assert address == f"/console/tiles/{version}/{{z}}/{{x}}/{{y}}"
    assert (tiles.tile(version, 3, 6, 3), tiles.tile(version, 4, 13, 6)) == (red, blue)
    for z, x, y in ((3, 0, 0), (5, 26, 12), (-1, 0, 0), (3, 8, 3), (3, 6, -1)):
        with pytest.raises(NotFound):
            tiles.tile(version, z, x, y)
    with pytest.raises(NotFound):
        tiles.tile("another", 3, 6, 3)


def test_a_file_that_the_map_cannot_show_is_refused_at_the_start_with_its_key(tmp_path: Path) -> None:
    vectors = pmtiles(tmp_path / "vectors.pmtiles", {(0, 0, 0): b"\x1a\x00"}, TileType.MVT)
    (tmp_path / "text.pmtiles").write_bytes(b"no tiles at all" * 20)
    for path, told in ((vectors, "holds MVT: the map shows pictures"), (tmp_path / "text.pmtiles", "is no PMTiles file of version 3"),
                       (tmp_path / "none.pmtiles", "cannot be read: No such file")):
        with pytest.raises(ConfigError, match=f"map: tiles: .*{told}"):
            Tiles(MapSettings(tiles=str(path)))


@pytest.mark.parametrize("wrong", ["https://tiles.city.example/base.png", "ftp://tiles.city.example/{z}/{x}/{y}", "https://a b/{z}/{x}/{y}",
                                   "https://one.example;script-src *//{z}/{x}/{y}", "/srv/base.mbtiles", "https://me:secret@tiles.example/{z}/{x}/{y}"])
def test_an_address_that_is_none_widens_nothing(wrong: str) -> None:
    with pytest.raises(ValueError, match="tiles: give https://host"):
        MapSettings(tiles=wrong)


async def test_one_named_origin_may_give_pictures_to_the_console_and_to_no_other_page(database_url: str, tmp_path: Path) -> None:
    map_ = MapSettings(tiles="https://tiles.city.example:8443/base/{z}/{x}/{y}.png?key=k")
    assert Tiles(map_).told() == {"url": map_.tiles, "min": 0, "max": 19, "attribution": ""}
    async with opened_world(database_url, tmp_path, map_=map_) as world:
        console, page = [(await world.http.get(path)).headers["content-security-policy"] for path in ("/console/", "/")]
        assert "img-src 'self' data: blob: https://tiles.city.example:8443;" in console
        assert console.count("tiles.city.example") == 1
        assert "http" not in page
