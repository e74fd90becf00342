"""A web server with a roster and calls under way: ``python -m tests.web.calls_server URL PORT FOLDER``."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import uvicorn

from tests.web.conftest import World, opened_world
from warning.account import Account

PEOPLE = """区划代码,区划名称,岗位,类别,顺序,姓名,职务,手机,webhook,有效期
310000,上海市,防汛办,责任人,1,赵总,总值班,13800000009,,
310115,浦东新区,防汛责任人,责任人,1,王一,局长,13800000001,https://203.0.113.7/wang,2024-09-25
310115,浦东新区,防汛责任人,责任人,2,李二,副局长,13800000002,,
310115140,书院镇,防汛责任人,责任人,1,孙无,镇长,,,
310115140,书院镇,防汛责任人,责任人,2,周五,副镇长,13800000005,,
310115140,书院镇,文化广场大屏,社区终端,1,大屏,,,https://203.0.113.7/screen,
310115141,大团镇,灾害信息员,灾害信息员,1,吴六,,13800000006,,
310120101,南桥镇,防汛责任人,责任人,1,郑七,镇长,13800000007,,
"""
PLACES = """区划代码,区划名称,制度,制度日期,纬度,经度
310115140,书院镇,防汛防台预案,2024-04-20,30.99,121.86
310115141,大团镇,,,30.97,121.75
310120101,南桥镇,防汛防台预案,2024-04-20,30.92,121.46
"""


async def main(url: str, port: int, folder: Path) -> None:
    async with opened_world(url, folder, public_url=f"http://127.0.0.1:{port}", with_console=True) as world:
        await seed(world)
        await uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()


async def seed(world: World) -> None:
    """Pudong is red for three minutes: one post has answered, one is silent, one went straight to its second person."""
    files = [("people.csv", PEOPLE.encode()), ("places.csv", PLACES.encode())]
    reading, _ = await world.parts.rosters.bring(files, account=Account(name="root", role="admin"))
    assert reading.grave == ()
    identifier = await world.warned(zones=["310115"], level="red")
    await world.parts.dispatch.expand(identifier)
    await world.execute("UPDATE delivery SET state = 'accepted', evidence = 'sent', accepted_at = clock_timestamp() WHERE channel = 'sms'")
    await world.execute("UPDATE call_attempt SET tried_at = called_at WHERE state = 'called'")
    await world.parts.answer.reply("sms", "13800000006", "收到")
    await world.move(timedelta(minutes=5, seconds=20))
    await world.parts.answer.escalate()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
