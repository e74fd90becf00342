"""The national platform's XML: what we write has its words and its order, what provinces write is read, and nothing is guessed."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from channels.national import zipped
from channels.wire.national_ack import Ack, read_ack, write_ack
from warning import cap
from warning.errors import CapError
from warning.level import Level
from warning.nationalxml import NAMESPACE, file_name, level_of, read, unpacked, write

SENT = datetime(2024, 9, 19, 22, 20, tzinfo=UTC)
FIRST = "31000041600000_20240920012000"
EXAMPLE = Path(__file__).parents[3] / "shared" / "data" / "cap" / "cn12379_style_example.xml"


def alert(**changes: object) -> cap.Alert:
    info = cap.Info(
        event="暴雨", categories=("Met",), urgency="Expected", severity="Extreme", certainty="Likely", language="zh-CN",
        event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value="11B03"),),
        parameters=(cap.NamedValue(name=cap.COLOUR, value="Red"), cap.NamedValue(name=cap.SMS_TEXT, value="浦东暴雨红色预警")),
        effective=SENT, expires=SENT + timedelta(hours=6), sender_name="上海中心气象台", headline="上海中心气象台更新暴雨红色预警信号",
        description="预计未来6小时……", instruction="停止户外活动。",
        areas=(cap.Area(area_desc="浦东新区", circles=(cap.Circle(lat=31.2, lon=121.5, radius_km=3.5),),
                        geocodes=(cap.NamedValue(name=cap.GBT2260, value="310115"),)),))
    values: dict[str, object] = {
        "identifier": "31000041600000_20240920062000", "sender": "31000041600000", "sent": SENT, "status": "Exercise", "msg_type": "Update",
        "scope": "Public", "references": (cap.Reference(sender="31000041600000", identifier="31000041600000_20240920032000", sent=SENT),),
        "infos": (info,), **changes}
    return cap.Alert(**values)  # type: ignore[arg-type]  # a table of fields


def texts(document: bytes) -> dict[str, str]:
    return {etree.QName(one).localname: (one.text or "") for one in etree.fromstring(document).iter() if len(one) == 0}


def test_it_speaks_the_platforms_words() -> None:
    root = etree.fromstring(write(alert(), first=FIRST))
    assert root.tag == f"{{{NAMESPACE}}}alert"
    said = texts(write(alert(), first=FIRST))
    assert said["sendTime"] == "2024-09-20 06:20:00+08:00"
    assert (said["senderCode"], said["severity"], said["urgency"], said["eventType"]) == ("31000041600000", "Red", "Unknown", "11B03")
    assert said["references"] == FIRST  # the first message of the event, not the one before
    assert said["circle"] == "31.2,121.5 3500"  # metres
    assert [etree.QName(one).localname for one in root] == [
        "identifier", "sender", "senderCode", "sendTime", "status", "msgType", "scope", "code", "secClassification", "references", "info"]
    methods = {one[0].text: one[1].text for one in root.find(f"{{{NAMESPACE}}}code")}  # type: ignore[union-attr]  # it is there, see above
    assert methods["SMS"] == "浦东暴雨红色预警"


def test_a_first_message_refers_to_none() -> None:
    assert "references" not in texts(write(alert(msg_type="Alert", references=()), first=FIRST))


def test_what_was_written_is_read_back() -> None:
    back = read(write(alert(), first=FIRST))
    assert (back.identifier, back.sender, back.sent, back.msg_type, back.status) == (
        alert().identifier, alert().sender, SENT, "Update", "Exercise")
    assert back.references[0].identifier == FIRST
    info, ours = back.infos[0], alert().infos[0]
    assert (info.headline, info.description, info.instruction, info.expires) == (ours.headline, ours.description, ours.instruction, ours.expires)
    assert info.areas[0].circles == ours.areas[0].circles
    assert level_of(info) is Level.RED


@pytest.mark.parametrize(("changes", "why"), [({"infos": ()}, "no Chinese text")])
def test_what_the_platform_has_no_word_for_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(CapError, match=why):
        write(alert(**changes), first=FIRST)


@pytest.mark.parametrize(("old", "new", "why"), [
    (b"<msgType>Update</msgType>", b"<msgType>Ack</msgType>", "is none that the platform uses"),
    (b"<sendTime>2024-09-20 06:20:00+08:00</sendTime>", b"<sendTime>yesterday</sendTime>", "sendTime 'yesterday' is no time"),
    (b"<eventType>11B03</eventType>", b"", "element eventType is missing"),
    (b"<senderCode>31000041600000</senderCode>", b"", "not an alert of the national platform"),
])
def test_a_broken_document_is_refused_with_the_element(old: bytes, new: bytes, why: str) -> None:
    whole = write(alert(), first=FIRST)
    assert old in whole
    with pytest.raises(CapError, match=why):
        read(whole.replace(old, new))


def test_an_entity_is_refused() -> None:
    with pytest.raises(CapError, match="DOCTYPE"):
        read(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>')


def test_the_file_is_named_and_packed_as_the_ftp_asks() -> None:
    name = file_name(alert())
    assert name == "31000041600000_20240920062000_11B03_RED_UPDATE.xml"
    data = zipped(name, b"<x/>")
    assert data == zipped(name, b"<x/>")
    assert unpacked(data) == [(name, b"<x/>")]


def archive_of(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(("data", "why"), [
    (b"PK nonsense", "no zip that can be read"), (archive_of(("../../etc/cron.d/x.xml", b"<x/>")), "a name with a path"),
    (archive_of(("..\\..\\x.xml", b"<x/>")), "a name with a path"), (archive_of((".hidden.xml", b"<x/>")), "a name with a path"),
    (archive_of(("big.xml", b"0" * 5_000_000)), "more than"), (archive_of(*((f"{n}.xml", b"") for n in range(30))), "more than 20 files")])
def test_a_zip_that_would_do_harm_is_not_unpacked(data: bytes, why: str) -> None:
    with pytest.raises(CapError, match=why):
        unpacked(data)


def test_an_answer_is_written_and_read() -> None:
    acks = [Ack(identifier="a", status=0), Ack(identifier="b", status=1, error_code="E07", note="要素缺失")]
    assert read_ack(write_ack(acks)) == acks
    with pytest.raises(ValueError, match="a status that is no number"):
        read_ack(b"<msg><data><rows><status>well</status></rows></data></msg>")


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="no ../shared/data")
def test_a_province_s_form_without_namespace_and_with_comma_ended_lists_is_read() -> None:
    found = read(EXAMPLE.read_bytes())
    assert (found.identifier, found.msg_type, found.references[0].identifier) == (
        "31000041600000_20260705143000", "Update", "31000041600000_20260705113000")
    assert level_of(found.infos[0]) is Level.ORANGE
    assert [one.value for one in found.infos[0].areas[0].geocodes] == ["310000000000"]
    assert found.infos[0].expires is None
