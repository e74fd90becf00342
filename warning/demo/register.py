"""Registration for the drill: broadcasts, offices and residents, all in the exercise lane."""

import httpx
from sqlalchemy import text

from warning.demo.residents import Residents, addresses, push_keys
from warning.demo.scenario import DEAD_NAME, offices, roster
from warning.errors import ConfigError
from warning.parts import Parts
from warning.store.database import raw


async def register_offices(http: httpx.AsyncClient, *, token: str, sink: str, dead_port: int) -> int:
    """Sixteen district offices by zone, and one station by polygon whose gateway is dead; through the API, as offices do."""
    wanted: list[dict[str, object]] = [
        {"name": one.name, "channel": "webhook", "address": f"{sink}{one.path}", "secret": one.secret, "min_level": "yellow", "zones": [one.zone],
         "lane": "exercise"} for one in offices()]
    wanted.append({
        "name": DEAD_NAME, "channel": "webhook", "address": f"http://127.0.0.1:{dead_port}/station", "min_level": "orange",
        "polygon": {"type": "Polygon", "coordinates": [[[121.40, 30.90], [121.60, 30.90], [121.60, 31.05], [121.40, 31.05],
                                                        [121.40, 30.90]]]}, "lane": "exercise"})
    for one in wanted:
        (await http.post("/api/subscriptions", json=one, headers={"Authorization": f"Bearer {token}"})).raise_for_status()
    return len(wanted)


async def register_roster(http: httpx.AsyncClient, *, token: str, sink: str) -> None:
    """The districts' duty posts with their people, as a file through the API."""
    answer = await http.post("/api/roster/import", headers={"Authorization": f"Bearer {token}"}, files={"file": ("roster.csv", roster(sink).encode())})
    answer.raise_for_status()
    if not answer.json()["imported"]:
        raise ConfigError(f"the drill's roster was refused: {answer.text}")


async def register_residents(parts: Parts, residents: Residents, *, push_base: str, seed: int) -> int:
    """COPY of everyone who has a personal channel; those with none read the page. Returns how many."""
    rows = 0
    async with parts.database.begin() as connection:
        driver = await raw(connection)
        async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row, address in addresses(residents, push_base=push_base, keys=push_keys(seed)):
                await copy.write_row((
                    "resident", "exercise", str(residents.channel[row]), parts.addresses.seal(address), str(residents.language[row]),
                    int(residents.min_level[row]), str(residents.cell[row]), str(residents.district[row])))
                rows += 1
        await connection.execute(text("ANALYZE subscription"))
    return rows


_COPY = "COPY subscription (kind, lane, channel, address, language, min_level, cell, district) FROM STDIN"
