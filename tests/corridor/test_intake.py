"""Partners' alerts: pushed or polled, verified, told apart by sender, identifier and sent, held or passed on; and never past two people."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from lxml import etree

from channels.wire.national_ack import read_ack
from tests.corridor.conftest import APPROVER, AT, Corridor, opened_corridor
from tests.corridor.test_signing import key_files
from warning import cap
from warning.capxml import scan_feed, write
from warning.nationalxml import write as write_national
from warning.signature import sign, signing_key
from warning.web.server import create

ONE = "8613900000001"
TOKEN = {"Authorization": "Bearer of-the-next-province"}


def zipped(name: str, document: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, document)
    return out.getvalue()


def alert(
    number: int = 1, *, msg_type: cap.MsgType = "Alert", after: int = 0, status: cap.Status = "Exercise", sender: str = "33000041600000", hours: float = 5,
) -> cap.Alert:
    sent = AT - timedelta(minutes=10 - number)

    def named(n: int) -> str:
        return f"33000041600000_2024092000000{n}"

    info = cap.Info(
        event="暴雨", categories=("Met",), urgency="Unknown", severity="Severe", certainty="Unknown", language="zh-CN",
        event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value="11B03"),), expires=AT + timedelta(hours=hours), sender_name="浙江省气象台",
        headline="【演练】浙江省气象台发布暴雨橙色预警信号", description="【演练】预计未来三小时浦东新区有暴雨。", instruction="注意防范。",
        areas=(cap.Area(area_desc="浦东新区", geocodes=(cap.NamedValue(name=cap.GBT2260, value="310115"),)),))
    return cap.Alert(
        identifier=named(number), sender=sender, sent=sent, status=status, msg_type=msg_type, scope="Public", note="" if status == "Actual" else "drill of the province", infos=(info,),
        references=(cap.Reference(sender=sender, identifier=named(after), sent=AT - timedelta(minutes=10 - after)),) if after else ())


@asynccontextmanager
async def joined(
    database_url: str, folder: Path, *, agreed: bool = False, url: str = "", area: str = "310115",
) -> AsyncIterator[tuple[Corridor, httpx.AsyncClient]]:
    """A deployment with one partner, Zhejiang, which pushes with a token or is polled at ``url``."""
    key_files(folder, "province", AT - timedelta(days=1))
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, folder, stack, more={"partners": [{
            "name": "zhejiang", "called": "浙江省", "senders": ["33000041600000"], "issuer": "310000", "area": area, "token": "of-the-next-province", "url": url,
            "certificates": [str(folder / "province.pem")], "agreed_by": ["ann", "bob"] if agreed else []}]})
        transport = httpx.ASGITransport(app=create(corridor.parts, with_console=False))
        yield corridor, await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://drill.test"))


def signed(folder: Path, found: cap.Alert) -> bytes:
    key = signing_key((folder / "province.key").read_text(), (folder / "province.pem").read_bytes(), name="province")
    return sign(write(found), [key], at=AT).document


async def push(http: httpx.AsyncClient, document: bytes) -> dict[str, object]:
    answer = await http.post("/api/intake/cap", content=document, headers=TOKEN)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_an_unsigned_alert_is_held_for_our_own_two_people_with_the_partners_words(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        await corridor.resident(ONE)
        taken = await push(http, write(alert()))
        assert (taken["fate"], taken["signature"], taken["why"]) == ("held", "unsigned", "it is not signed, so our own people look at it first")
        [waiting] = await corridor.rows("SELECT id, status, submitted_by, zones, texts FROM proposal")
        assert (waiting["status"], waiting["submitted_by"], waiting["zones"]) == ("submitted", "partner zhejiang", ["310115"])
        assert waiting["texts"]["zh-CN"]["instruction"] == (
            "浙江省: 【演练】浙江省气象台发布暴雨橙色预警信号\n【演练】预计未来三小时浦东新区有暴雨。\n注意防范。")
        assert corridor.heard(ONE) == []
        identifier = await corridor.parts.issue.approve(waiting["id"], account=APPROVER, revision=2)
        await corridor.send(identifier)
        assert len(corridor.heard(ONE)) == 1


async def test_a_signed_alert_goes_out_at_once_under_an_agreement_of_two(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        await corridor.resident(ONE)
        taken = await push(http, signed(tmp_path, alert()))
        assert (taken["fate"], taken["signature"]) == ("redistributed", "valid")
        [signature] = await corridor.rows("SELECT submitted_by, by FROM approval")
        assert (signature["submitted_by"], signature["by"]) == ("partner zhejiang", "agreement of ann and bob")
        await corridor.send(str(taken["alert"]))
        assert "暴雨" in corridor.heard(ONE)[0]
        # Its end reaches those who had the start, through the reference to what the partner itself sent.
        ended = await push(http, signed(tmp_path, alert(2, msg_type="Cancel", after=1)))
        assert ended["fate"] == "redistributed", ended
        await corridor.send(str(ended["alert"]))
        assert "解除" in corridor.heard(ONE)[1]


async def test_the_same_alert_again_changes_nothing(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path) as (corridor, http):
        document = write(alert())
        first = await push(http, document)
        for _ in range(2):
            again = await push(http, document)
            assert (again["fate"], again["earlier"], again["identifier"]) == ("known", "held", first["identifier"])
        assert len(await corridor.rows("SELECT 1 FROM proposal")) == 1
        assert len(await corridor.rows("SELECT 1 FROM intake")) == 1


async def test_what_was_tampered_with_or_comes_in_a_strangers_name_is_refused_and_on_record(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        forged = signed(tmp_path, alert()).replace("三小时".encode(), "九小时".encode())
        assert (await push(http, forged))["why"] == "signature: broken: InvalidDigest: Digest mismatch for reference 0 ()"
        stranger = await push(http, write(alert(3, sender="32000041600000")))
        assert (stranger["fate"], stranger["why"]) == ("refused", "sender: zhejiang may not speak for 32000041600000")
        assert await corridor.rows("SELECT 1 FROM proposal") == []
        assert [row["fate"] for row in await corridor.rows("SELECT fate FROM intake ORDER BY at")] == ["refused", "refused"]


async def test_a_real_alert_never_comes_out_of_a_drill_and_a_cancel_of_nothing_warns_nobody(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        real = await push(http, signed(tmp_path, alert(1, status="Actual")))
        assert (real["fate"], real["why"]) == ("kept", "a real alert reached a drill: it is kept, and goes nowhere")
        lonely = await push(http, signed(tmp_path, alert(4, msg_type="Cancel", after=3)))
        assert (lonely["fate"], lonely["why"]) == ("kept", "references: what this Cancel follows never went out from here")
        assert await corridor.rows("SELECT 1 FROM proposal") == []


async def test_who_has_no_token_of_a_partner_pushes_nothing(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path) as (corridor, http):
        for head in ({}, {"Authorization": "Bearer wrong"}):
            assert (await http.post("/api/intake/cap", content=write(alert()), headers=head)).status_code == 401
        bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><alert>&b;</alert>'
        refused = await http.post("/api/intake/cap", content=bomb, headers=TOKEN)
        assert refused.status_code == 422
        assert "DOCTYPE" in refused.json()["detail"]
        assert (await http.post("/api/intake/cap", content=b"<a>" + b"x" * 5_000_000, headers=TOKEN)).status_code == 422
        assert await corridor.rows("SELECT 1 FROM intake") == []


async def test_the_national_form_is_taken_zipped_and_acknowledged_row_by_row(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path) as (corridor, http):
        document = write_national(alert(), first="")
        answer = await http.post("/api/intake/national", content=zipped("a.xml", document), headers=TOKEN)
        [ack] = read_ack(answer.content)
        assert (ack.identifier, ack.status) == (alert().identifier, 0)
        broken = await http.post("/api/intake/national", content=document.replace(b"<senderCode>33000041600000</senderCode>", b""), headers=TOKEN)
        assert [(one.status, one.error_code) for one in read_ack(broken.content)] == [(2, "unreadable")]
        assert [row["status"] for row in await corridor.rows("SELECT status FROM proposal")] == ["submitted"]


def test_an_rss_feed_is_read_by_its_links() -> None:
    rss = etree.tostring(etree.fromstring("<rss version='2.0'><channel><item><link>https://p.example/1.xml</link></item></channel></rss>"))
    assert scan_feed(rss).links == ("https://p.example/1.xml",)
