"""A web server to which a neighbouring province has sent alerts of every fate: ``python -m tests.web.arrivals_server URL PORT FOLDER``."""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from sqlalchemy import text

from tests.corridor.test_signing import key_files
from tests.web.conftest import AT, World, opened_world
from warning import cap
from warning.capxml import write
from warning.settings import PartnerSettings
from warning.signature import sign, signing_key

SENDER = "33000041600000"
WORDS = "预计未来三小时浦东新区有暴雨。<b>不是标签</b>"


def sent_by(at: datetime, number: int, *, zone: str = "310115", sender: str = SENDER, level: cap.Severity = "Severe", code: str = "11B03") -> cap.Alert:
    """The province's alert ``number``, sent so many seconds after the hour."""
    info = cap.Info(
        event="暴雨", categories=("Met",), urgency="Unknown", severity=level, certainty="Unknown", language="zh-CN",
        event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value=code),), expires=at + timedelta(hours=6), sender_name="浙江省气象台",
        headline="【演练】浙江省气象台发布暴雨橙色预警信号", description=WORDS, instruction="注意防范。",
        areas=(cap.Area(area_desc="某地", geocodes=(cap.NamedValue(name=cap.GBT2260, value=zone),)),))
    return cap.Alert(
        identifier=f"{SENDER}_202409200830{number:02d}", sender=sender, sent=at - timedelta(seconds=60 - number), status="Exercise", msg_type="Alert",
        scope="Public", note="drill of the province", infos=(info,))


async def main(url: str, port: int, folder: Path) -> None:
    key_files(folder, "province", AT - timedelta(days=1))
    partners = (
        PartnerSettings(name="zhejiang", called="浙江省气象台", senders=(SENDER,), issuer="310000", token=SecretStr("of-the-next-province"),
                        certificates=(folder / "province.pem",), agreed_by=("ann", "bob")),
        PartnerSettings(name="suzhou", called="苏州市气象台", senders=("32050041600000",), issuer="310000", area="310118", url="http://127.0.0.1:9/feed"))
    async with opened_world(url, folder, public_url=f"http://127.0.0.1:{port}", with_console=True, partners=partners) as world:
        await seed(world, folder)
        await uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()


async def seed(world: World, folder: Path) -> None:
    """Two wait (one of them unclear), one went out under the agreement, one was kept, one refused; the other partner's feed does not answer."""
    partner = world.parts.intake.partner(world.parts.intake.partners[0].token_hash)
    assert partner is not None
    key = signing_key((folder / "province.key").read_text(), (folder / "province.pem").read_bytes(), name="province")
    signed = sign(write(sent_by(world.now, 1, zone="310151", level="Moderate")), [key], at=world.now).document
    plain = [write(sent_by(world.now, 2, zone="310115")), write(sent_by(world.now, 3, zone="310120")).replace(b"<severity>Severe", b"<severity>severe"),
             write(sent_by(world.now, 4, zone="440100")), write(sent_by(world.now, 5, sender="32000041600000"))]
    for document in (signed, *plain, plain[-1]):
        await world.parts.intake.take(document, partner, how="push")
    await world.parts.polling.look()
    async with world.parts.database.begin() as connection:
        fates = sorted(row.fate for row in await connection.execute(text("SELECT fate FROM intake")))
    assert fates == ["held", "held", "kept", "redistributed", "refused"], fates


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
