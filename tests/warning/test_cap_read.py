"""Reading CAP: what can be mended is mended and told, what decides about people is never guessed."""

from datetime import UTC, datetime

import pytest

from warning import cap, capform, capxml
from warning.errors import CapError

HEAD = ("<identifier>a1</identifier><sender>s</sender><sent>2024-09-20T06:20:00+08:00</sent><status>Actual</status>"
        "<msgType>Alert</msgType><scope>Public</scope>")
BODY = ("<language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>"
        "<certainty>Observed</certainty>")


def document(head: str = HEAD, info: str = BODY, *, namespace: str = capxml.NAMESPACE, tail: str = "") -> bytes:
    return f"<alert xmlns='{namespace}'>{head}<info>{info}{tail}</info></alert>".encode()


def area(inside: str) -> bytes:
    return document(tail=f"<area><areaDesc>x</areaDesc>{inside}</area>")


def test_a_sound_document_needs_no_repairs() -> None:
    result = capxml.read(document())
    assert result.repairs == ()
    assert result.alert.sent == datetime(2024, 9, 19, 22, 20, tzinfo=UTC)


@pytest.mark.parametrize(("data", "repair"), [
    (document(namespace="urn:oasis:names:tc:emergency:cap:1.1"), "namespace urn:oasis:names:tc:emergency:cap:1.1 read as CAP 1.2"),
    (document(namespace=""), "namespace (none) read as CAP 1.2"),
    (document(head=HEAD.replace("+08:00", "Z")), "alert: sent '2024-09-20T06:20:00Z' read as 2024-09-20T06:20:00-00:00"),
    (document(head=HEAD.replace("00+08:00", "00.250+08:00")), "alert: sent '2024-09-20T06:20:00.250+08:00' read as 2024-09-20T06:20:00+08:00"),
    (document(head=HEAD.replace("Actual", "ACTUAL")), "alert: status 'ACTUAL' read as Actual"),
    (document(info=BODY.replace("zh-CN", "zh_CN")), "info[1]: language 'zh_CN' read with a hyphen"),
    (document(info=BODY.replace("<category>Met</category>", "")), "info[1]: category is missing, Other is taken"),
    (document(info=BODY.replace("<severity>Severe</severity>", "")), "info[1]: severity is missing, Unknown is taken"),
    (document(info=BODY.replace("Observed", "Very Likely")), "info[1]: certainty 'Very Likely' is not known, left out"),
    (document(tail="<headline>h</headline><senderName>n</senderName>"), "info[1]: senderName is out of order"),
    (document(tail="<headline>h</headline><headline>i</headline>"), "info[1]: headline is given 2 times, the first one counts"),
    (document(tail="<extra>h</extra>"), "info[1]: unknown element extra left out"),
    (document(tail="<expires>soon</expires>"), "info[1]: expires 'soon' is no time, left out"),
    (document(tail="<expires>2024-09-20T06:20:00</expires>"), "info[1]: expires '2024-09-20T06:20:00' has no offset, left out"),
    (document(tail="<headline><b>bold</b></headline>"), "info[1]: headline has elements inside, their text is taken"),
    (document(head=HEAD + "<references>31000041600000_20240920062000</references>"),
     "alert: reference '31000041600000_20240920062000' says neither sender nor time: read as one of s"),
    (document(head=HEAD + "<references>31000041600000,x</references>"), "alert: reference '31000041600000,x' is not sender,identifier,sent; left out"),
    (area("<polygon>1,2 3,4 5,6 1,2 </polygon>"), "info[1]/area[1]: polygon had stray space or commas"),
    (area("<polygon>1,2, 3,4, 5,6, 1,2</polygon>"), "info[1]/area[1]: polygon had stray space or commas"),
    (area("<polygon>1,2 3,4 5,6</polygon>"), "info[1]/area[1]: polygon had an open end, closed"),
    (area("<polygon>1,2 3,4 1,2</polygon>"), "info[1]/area[1]: polygon of 3 points has no area, left out"),
    (area("<polygon>121.5,31 122,31 122,32 121.5,31</polygon>"),
     "info[1]/area[1]: polygon '121.5,31 122,31 122,32 121.5,31' is not lat,lon pairs on the earth, left out"),
    (area("<polygon>one,two</polygon>"), "info[1]/area[1]: polygon 'one,two' is not lat,lon pairs on the earth, left out"),
    (area("<polygon/>"), "info[1]/area[1]: empty polygon left out"),
    (area("<circle>31,121</circle>"), "info[1]/area[1]: circle '31,121' is not lat,lon radius on the earth, left out"),
    (area("<altitude>high</altitude>"), "info[1]/area[1]: altitude 'high' is no number, left out"),
])
def test_a_repair_is_made_and_told(data: bytes, repair: str) -> None:
    assert repair in capxml.read(data).repairs


@pytest.mark.parametrize(("head", "words"), [
    (HEAD.replace("<identifier>a1</identifier>", ""), "identifier is missing"),
    (HEAD.replace("<sender>s</sender>", "<sender> </sender>"), "sender is missing"),
    (HEAD.replace("+08:00", ""), "sent is missing or no time with an offset"),
    (HEAD.replace("Actual", "Real"), "status 'Real' is none of Actual, Exercise"),
    (HEAD.replace(">Alert<", ">Warn<"), "msgType 'Warn' is none of"),
    (HEAD.replace("<scope>Public</scope>", ""), "scope is missing; it is never guessed"),
])
def test_what_decides_about_people_is_never_guessed(head: str, words: str) -> None:
    with pytest.raises(CapError, match=words):
        capxml.read(document(head=head))


def test_a_bare_date_or_another_document_is_refused_by_its_name() -> None:
    with pytest.raises(CapError, match="'rss', not a CAP alert"):
        capxml.read(b"<rss/>")
    with pytest.raises(CapError, match="national platform"):
        capxml.read(b"<alert><identifier>1</identifier><sendTime>2026-07-05 14:30:00+08:00</sendTime></alert>")


def test_latin_1_is_read_by_its_declaration() -> None:
    data = b"<?xml version='1.0' encoding='ISO-8859-1'?>" + document().decode().replace("暴雨", "orage \xe9").encode("latin-1")
    assert capxml.read(data).alert.infos[0].event == "orage é"


def test_every_language_and_every_area_is_kept() -> None:
    data = document().decode().replace("</info>", "<area><areaDesc>A</areaDesc></area><area><areaDesc>B</areaDesc></area></info>"
                                       f"<info>{BODY.replace('zh-CN', 'en-US')}</info>").encode()
    alert = capxml.read(data).alert
    assert [info.language for info in alert.infos] == ["zh-CN", "en-US"]
    assert [a.area_desc for a in alert.infos[0].areas] == ["A", "B"]


def test_an_info_without_language_is_american_english_as_cap_says() -> None:
    result = capxml.read(document(info=BODY.replace("<language>zh-CN</language>", "")))
    assert result.alert.infos[0].language == "en-US"
    assert result.repairs == ()


def test_a_long_hostile_number_is_refused_quickly() -> None:
    assert capform.read_number("9" * 300_000 + "x")[0] is None
    assert capform.read_number("9" * 400)[0] is None  # not finite
    assert capxml.read(area("<polygon>" + "9" * 300_000 + "</polygon>")).alert.infos[0].areas[0].polygons == ()


FEED = "<feed xmlns='http://www.w3.org/2005/Atom'>{}</feed>"


def test_a_feed_gives_its_alerts_and_one_broken_entry_does_not_hide_the_others() -> None:
    good = f"<entry><content type='application/cap+xml'>{document().decode()}</content></entry>"
    bad = good.replace("Actual", "Real")
    link = "<entry><link href='http://example.org/a.xml'/></entry>"
    scan = capxml.scan_feed(FEED.format(good + bad + link).encode())
    assert [r.alert.identifier for r in scan.read] == ["a1"]
    assert scan.refused[0].startswith("entry 2: alert: status 'Real'")
    assert scan.links == ("http://example.org/a.xml",)
    with pytest.raises(CapError, match="entry 2"):
        capxml.read_feed(FEED.format(good + bad).encode())


def test_an_alert_written_as_escaped_text_in_a_feed_is_read() -> None:
    escaped = document().decode().replace("&", "&amp;").replace("<", "&lt;")
    assert len(capxml.read_feed(FEED.format(f"<entry><content type='text'>{escaped}</content></entry>").encode())) == 1


def test_an_escaped_alert_in_a_feed_goes_through_the_same_door() -> None:
    attack = "&lt;!DOCTYPE a [&lt;!ENTITY x SYSTEM 'file:///etc/passwd'>]>&lt;alert>&amp;x;&lt;/alert>"
    scan = capxml.scan_feed(FEED.format(f"<entry><content type='text'>{attack}</content></entry>").encode())
    assert "DOCTYPE" in scan.refused[0]


def test_an_empty_feed_is_an_empty_list_and_one_alert_is_a_list_of_one() -> None:
    assert capxml.read_feed(FEED.format("").encode()) == []
    assert len(capxml.read_feed(document())) == 1
    with pytest.raises(CapError, match="Atom feed, not one alert"):
        capxml.read(FEED.format("").encode())


def test_a_named_incident_with_spaces_is_one_incident() -> None:
    alert = capxml.read(document(head=HEAD + '<incidents>"Typhoon Pulasan" e1</incidents>')).alert
    assert alert.incidents == ("Typhoon Pulasan", "e1")
    assert cap.validate(alert) == []
