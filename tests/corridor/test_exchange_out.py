"""Out to others: the national platform by zipped files and its answers, the world by WIS2 notifications, both from an alert like any other."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import pytest

from channels import national, wis2
from channels.message import Receipt, Reply
from channels.port import ChannelSender, Doors
from channels.wire.durable_file import put
from channels.wire.mqtt_sink import MqttSink
from channels.wire.national_ack import Ack, read_ack, write_ack
from feeds.wis2_message import parse
from tests.corridor.conftest import Corridor, opened_corridor, until
from warning.capxml import read as read_cap
from warning.dispatch.broadcast import broadcasts
from warning.doors import doors_of
from warning.level import Level
from warning.nationalxml import read, unpacked
from warning.settings import ChannelSettings

TOPIC = "origin/a/wis2/cn-xiaoxishu-drill/data/core/weather/advisories-warnings"


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def attached(corridor: Corridor, stack: AsyncExitStack, kind: str, sender: ChannelSender) -> None:
    """The channel under its kind's own name, told of everything in the drill's lane."""
    await sender.open()
    stack.push_async_callback(sender.close)
    corridor.parts.dispatch.attach(kind, sender)
    for entry in broadcasts(corridor.parts.zones, channels={kind: kind}, lane="exercise", public_url="http://drill.test"):
        await corridor.parts.subscribers.add(entry)


async def doors(corridor: Corridor, stack: AsyncExitStack, kind: str) -> Doors:
    """The product's own, for the channel of this kind."""
    async def nobody(_: Reply) -> None: ...

    return doors_of(ChannelSettings(name=kind, kind=kind), corridor.parts, await stack.enter_async_context(httpx.AsyncClient(trust_env=False)), nobody)


async def outbox(corridor: Corridor, stack: AsyncExitStack) -> tuple[Path, Path]:
    out, answers = corridor.folder / "national", corridor.folder / "answers"
    answers.mkdir()
    options = national.Options(lane="exercise", folder=out, answers=answers, look_s=0.05, patience_s=0)
    await attached(corridor, stack, "national", national.Sender(options, await doors(corridor, stack, "national")))
    return out, answers


async def end_of(corridor: Corridor, identifier: str) -> dict[str, Any]:
    await corridor.parts.dispatch.flush()
    [end] = await corridor.rows("SELECT state, reason, evidence FROM delivery WHERE identifier = :i", i=identifier)
    return end


async def test_an_alert_is_a_zip_by_the_platforms_name_and_a_later_version_refers_to_the_first(database_url: str, tmp_path: Path, stack: AsyncExitStack) -> None:
    corridor = await opened_corridor(database_url, tmp_path, stack)
    out, _ = await outbox(corridor, stack)
    first = await corridor.warned(level=Level.ORANGE)
    await corridor.send(first)
    second = await corridor.warned(level=Level.RED, action="update", replaces=first)
    await corridor.send(second)
    third = await corridor.warned(level=Level.RED, action="cancel", replaces=second)
    await corridor.send(third)
    names = {f"{first}_11B03_ORANGE_ALERT", f"{second}_11B03_RED_UPDATE", f"{third}_11B03_RED_CANCEL"}
    assert {path.stem for path in out.glob("*.zip")} == names
    for name, refers_to in ((f"{second}_11B03_RED_UPDATE", first), (f"{third}_11B03_RED_CANCEL", first)):
        [(inside, document)] = unpacked((out / f"{name}.zip").read_bytes())
        assert inside == f"{name}.xml"
        assert [one.identifier for one in read(document).references] == [refers_to]
    [(_, document)] = unpacked((out / f"{first}_11B03_ORANGE_ALERT.zip").read_bytes())
    assert read(document).references == ()
    assert "演练" in read(document).infos[0].headline


async def test_the_platforms_answer_is_the_proof_and_its_refusal_a_failure_with_its_code(database_url: str, tmp_path: Path, stack: AsyncExitStack) -> None:
    corridor = await opened_corridor(database_url, tmp_path, stack)
    _, answers = await outbox(corridor, stack)
    taken = await corridor.warned(zones=("310115",))
    await corridor.send(taken)
    refused = await corridor.warned(zones=("310120",))
    await corridor.send(refused)
    assert (await end_of(corridor, taken))["state"] == "accepted"
    half = answers / "half.part"
    half.write_bytes(write_ack([Ack(identifier=taken, status=0), Ack(identifier=refused, status=3, error_code="E103", note="格式错误")]))
    half.replace(answers / "a1.xml")

    async def answered() -> bool:
        return str((await end_of(corridor, taken))["state"]) == "delivered"

    await until(answered)
    end = await end_of(corridor, refused)
    assert (end["state"], end["reason"]) == ("failed", "refused")
    assert "status 3 E103 格式错误" in end["evidence"]
    assert [path.name for path in (answers / "read").iterdir()] == ["a1.xml"]


@pytest.mark.parametrize("octets", [
    b"no xml", b"<msg><data><rows><identifier>x</identifier><status>well</status></rows></data></msg>", b"<alert/>",
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><msg>&b;</msg>'])
async def test_what_is_no_answer_is_put_aside_and_stops_nothing(octets: bytes, database_url: str, tmp_path: Path, stack: AsyncExitStack) -> None:
    with pytest.raises(ValueError, match=r"not|no number|this is alert|DOCTYPE"):
        read_ack(octets)
    corridor = await opened_corridor(database_url, tmp_path, stack)
    _, answers = await outbox(corridor, stack)
    (answers / "a.xml").write_bytes(octets)
    identifier = await corridor.warned()
    await corridor.send(identifier)
    (answers / "b.part").write_bytes(write_ack([Ack(identifier=identifier, status=0)]))
    (answers / "b.part").replace(answers / "b.xml")

    async def answered() -> bool:
        return str((await end_of(corridor, identifier))["state"]) == "delivered"

    await until(answered)
    assert [path.name for path in (answers / "odd").iterdir()] == ["a.xml"]


async def test_an_answers_file_stays_until_its_proof_is_in_the_ledger_and_read_again_it_changes_nothing(
    database_url: str, tmp_path: Path, stack: AsyncExitStack
) -> None:
    corridor = await opened_corridor(database_url, tmp_path, stack)
    out, answers = corridor.folder / "national", corridor.folder / "answers"
    answers.mkdir()
    asked = asyncio.Queue[int]()

    async def away(receipts: Sequence[Receipt]) -> None:
        asked.put_nowait(len(receipts))

    def sender(given: Doors, **more: Any) -> national.Sender:
        return national.Sender(national.Options(lane="exercise", folder=out, answers=answers, look_s=0.05, **more), given)

    real = await doors(corridor, stack, "national")
    # A process whose database is away, and which then dies.
    dying = sender(replace(real, on_proof=away), patience_s=0)
    await attached(corridor, stack, "national", dying)
    identifier = await corridor.warned()
    await corridor.send(identifier)
    put(answers / "a1.xml", write_ack([Ack(identifier=identifier, status=0, note="first")]))
    for _ in range(3):
        assert await asyncio.wait_for(asked.get(), 60) == 1
    await dying.close()
    assert [path.name for path in answers.iterdir()] == ["a1.xml"]
    assert (await end_of(corridor, identifier))["state"] == "accepted"
    # The next one finds it, and a copy that comes once more; what is half written, or answers what is not known yet, may still become an answer.
    put(answers / "half.xml", b"<msg><data>")
    put(answers / "early.xml", write_ack([Ack(identifier="33000041600000_20240920000009", status=0)]))
    heard = sender(real, patience_s=3600)
    await heard.open()
    stack.push_async_callback(heard.close)

    async def read() -> bool:
        return not (answers / "a1.xml").exists()

    await until(read, within_s=60)
    end = await end_of(corridor, identifier)
    assert (end["state"], end["evidence"].count("first")) == ("delivered", 1)
    put(answers / "a1.xml", write_ack([Ack(identifier=identifier, status=4, note="second")]))
    await until(read, within_s=60)
    assert await end_of(corridor, identifier) == end
    assert sorted(path.name for path in (answers / "read").iterdir()) == ["a1.1.xml", "a1.xml"]  # neither proof is written over
    assert sorted(path.name for path in answers.glob("*.xml")) == ["early.xml", "half.xml"]


async def test_a_zip_is_the_same_whenever_it_is_written(tmp_path: Path, database_url: str, stack: AsyncExitStack) -> None:
    corridor = await opened_corridor(database_url, tmp_path, stack)
    out, _ = await outbox(corridor, stack)
    identifier = await corridor.warned()
    await corridor.send(identifier)
    [path] = out.glob("*.zip")
    before = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    await corridor.execute("UPDATE delivery SET state = 'queued', next_try_at = NULL, ended_at = NULL")
    await corridor.send(identifier)
    assert path.read_bytes() == before


async def test_the_world_is_told_where_the_document_lies_and_can_check_it(database_url: str, tmp_path: Path, stack: AsyncExitStack) -> None:
    corridor = await opened_corridor(database_url, tmp_path, stack)
    sink = MqttSink()
    port = await sink.start()
    stack.push_async_callback(sink.stop)
    options = wis2.Options(lane="exercise", host="127.0.0.1", port=port, topic=TOPIC, url="http://drill.test/api/alerts/{identifier}.xml", metadata_id="urn:wmo:md:x:y")
    await attached(corridor, stack, "wis2", wis2.Sender(options, await doors(corridor, stack, "wis2")))
    client = await stack.enter_async_context(aiomqtt.Client("127.0.0.1", port))
    await client.subscribe(f"{TOPIC.rsplit('/', 3)[0]}/#", qos=1)
    identifier = await corridor.warned(zones=("310115",))
    await corridor.send(identifier)
    message = await asyncio.wait_for(anext(aiter(client.messages)), 60)
    assert isinstance(message.payload, bytes)
    notice = json.loads(message.payload)
    # Our own reader of WIS2 takes it for what it is: that is how another service will read it.
    announced = parse(message.payload)
    [alert] = await corridor.rows("SELECT cap_xml, sent FROM alert")
    document = alert["cap_xml"].encode()
    announced.verify(document)
    assert (str(message.topic), message.retain) == (TOPIC, False)
    assert (announced.act, announced.href, announced.media_type) == ("canonical", f"http://drill.test/api/alerts/{identifier}.xml", "application/cap+xml")
    assert announced.data_id == f"cn-xiaoxishu-drill/data/core/weather/advisories-warnings/{identifier}"
    assert notice["properties"]["metadata_id"] == "urn:wmo:md:x:y"
    assert announced.content == (document if len(document) <= 4096 else None)
    rings = [ring for info in read_cap(document).alert.infos for area in info.areas for ring in area.polygons]
    west, north = min(lon for ring in rings for _, lon in ring), max(lat for ring in rings for lat, _ in ring)
    box = notice["geometry"]["coordinates"][0]
    assert box[0][0] == west
    assert box[2][1] == north
    assert (await end_of(corridor, identifier))["state"] == "accepted"
