"""Registration for the drill: broadcasts, offices and residents, all in the exercise lane."""

import httpx
from sqlalchemy import text

from warning.demo.residents import Residents, addresses, push_keys
from warning.demo.scenario import DEAD_NAME, SILENT, STAND_IN, Office, offices
from warning.parts import Parts
from warning.store.database import raw


async def register_offices(http: httpx.AsyncClient, *, token: str, sink: str, dead_port: int) -> int:
    """Sixteen district offices by zone (the silent one with a stand-in), and one station by polygon whose gateway is dead; through the API, as offices do."""
    def office(one: Office, *, stand_in: bool = False, escalates_to: int | None = None) -> dict[str, object]:
        return {"name": one.name, "channel": "webhook", "address": f"{sink}{one.path}", "secret": one.secret, "min_level": "yellow",
                "zones": [one.zone], "lane": "exercise", "standby": stand_in, "escalates_to": escalates_to}

    async def post(one: dict[str, object]) -> int:
        answer = await http.post("/api/subscriptions", json=one, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        return int(answer.json()["id"])

    stand_in = await post(office(STAND_IN, stand_in=True))
    wanted = [office(one, escalates_to=stand_in if one == SILENT else None) for one in offices()]
    wanted.append({
        "name": DEAD_NAME, "channel": "webhook", "address": f"http://127.0.0.1:{dead_port}/station", "min_level": "orange",
        "polygon": {"type": "Polygon", "coordinates": [[[121.40, 30.90], [121.60, 30.90], [121.60, 31.05], [121.40, 31.05],
                                                        [121.40, 30.90]]]}, "lane": "exercise"})
    for one in wanted:
        await post(one)
    return len(wanted) + 1


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
