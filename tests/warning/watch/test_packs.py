"""Pack and site files: the shipped numbers against a table by hand, faults by file, line and key, metres as metres."""

import json
from pathlib import Path

import pytest
from shapely import Point, box

from warning.configfolder import shipped_config
from warning.errors import ConfigError, RuleError
from warning.level import Level
from warning.watch.chain import Around, NoticeOpen, WarningInForce, holds
from warning.watch.pack import Pack
from warning.watch.packfile import load_packs
from warning.watch.rulefile import load_rule_sets
from warning.watch.site import buffered, load_sites

HAZARDS = {rule.hazard.key for rule_set in load_rule_sets().values() for rule in rule_set.rules}
PACKS = {pack.id: pack for pack in load_packs([shipped_config() / "packs"], hazards=HAZARDS)}

GOOD = """
id: {id}
title: {{zh: 试, en: "Test"}}
sector: test
version: "1"
sites: [thing]
sources: {{here: "this test"}}
classes:
  - key: first
    zh: 一级
    en: "first"
    {asks}
    action: {{zh: "看。", en: "Look."}}
    source: [here]
    confidence: A
"""


def written(folder: Path, text: str, name: str = "p.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


# Section by section as collected, with the classes from the weakest on.
@pytest.mark.parametrize(("pack", "classes"), [
    ("expressway-visibility", [("visibility [m] < 200", "B"), ("visibility [m] < 100", "B"), ("visibility [m] < 50", "B")]),
    ("metro-wind", [("gust_bft [bft] >= 7", "B"), ("gust_bft [bft] >= 8", "K"), ("gust_bft [bft] >= 9", "B")]),
    ("rail-wind", [(f"wind_gust [m s-1] > {v}", "B") for v in (15, 20, 25, 30)]),
    ("crane-wind", [("mean_bft [bft] >= 4", "C"), ("mean_bft [bft] >= 6", "B"), ("mean_bft [bft] >= 14", "C")]),
    ("bridge-wind", [("gust_bft [bft] >= 7", "C"), ("gust_bft [bft] >= 9", "C")]),
    ("underpass-depth", [("water_depth [cm] >= 15", "C"), ("water_depth [cm] >= 30", "C"), ("water_depth [cm] >= 50", "C")]),
    ("farming-frost", [("ground_tmin [degC] <= 0", "B"), ("ground_tmin [degC] <= -3", "B"), ("ground_tmin [degC] <= -5", "B")]),
])
def test_the_shipped_numbers_are_those_of_their_sources(pack: str, classes: list[tuple[str, str]]) -> None:
    assert [(str(one.rule.criterion) if one.rule else "", one.confidence) for one in PACKS[pack].classes] == classes


def test_a_number_that_nobody_confirmed_bears_its_flag_in_every_pack() -> None:
    everything = [one for pack in PACKS.values() for one in pack.classes]
    assert len(PACKS) == 23
    assert [one.key for one in everything if one.confidence in ("K", "U") and not one.unconfirmed] == []
    assert all(one.source and one.action_zh and one.action_en for one in everything)
    assert [one.manual != "" for one in PACKS["port-wind"].classes] == [True], "a number that was not found is a person's"


def test_the_strongest_class_stands_where_red_stands_and_is_never_delayed() -> None:
    assert [one.level for one in PACKS["expressway-visibility"].classes] == [Level.YELLOW, Level.ORANGE, Level.RED]
    assert [one.level for one in PACKS["sheds-typhoon"].classes] == [Level.RED]


def test_a_changed_number_is_another_pack_to_be_signed_anew(tmp_path: Path) -> None:
    asks = "lead_h: 1\n    condition: {quantity: visibility, op: \"<\", value: 200, units: \"m\"}"
    one = load_packs([written(tmp_path / "a", GOOD.format(id="x", asks=asks))], hazards=HAZARDS)
    two = load_packs([written(tmp_path / "b", GOOD.format(id="x", asks=asks.replace("200", "201")))], hazards=HAZARDS)
    same = load_packs([written(tmp_path / "c", GOOD.format(id="x", asks=asks) + "# a remark\n")], hazards=HAZARDS)
    assert one[0].digest == same[0].digest != two[0].digest


def test_a_pack_of_the_deployment_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    asks = "lead_h: 1\n    condition: {quantity: gust_bft, op: \">=\", value: 8, units: bft}"
    own = written(tmp_path, GOOD.format(id="bridge-wind", asks=asks))
    found: dict[str, Pack] = {pack.id: pack for pack in load_packs([shipped_config() / "packs", own], hazards=HAZARDS)}
    assert len(found) == 23
    assert len(found["bridge-wind"].classes) == 1


@pytest.mark.parametrize(("asks", "told"), [
    ("in_force: {hazard: rainstrom, level: blue}", r"p\.yaml:12: classes\[0\]\.in_force\.hazard: no rule set has the hazard 'rainstrom'"),
    ("notice: {pack: nobody, class: first}", r"p\.yaml:12: classes\[0\]\.notice\.pack: no pack 'nobody'"),
    ("notice: {pack: x, class: second}", r"has no class 'second'; it has first"),
    ("notice: {pack: x, class: first}", r"p\.yaml:12: classes\[0\]\.notice\.pack: x → x ask each other in a circle"),
    ("manual: true", r"say what number is missing"),
    ("lead_h: 1", r"a class has condition, in_force or notice, or manual: true"),
    ("condition: {quantity: visibility, op: \"<\", value: 200, units: \"m\"}", r"lead_h goes with condition"),
    ("lead_h: 1\n    condition: {quantity: visibilty, op: \"<\", value: 200, units: \"m\"}", r"p\.yaml:13: .*did you mean 'visibility'"),
    ("in_force: {hazard: rainstorm}\n    confidense: A", r"p\.yaml:13: .*did you mean 'confidence'"),
])
def test_a_fault_in_a_pack_is_told_by_file_line_and_key(tmp_path: Path, asks: str, told: str) -> None:
    with pytest.raises(RuleError, match=told):
        load_packs([written(tmp_path, GOOD.format(id="x", asks=asks))], hazards=HAZARDS)


def test_a_circle_of_three_packs_is_refused_at_load_with_its_way(tmp_path: Path) -> None:
    for id_, asked in (("a", "b"), ("b", "c"), ("c", "a")):
        written(tmp_path, GOOD.format(id=id_, asks=f"notice: {{pack: {asked}, class: first}}"), f"{id_}.yaml")
    with pytest.raises(RuleError, match=r"c\.yaml:12: classes\[0\]\.notice\.pack: a → b → c → a ask each other in a circle"):
        load_packs([tmp_path], hazards=HAZARDS)


def test_a_pack_comes_after_those_whose_notices_it_asks_for(tmp_path: Path) -> None:
    rain = "in_force: {hazard: rainstorm}"
    for id_, asks in (("a", "notice: {pack: b, class: first}"), ("b", "notice: {pack: c, class: first}"), ("c", rain)):
        written(tmp_path, GOOD.format(id=id_, asks=asks), f"{id_}.yaml")
    assert [pack.id for pack in load_packs([tmp_path], hazards=HAZARDS)] == ["c", "b", "a"]


@pytest.mark.parametrize(("warnings", "notices", "rain", "notice"), [
    ({}, {}, False, False),
    ({"rainstorm": Level.BLUE}, {"p": Level.YELLOW}, False, False),
    ({"rainstorm": Level.YELLOW}, {"p": Level.ORANGE}, True, True),
    ({"rainstorm": Level.RED}, {"p": Level.RED}, True, True),
    ({"gale": Level.RED}, {"q": Level.RED}, False, False),
])
def test_when_a_chain_holds(warnings: dict[str, Level], notices: dict[str, Level], rain: bool, notice: bool) -> None:
    around = Around(warnings=warnings, notices=notices)
    assert holds(WarningInForce(hazard="rainstorm", level=Level.YELLOW), around) is rain
    assert holds(NoticeOpen(pack="p", key="second", level=Level.ORANGE), around) is notice


# --- sites


def test_a_buffer_is_in_metres_east_as_north() -> None:
    west, south, east, north = buffered(Point(121.5, 31.0), 1000).bounds
    assert (north - south) * 111_195 == pytest.approx(2000, rel=0.01)
    assert (east - west) * 111_195 * 0.8572 == pytest.approx(2000, rel=0.01)  # the cosine of 31°
    assert buffered(box(0, 0, 1, 1), 0).equals(box(0, 0, 1, 1))


def test_points_lines_and_polygons_come_from_geojson_and_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "code,kind,name_zh,name_en,owner,buffer_m,channel,address,lane,lon,lat,wkt\n"
        "p,crane,塔吊,Crane,工地,200,sms,8613900000001,actual,121.5,31.0,\n"
        'l,rail,线,Line,段,100,,,,,,"LINESTRING (121 31, 121.1 31)"\n', encoding="utf-8")
    shape = {"type": "Polygon", "coordinates": [[[121, 31], [121.1, 31], [121.1, 31.1], [121, 31]]]}
    properties = {"code": "g", "kind": "farm", "name_zh": "田", "name_en": "Farm", "owner": "社"}
    (tmp_path / "b.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": properties, "geometry": shape}]}), encoding="utf-8")
    sites = load_sites([tmp_path], real=True)
    assert [(site.code, site.kind, site.about.lane) for site in sites] == [
        ("p", "crane", "actual"), ("l", "rail", "exercise"), ("g", "farm", "exercise")]
    assert all(site.geometry.area > 0 for site in sites)


def test_examples_stand_only_in_a_drill_that_has_no_sites_of_its_own(tmp_path: Path) -> None:
    shipped = shipped_config() / "sites"
    assert len(load_sites([shipped], real=False)) == 7
    assert load_sites([shipped], real=True) == ()
    (tmp_path / "a.csv").write_text("code,kind,name_zh,name_en,owner,buffer_m,lon,lat\np,crane,塔吊,Crane,工地,200,121.5,31.0\n", encoding="utf-8")
    assert [site.code for site in load_sites([shipped, tmp_path], real=False)] == ["p"]


@pytest.mark.parametrize(("row", "told"), [
    ("p,crane,塔吊,Crane,工地,0,,,121.5,31.0", "needs buffer_m"),
    ("p,crane,塔吊,Crane,工地,200,sms,,121.5,31.0", "channel and address belong together"),
    ("p,crane,塔吊,Crane,工地,200,,,500000,3400000", "not in degrees WGS 84"),
    ("p,Crane!,塔吊,Crane,工地,200,,,121.5,31.0", r"site 1: kind"),
    ("p,crane,塔吊,Crane,工地,200,,,east,31.0", r"a\.csv: row 2: needs lon and lat"),
])
def test_a_fault_in_a_site_is_told_by_file_and_number(tmp_path: Path, row: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(f"code,kind,name_zh,name_en,owner,buffer_m,channel,address,lon,lat\n{row}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_sites([tmp_path], real=False)
