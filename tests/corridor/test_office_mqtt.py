"""An office's own MQTT topics on a real broker: warnings retained by issuer and hazard, tests beside them."""

import json
from pathlib import Path

import yaml

from channels.wire.mqtt_sink import MqttSink
from tests.corridor.conftest import OFFICER, Corridor, until
from warning.app import opened
from warning.dispatch.subscribe import OfficeSubscription
from warning.settings import load_settings

OWN = "xiaoxishu/exercise/office/officer/wall"


async def test_an_office_has_topics_of_its_own_and_a_test_wipes_no_warning(corridor: Corridor, tmp_path: Path) -> None:
    broker = MqttSink()
    port = await broker.start()
    settings = yaml.safe_load(corridor.settings_file.read_text(encoding="utf-8"))
    settings["channels"].append({"name": "mqtt", "kind": "mqtt", "options": {"lane": "exercise", "host": "127.0.0.1", "port": port}})
    file = tmp_path / "with-mqtt.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    async with opened(load_settings(file)) as parts:
        number = await parts.subscriptions.office(OfficeSubscription(name="wall", channel="mqtt", zones=("310115",)), account=OFFICER)
        alert = await corridor.warned()
        await parts.dispatch.expand(alert)
        for row in await corridor.rows("SELECT id FROM batch WHERE identifier = :i AND channel = 'mqtt'", i=alert):
            await parts.dispatch.send(row["id"])
        warned = f"{OWN}/310000/rainstorm"
        assert json.loads(broker.retained[warned])["identifier"] == alert
        await parts.office.test(number, account=OFFICER)

        async def tested() -> bool:
            return (await parts.office.tests(number, account=OFFICER))[0].state == "accepted"

        await until(tested)
        assert json.loads(broker.retained[f"{OWN}/test"])["status"] == "Test"
        assert json.loads(broker.retained[warned])["identifier"] == alert
        assert {topic for topic in broker.received if "/office/" in topic} == {warned, f"{OWN}/test"}
    await broker.stop()
