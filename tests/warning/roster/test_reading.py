"""A roster's file: what is taken, what is refused and how it is mended; nothing half, nothing that bites."""

import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from openpyxl import Workbook
from shapely import box

from geo.districts import shanghai
from geo.zone import Zone, ZoneSet
from warning.account import Account
from warning.roster.post import Kind, Person, Post
from warning.roster.reading import Ground, Reading, hazard_names, read_roster
from warning.roster.sheet import Unreadable, read_sheets, written

ZONES = ZoneSet(origin="by hand", zones=tuple(
    Zone(code=d.code, name_zh=d.zh, name_en=d.en, level="district", parent="310000", geometry=box(0, 0, 1, 1)) for d in shanghai().districts))
GROUND = Ground(zones=ZONES, channels={"text": "sms", "telephone": "voice", "webhook": "webhook", "email": "email", "screen": "display"},
                hazards=hazard_names([("rainstorm", "暴雨", "rainstorm"), ("gale", "大风", "gale")]), allow_private=False)


def read(words: str, **more: object) -> Reading:
    return read_roster([("roster.csv", words.encode())], GROUND, **more)  # type: ignore[arg-type]


def faults(reading: Reading) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.key) for fault in reading.faults]


def test_a_list_as_offices_keep_it_becomes_posts_with_people_in_order() -> None:
    reading = read("区划代码,区划名称,岗位,类别,顺序,姓名,职务,手机,邮箱,灾种,有效期\n"
                   "310115140,书院镇,防汛责任人,责任人,2,李二,副镇长,021-5819 1234,,暴雨、大风,2027-04-20\n"
                   "310115140,书院镇,防汛责任人,责任人,1,王一,镇长,138 0000 0001,wang@example.cn,暴雨、大风,2027-04-20\n"
                   "310115140001,李雪村,灾害信息员,灾害信息员,1,赵三,,+8613800000003,,,\n")
    assert faults(reading) == []
    town, village = reading.posts
    assert (town.zone, town.place, town.name, town.kind, town.hazards) == ("310115140", "书院镇", "防汛责任人", Kind.RESPONSIBLE, ("gale", "rainstorm"))
    assert [person.name for person in town.people] == ["王一", "李二"]
    assert [(one.channel, one.address, one.expires) for one in town.people[0].contacts] == [
        ("email", "wang@example.cn", date(2027, 4, 20)), ("text", "8613800000001", date(2027, 4, 20)), ("telephone", "8613800000001", date(2027, 4, 20))]
    assert town.people[1].contacts[0].address == "862158191234"
    assert (village.kind, village.people[0].contacts[0].address) == (Kind.INFORMATION_OFFICER, "8613800000003")


def test_everything_that_is_wrong_is_said_at_once_with_row_and_column_and_mend() -> None:
    reading = read("zone,post,kind,name,phone,email,hazards,expires,order\n"
                   "31011,a,责任人,x,13800000001,,,,\n"
                   "440100,a,责任人,x,13800000001,,,,\n"
                   "310115,a,镇长,x,12345,not-mail,locusts,20.4.2027,first\n"
                   ",,,,,,,,\n"
                   "310115,,责任人,,13800000001,,,,\n")
    assert faults(reading) == [
        (2, "区划代码", "zone"), (3, "区划代码", "elsewhere"),
        (4, "类别", "kind"), (4, "灾种", "hazard"), (4, "顺序", "order"), (4, "有效期", "date"), (4, "email", "mail"), (4, "手机", "phone"),
        (4, "", "no_contact"), (6, "岗位", "missing"), (6, "姓名", "missing")]
    told = reading.faults[2]
    assert told.line("en") == ("roster.csv row 4, 类别: '镇长' is no kind of post; use responsible, liaison, information_officer, key_unit, terminal or subscriber")
    assert told.line("zh") == "roster.csv 第 4 行，类别: “镇长”不是岗位类别；用：责任人、联络员、灾害信息员、重点单位、社区终端、直通用户"


@pytest.mark.parametrize(("words", "key"), [
    ("a,b\n1,2\n", "no_header"), ("zone,post,name,telegram\n310115,a,x,1\n", "unknown_column"), ("zone,post,name,手机,phone\n310115,a,x,1,1\n", "column_twice"),
    ("zone,post,name\n", "empty"), ("", "empty"),
])
def test_a_file_that_is_no_roster_is_refused(words: str, key: str) -> None:
    assert key in [fault.key for fault in read(words).grave]


def test_the_same_person_twice_at_a_post_and_two_names_for_one_number() -> None:
    reading = read("zone,post,name,phone\n310115,a,x,13800000001\n310115,a,x,13800000001\n310115,b,y,13800000001\n")
    assert [(fault.row, fault.key, fault.grave) for fault in reading.faults] == [(3, "twice", True), (4, "shared", False), (4, "shared", False)]


def test_somebody_without_a_telephone_is_told_and_taken() -> None:
    reading = read("zone,post,name,phone\n310115,a,x,\n")
    assert ([fault.key for fault in reading.faults], reading.grave) == (["no_contact"], ())


def test_nobody_imports_for_his_neighbour() -> None:
    ground = Ground(zones=ZONES, channels=GROUND.channels, hazards=GROUND.hazards, allow_private=False, account=Account(name="o", role="office", area="310115"))
    reading = read_roster([("a.csv", b"zone,post,name,phone\n310115140,a,x,13800000001\n310116,a,x,13800000001\n")], ground)
    assert [(fault.row, fault.key) for fault in reading.grave] == [(3, "not_yours")]


def test_a_webhook_into_the_deployments_own_network_is_refused() -> None:
    assert [fault.key for fault in read("zone,post,name,webhook\n310115,a,x,http://169.254.169.254/latest\n").grave] == ["url"]


def test_shifts_are_of_people_on_the_list_in_beijing_time() -> None:
    known = [Post(id=1, zone="310115", place="浦东新区", name="值班", kind=Kind.RESPONSIBLE, people=(Person(name="甲"), Person(name="乙")))]
    reading = read("区划代码,岗位,姓名,起,止,替\n310115,值班,甲,2026-11-26 08:00,2026-11-26 20:00,\n310115,值班,乙,2026/11/27,2026-11-28,甲\n", known=known)
    assert faults(reading) == []
    first, second = reading.shifts["310115", "值班"]
    assert (first.person, first.start, first.end) == ("甲", datetime(2026, 11, 26, 0, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC))
    assert (second.instead_of, second.start) == ("甲", datetime(2026, 11, 26, 16, tzinfo=UTC))
    wrong = read("区划代码,岗位,姓名,起,止\n310115,值班,丙,2026-11-26,2026-11-27\n310115,没有,甲,2026-11-26,2026-11-27\n310115,值班,甲,2026-11-27,2026-11-26\n"
                 "310115,值班,甲,tomorrow,2026-11-26\n", known=known)
    assert sorted(faults(wrong)) == [(2, "姓名", "stranger"), (3, "岗位", "no_post"), (4, "止", "backwards"), (5, "起", "time")]


def workbook(**sheets: list[list[object]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_excel_file_brings_people_shifts_and_places_each_on_its_sheet() -> None:
    data = workbook(
        名录=[["区划代码", "区划名称", "岗位", "姓名", "手机"], [310115140, "书院镇", "防汛责任人", "王一", 13800000001]],
        班次=[["区划代码", "岗位", "姓名", "起", "止"], [310115140, "防汛责任人", "王一", datetime.fromisoformat("2026-11-26T08:00"), datetime.fromisoformat("2026-11-26T20:00")]],
        场所=[["区划代码", "区划名称", "制度", "制度日期", "纬度", "经度"], [310115140, "书院镇", "防汛预案", date(2026, 4, 20), 30.99, 121.88]])
    reading = read_roster([("名录.xlsx", data)], GROUND)
    assert faults(reading) == []
    assert reading.posts[0].people[0].contacts[0].address == "8613800000001"
    assert reading.posts[0].shifts[0].start == datetime(2026, 11, 26, 0, tzinfo=UTC)
    [place] = reading.places
    assert (place.zone, place.rule, place.rule_on, place.lat) == ("310115140", "防汛预案", date(2026, 4, 20), 30.99)


def test_a_csv_of_chinese_excel_is_read_in_its_own_characters() -> None:
    assert read_roster([("a.csv", "区划代码,岗位,姓名,手机\n310115,责任人,王一,13800000001\n".encode("gb18030"))], GROUND).posts[0].people[0].name == "王一"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (201 * 1024 * 1024))
    return out.getvalue()


def entities() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    return out.getvalue()


@pytest.mark.parametrize(("data", "why"), [
    (bomb(), "unpacks to more"), (entities(), "document type"), (b"PK\x03\x04nonsense", "no Excel workbook"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
    (b"\xff\xfe\x00", "neither UTF-8"), (b"a\x00b", "no text"), (b"x" * (20 * 1024 * 1024 + 1), "larger than")])
def test_a_file_that_bites_is_refused_before_it_is_opened(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_sheets("a", data)


def test_what_a_spreadsheet_would_run_is_written_as_words_and_read_back_as_it_was() -> None:
    evil = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠A1", "ok"]
    content = written(("name",), [(cell,) for cell in evil])
    lines = content.decode("utf-8-sig").split("\r\n")
    assert [line.lstrip('"')[0] for line in lines[1:len(evil)]] == ["'"] * (len(evil) - 1)
    [sheet] = read_sheets("a.csv", content)
    assert [cells[0] for _, cells in sheet.rows] == evil
