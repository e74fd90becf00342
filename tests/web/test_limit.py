"""Rate limits: bursts pass, floods wait, one peer's flood is nobody else's."""

import httpx
from fastapi import FastAPI

from tests.web.conftest import World
from warning.web.limit import RateLimit


class Hand:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def limited(hand: Hand, peer: str, *, per_s: float = 2, burst: int = 3, costly: float = 60) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/x")
    @app.post("/login")
    async def x() -> str:
        return "ok"

    whole = SHARED.setdefault(id(hand), RateLimit(app, per_s=per_s, burst=burst, costly_per_min=costly, monotonic=hand))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=whole, client=(peer, 1)), base_url="http://x.test")


SHARED: dict[int, RateLimit] = {}


async def test_a_burst_passes_and_then_a_request_waits_as_long_as_it_is_told() -> None:
    hand = Hand()
    async with limited(hand, "10.0.0.1") as one, limited(hand, "10.0.0.2") as other:
        assert [(await one.get("/x")).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = await one.get("/x")
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["next_step"]
        assert (await other.get("/x")).status_code == 200
        hand.now += 0.5  # one token at two a second
        assert [(await one.get("/x")).status_code for _ in range(2)] == [200, 429]


async def test_log_ins_have_a_smaller_bucket_of_their_own() -> None:
    hand = Hand()
    async with limited(hand, "10.0.0.3", per_s=100, burst=1000, costly=6) as one:
        assert [(await one.post("/login")).status_code for _ in range(6)] == [200] * 5 + [429]
        assert (await one.get("/x")).status_code == 200
        hand.now += 10
        assert (await one.post("/login")).status_code == 200


async def test_the_application_has_it(world: World) -> None:
    answers = [(await world.http.post("/api/registrations", json={})).status_code]
    while answers[-1] != 429 and len(answers) < 1000:  # forty-two, where no time passes between them
        answers.append((await world.http.post("/api/registrations", json={})).status_code)
    assert (answers[0], answers[-1]) == (422, 429)


async def test_a_hundred_offices_behind_one_proxy_may_answer_in_the_same_second(world: World) -> None:
    answers = [(await world.http.post(f"/api/ack/{n:064d}", data={"by": "x"})).status_code for n in range(100)]
    assert set(answers) == {404}


async def test_partners_documents_are_counted_for_themselves_and_reading_what_came_is_not() -> None:
    hand, app = Hand(), FastAPI()

    @app.post("/api/intake/cap")
    @app.get("/api/intake")
    async def x() -> str:
        return "ok"

    whole = RateLimit(app, per_s=100, burst=1000, costly_per_min=6, intake_per_min=30, monotonic=hand)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=whole, client=("10.0.0.5", 1)), base_url="http://x.test") as one:
        assert [(await one.post("/api/intake/cap")).status_code for _ in range(11)] == [200] * 10 + [429]
        assert (await one.post("/api/intake/cap")).headers["retry-after"] == "2"
        assert {(await one.get("/api/intake")).status_code for _ in range(20)} == {200}
        hand.now += 2  # thirty a minute are one in two seconds
        assert [(await one.post("/api/intake/cap")).status_code for _ in range(2)] == [200, 429]


async def test_what_may_cost_a_text_message_is_counted_by_the_hour_and_sending_a_code_back_is_not() -> None:
    hand, app = Hand(), FastAPI()

    @app.post("/api/registrations")
    @app.post("/api/registrations/confirm")
    async def x() -> str:
        return "ok"

    whole = RateLimit(app, per_s=100, burst=1000, costly_per_min=6000, codes_per_h=6, monotonic=hand)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=whole, client=("10.0.0.4", 1)), base_url="http://x.test") as one:
        assert [(await one.post("/api/registrations")).status_code for _ in range(6)] == [200] * 5 + [429]
        assert {(await one.post("/api/registrations/confirm")).status_code for _ in range(20)} == {200}
        hand.now += 600  # six an hour are one in ten minutes
        assert [(await one.post("/api/registrations")).status_code for _ in range(2)] == [200, 429]
