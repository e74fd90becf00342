"""Registration for the drill: broadcasts, offices and residents, all in the exercise lane."""

import httpx
from sqlalchemy import text

from warning.app import Parts
from warning.demo.residents import Residents, addresses, push_keys
from warning.demo.scenario import DEAD_NAME, offices
from warning.store.database import raw


async def register_offices(http: httpx.AsyncClient, *, token: str, sink: str, dead_port: int) -> int:
    """Sixteen district offices by zone, and one station by polygon whose gateway is dead; through the API, as offices do."""
    wanted: list[dict[str, object]] = [
        {"name": office.name, "channel": "webhook", "address": f"{sink}{office.path}", "secret": office.secret,
         "min_level": "yellow", "zones": [office.zone], "lane": "exercise"}
        for office in offices()
    ]
    wanted.append({
        "name": DEAD_NAME, "channel": "webhook", "address": f"http://127.0.0.1:{dead_port}/station", "min_level": "orange",
        "polygon": {"type": "Polygon", "coordinates": [[[121.40, 30.90], [121.60, 30.90], [121.60, 31.05], [121.40, 31.05],
                                                        [121.40, 30.90]]]}, "lane": "exercise"})
    for one in wanted:
        answer = await http.post("/api/subscriptions", json=one, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
    return len(wanted)


async def register_residents(parts: Parts, residents: Residents, *, push_base: str, seed: int) -> int:
    """COPY of everyone who has a personal channel; those with none read the page. Returns how many."""
    rows = 0
    async with parts.database.begin() as connection:
        driver = await raw(connection)
        async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row, address in addresses(residents, push_base=push_base, keys=push_keys(seed)):
                await copy.write_row((
                    "resident", "exercise", str(residents.channel[row]), address, str(residents.language[row]),
                    int(residents.min_level[row]), str(residents.cell[row]), str(residents.district[row])))
                rows += 1
        await connection.execute(text("ANALYZE subscription"))
    return rows


_COPY = "COPY subscription (kind, lane, channel, address, language, min_level, cell, district) FROM STDIN"
