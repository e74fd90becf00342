"""The Atom feed of alerts: what is put in is read back, and a drill is marked in the list too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lxml import etree

from warning import atom, cap, capxml, xml

SENT = datetime(2024, 9, 20, 6, 20, tzinfo=UTC)
INFO = cap.Info(
    event="暴雨", language="zh-CN", categories=("Met",), urgency="Immediate", severity="Severe", certainty="Observed", headline="暴雨橙色 <预警>",
    description="详情", sender_name="上海中心气象台", event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value="11B03"),))
OLD = cap.Alert(identifier="a_1", sender="s", sent=SENT, status="Actual", msg_type="Alert", scope="Public", infos=(INFO,))
NEW = replace(OLD, identifier="a/2", sent=SENT + timedelta(minutes=1), status="Exercise", note="演练 Exercise")
URL = "https://warnings.example.org/cap/feed.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


def parsed(*alerts: cap.Alert) -> etree._Element:
    return xml.parse(atom.feed(alerts, url=URL, now=SENT, title="预警"))


def test_the_alerts_in_a_feed_are_read_back_unchanged_newest_first() -> None:
    results = capxml.read_feed(atom.feed([OLD, NEW], url=URL, now=SENT, title="预警"))
    assert [r.alert for r in results] == [NEW, OLD]
    assert all(r.repairs == () for r in results)


def test_an_entry_links_to_the_document_beside_the_feed() -> None:
    entry = parsed(NEW).find(f"{ATOM}entry")
    assert entry is not None
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert [link.get(name) for name in ("rel", "type", "href")] == [
        "alternate", "application/cap+xml", "https://warnings.example.org/cap/a%2F2.xml"]
    assert entry.findtext(f"{ATOM}id") == "https://warnings.example.org/cap/a%2F2.xml"


def test_the_caller_may_say_where_an_alert_lives() -> None:
    data = atom.feed([OLD], url=URL, now=SENT, title="t", alert_url=lambda alert: f"https://x.example/{alert.identifier}")
    assert xml.parse(data).findtext(f"{ATOM}entry/{ATOM}id") == "https://x.example/a_1"


def test_the_title_of_a_drill_carries_its_mark_and_of_a_real_one_none() -> None:
    titles = [entry.findtext(f"{ATOM}title") for entry in parsed(OLD, NEW).iter(f"{ATOM}entry")]
    assert titles == ["【演练】暴雨橙色 <预警>", "暴雨橙色 <预警>"]


def test_every_element_that_atom_demands_is_there() -> None:
    root = parsed(OLD)
    for element in (root, root.find(f"{ATOM}entry")):
        assert element is not None
        assert all(element.find(f"{ATOM}{name}") is not None for name in ("id", "title", "updated", "author"))
    assert root.findtext(f"{ATOM}updated") == "2024-09-20T06:20:00+00:00"


def test_an_empty_feed_is_a_feed() -> None:
    assert capxml.read_feed(atom.feed([], url=URL, now=SENT, title="t")) == []


def test_an_alert_without_info_is_listed_by_its_identifier() -> None:
    cancel = replace(OLD, identifier="a_3", msg_type="Cancel", references=(OLD.reference,), infos=(), sent=SENT + timedelta(minutes=2))
    assert parsed(cancel).findtext(f"{ATOM}entry/{ATOM}title") == "a_3"
