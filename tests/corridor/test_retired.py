"""A push endpoint that is gone is not tried again; an office's is kept, because its fault must be mended."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from channels.wire.aes128gcm import b64url
from channels.wire.http_sink import HttpFault
from tests.corridor.conftest import PLACES, Corridor, opened_corridor
from warning.app import opened
from warning.dispatch.subscribe import ResidentSubscription
from warning.settings import load_settings

KEY = b64url(ec.derive_private_key(4711, ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big"))


async def pushed(corridor: Corridor, path: str, zone: str = "310115") -> str:
    """A phone registered for Web Push at a place; its address."""
    address = corridor.sink.subscribe_phone(path)
    await registered(corridor, address, zone)
    return address


async def registered(corridor: Corridor, address: str, zone: str) -> None:
    lat, lon = PLACES[zone]
    await corridor.parts.subscriptions.resident(ResidentSubscription(channel="webpush", address=address, lat=lat, lon=lon, min_level="blue"))


async def test_an_endpoint_that_answers_410_is_retired_with_all_its_places_and_never_asked_again(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = await opened_corridor(database_url, tmp_path, stack, channels=False)
        settings = yaml.safe_load(first.settings_file.read_text(encoding="utf-8"))
        settings["channels"].append({"name": "webpush", "kind": "webpush", "options": {
            "lane": "exercise", "allow_private": True, "timeout_s": 2, "vapid_private_key": KEY, "vapid_subject": "mailto:duty@example.org"}})
        first.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        parts = await stack.enter_async_context(opened(load_settings(first.settings_file)))
        corridor = Corridor(parts=parts, smsc=first.smsc, sink=first.sink, folder=first.folder, settings_file=first.settings_file)
        gone, well = await pushed(corridor, "/p/gone"), await pushed(corridor, "/p/well")
        await registered(corridor, gone, "310120")
        broken = json.dumps({"endpoint": corridor.sink.url("/p/broken"), "keys": {"p256dh": "AAAA", "auth": "AAAA"}})
        for number, (lane, channel, address, zone) in enumerate((
                ("exercise", "webpush", broken, "310115"), ("exercise", "webpush", broken, "310117"), ("actual", "webpush", gone, "310116"), ("exercise", "another", gone, "310116"))):
            await corridor.execute(
                "INSERT INTO subscription (kind, lane, channel, address, language, min_level, cell, district) "
                "VALUES ('resident', :lane, :channel, :address, 'zh-CN', 1, :cell, :zone)", cell=f"c31{number:02}_12165",
                lane=lane, channel=channel, address=parts.addresses.seal(address), zone=zone)
        await corridor.office("district office", "/office")
        corridor.sink.faults |= {"/p/gone": HttpFault.GONE, "/office": HttpFault.GONE}
        office = corridor.sink.url("/office")
        alert = await corridor.warned()
        await corridor.send(alert)
        assert await corridor.states(alert) == {
            gone: ("failed", "gone"), well: ("accepted", ""), office: ("failed", "gone"), broken: ("failed", "bad_address")}
        active = {(row["lane"], row["channel"], corridor.parts.addresses.open(row["address"])): row["n"] for row in await corridor.rows(
            "SELECT lane, channel, address, count(*) FILTER (WHERE active) AS n FROM subscription GROUP BY lane, channel, address")}
        assert active == {
            ("exercise", "webpush", gone): 0, ("exercise", "webpush", well): 1, ("exercise", "webhook", office): 1, ("exercise", "webpush", broken): 2,
            ("actual", "webpush", gone): 1, ("exercise", "another", gone): 1}
        assert corridor.sink.refused["gone"] == 2
        fengxian = await corridor.warned(zones=("310120",))
        await corridor.send(fengxian)
        assert await corridor.deliveries(fengxian) == {}
