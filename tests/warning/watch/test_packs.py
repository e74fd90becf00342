"""Pack and site files: the shipped numbers against a table by hand, faults by file, line and key, metres as metres."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shapely import Point, box

from geo.zone import Zone, ZoneSet
from warning.configfolder import shipped_config
from warning.errors import ConfigError, RuleError
from warning.level import Level
from warning.watch.chain import Around, NoticeOpen, WarningInForce, holds
from warning.watch.measured import Measuring
from warning.watch.memory import Policy
from warning.watch.pack import NoticeKey, OpenNotice, Pack, RiskNotice, affected, judge
from warning.watch.packfile import load_packs
from warning.watch.proposal import InForce
from warning.watch.rulefile import load_rule_sets
from warning.watch.site import Site, SiteIn, buffered, load_sites
from warning.watch.window import Window

HAZARDS = {rule.hazard.key for rule_set in load_rule_sets().values() for rule in rule_set.rules}
_HAN = re.compile("[\u4e00-\u9fff]")
PACKS = {pack.id: pack for pack in load_packs([shipped_config() / "packs"], hazards=HAZARDS)}

GOOD = """
id: {id}
title: {{zh: 试, en: "Test"}}
sector: test
version: "1"
sites: [thing]
sources: {{here: {{zh: 本测试, en: this test}}}}
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
    assert all(one.action_zh and one.action_en for one in everything)
    assert [one.manual is not None for one in PACKS["port-wind"].classes] == [True], "a number that was not found is a person's"


def test_every_pack_cites_its_sources_in_chinese_and_in_english() -> None:
    cited = {pack.id: text for pack in PACKS.values() for one in pack.classes for text in (one.source, one.manual) if text is not None}
    assert {key for key, text in cited.items() if not _HAN.search(text.zh) or _HAN.search(text.en)} == set()


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


NOW = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
ONCE = Policy(cycles_up=1, cycles_down=1)


def place(code: str, kind: str, lon: float) -> Site:
    return Site(about=SiteIn(code=code, kind=kind, name_zh=code, name_en=code, owner="o"), geometry=box(lon, 31.0, lon + 0.01, 31.01))


GROUND = ZoneSet(origin="by hand", zones=tuple(
    Zone(code=code, name_zh=code, name_en=code, level=level, parent=parent, geometry=box(west, 30.9, east, 31.1))
    for code, level, parent, west, east in (
        ("310000", "city", "", 121.0, 123.0), ("310115", "district", "310000", 121.5, 121.7), ("310116", "district", "310000", 121.8, 122.0))))
# Things in either district; "near" shares the ground of the first, "far" that of none.
PLACES = (place("one", "thing", 121.6), place("two", "thing", 121.9), place("near", "other", 121.605), place("far", "other", 121.65))


def rain_over(level: Level, *zones: str) -> InForce:
    return InForce(event_id="e", issuer="310115", hazard="rainstorm", level=level, zones=zones, expires=NOW + timedelta(hours=3), identifier="i", version=1)


def judged(folder: Path, in_force: list[InForce], open_: dict[NoticeKey, OpenNotice]) -> list[RiskNotice]:
    """Pack b asks for a rainstorm warning of yellow or above over its things, pack c for a notice of b at its others."""
    written(folder, GOOD.format(id="b", asks="in_force: {hazard: rainstorm, level: yellow}"), "b.yaml")
    written(folder, GOOD.format(id="c", asks="notice: {pack: b, class: first}").replace("[thing]", "[other]"), "c.yaml")
    found, memories = judge(
        load_packs([folder], hazards=HAZARDS), PLACES, Measuring(Window(), GROUND.zones, now=NOW), GROUND, in_force=in_force, open_=open_,
        memories={}, policy=ONCE, data_time=NOW, now=NOW)
    assert {memory.cycle for memory in memories.values()} == {NOW}
    return found


def said(found: list[RiskNotice]) -> list[tuple[str, str, str]]:
    return [(one.pack.id, one.site.code, one.act) for one in found]


@pytest.mark.parametrize(("in_force", "opened"), [
    ([], []),
    ([rain_over(Level.BLUE, "310115")], []),
    ([rain_over(Level.YELLOW, "310115")], [("b", "one"), ("c", "near")]),
    ([rain_over(Level.RED, "310115"), rain_over(Level.BLUE, "310115")], [("b", "one"), ("c", "near")]),
    ([rain_over(Level.BLUE, "310115"), rain_over(Level.RED, "310115")], [("b", "one"), ("c", "near")]),
    ([rain_over(Level.YELLOW, "310116")], [("b", "two")]),  # nothing of c stands there
    ([rain_over(Level.YELLOW, "310000")], [("b", "one"), ("b", "two"), ("c", "near")]),  # the city's stands over its districts
    ([rain_over(Level.YELLOW, "310120")], []),
])
def test_a_chain_reaches_the_sites_on_the_ground_it_speaks_of_and_the_next_pack_at_once(
    tmp_path: Path, in_force: list[InForce], opened: list[tuple[str, str]]
) -> None:
    found = judged(tmp_path, in_force, {})
    assert said(found) == [(*one, "opened") for one in opened]
    assert {(one.level, one.was, one.event, one.version, one.silent) for one in found} <= {(Level.RED, None, None, 1, False)}


def test_when_the_warning_ends_the_notice_ends_and_so_does_the_one_that_asked_for_it(tmp_path: Path) -> None:
    def notice(hours: float) -> OpenNotice:
        return OpenNotice(event="n", version=4, level=Level.RED, expires=NOW + timedelta(hours=hours))

    found = judged(tmp_path, [], {("b", "one"): notice(20), ("c", "near"): notice(20)})
    assert said(found) == [("b", "one", "ended"), ("c", "near", "ended")]
    assert {(one.event, one.version, one.was) for one in found} == {("n", 5, Level.RED)}
    assert judged(tmp_path, [rain_over(Level.RED, "310115")], {("b", "one"): notice(20), ("c", "near"): notice(20)}) == []
    longer = judged(tmp_path, [rain_over(Level.RED, "310115")], {("b", "one"): notice(1), ("c", "near"): notice(20)})
    assert [(one.site.code, one.silent, one.expires) for one in longer] == [("one", True, NOW + timedelta(hours=24))]
    anew = judged(tmp_path, [rain_over(Level.RED, "310115")], {("b", "one"): notice(0), ("c", "near"): notice(20)})
    assert [(one.site.code, one.act, one.event, one.version) for one in anew] == [("one", "opened", None, 1)], "what has run out is not there"


def test_the_sites_affected_are_those_on_the_ground_of_any_zone_named() -> None:
    assert [site.code for site in affected(PLACES, GROUND, ["310116"])] == ["two"]
    assert [site.code for site in affected(PLACES, GROUND, ["310115", "310116"])] == ["one", "two", "near", "far"]


# --- sites


def test_a_buffer_is_in_metres_east_as_north() -> None:
    west, south, east, north = buffered(Point(121.5, 31.0), 1000).bounds
    assert (north - south) * 111_195 == pytest.approx(2000, rel=0.01)
    assert (east - west) * 111_195 * 0.8572 == pytest.approx(2000, rel=0.01)  # the cosine of 31°
    assert ((west + east) / 2, (south + north) / 2) == pytest.approx((121.5, 31.0))
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
    ("p,crane,塔吊,Crane,工地,200,,,180.1,31.0", "not in degrees WGS 84"),
    ("p,crane,塔吊,Crane,工地,200,,,121.5,-90.1", "not in degrees WGS 84"),
    ("p,crane,塔吊,Crane,工地,200,,,121.5,31.0\np,crane,塔吊,Crane,工地,200,,,121.6,31.0", r"site 2: code 'p' stands in a\.csv already"),
    ("p,Crane!,塔吊,Crane,工地,200,,,121.5,31.0", r"site 1: kind"),
    ("p,crane,塔吊,Crane,工地,200,,,east,31.0", r"a\.csv: row 2: needs lon and lat"),
])
def test_a_fault_in_a_site_is_told_by_file_and_number(tmp_path: Path, row: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(f"code,kind,name_zh,name_en,owner,buffer_m,channel,address,lon,lat\n{row}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_sites([tmp_path], real=False)
