"""The whole OpenAPI, asked what its own schema allows and what it does not: no server error, and every refusal tells the next step."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok

from tests.web.conftest import World
from warning.account import token_hash
from warning.settings import LimitSettings
from warning.web.server import create

_EACH = 6
"""Cases of an address and kind: some hundreds in all, which is what half a minute has room for."""
_STREAMS = {"/api/events"}
"""Addresses that answer without end; their own tests ask them."""


def cases(schema: schemathesis.BaseSchema, mode: schemathesis.GenerationMode) -> list[Any]:
    """Drawn first and sent afterwards, because the application lives in this loop. The same cases on every machine."""
    found: list[Any] = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), "an address that cannot be read"
        operation = result.ok()
        if operation.path in _STREAMS:
            continue

        @settings(max_examples=_EACH, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode))
        def draw(case: Any) -> None:
            found.append(case)

        with suppress(Unsatisfiable):  # an address without a parameter or a body has nothing that could be wrong
            draw()
    return found


async def ask(world: World, case: Any, who: str) -> tuple[str, int, str]:
    """Address, status and what is wrong with the answer ("" when nothing is)."""
    wanted = case.as_transport_kwargs(base_url="http://faces.test")
    headers = {name: value for name, value in dict(wanted.get("headers") or {}).items() if name.lower() not in ("authorization", "cookie", "user-agent")}
    body = {name: wanted[name] for name in ("json", "data", "files", "content") if wanted.get(name) is not None}
    if isinstance(body.get("json"), schemathesis.core.NotSet):
        body.pop("json")
    if isinstance(body.get("data"), bytes | str):
        body["content"] = body.pop("data")
    answer = await world.http.request(
        wanted["method"], wanted["url"], params=wanted.get("params"), headers={**headers, "Authorization": f"Bearer token-{who}"}, **body)
    address = f"{case.method} {case.operation.path}"
    if answer.status_code >= 500:
        return address, answer.status_code, answer.text[:200]
    if answer.status_code >= 400 and answer.headers["content-type"].startswith("application/problem+json"):
        told = json.loads(answer.text)
        if not told.get("next_step"):
            return address, answer.status_code, "a refusal without a next step"
    return address, answer.status_code, ""


@pytest.fixture
async def patient(world: World) -> AsyncIterator[World]:
    """The same world behind an application that lets one address ask as often as it likes."""
    limits = LimitSettings(per_s=1e6, burst=10**6, costly_per_min=10**6, codes_per_h=10**6, intake_per_min=10**6)
    app = create(replace(world.parts, settings=world.parts.settings.model_copy(update={"limits": limits})), with_console=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://faces.test") as http:
        yield replace(world, app=app, http=http)


async def test_nothing_that_the_schema_allows_or_forbids_makes_the_server_fail(patient: World) -> None:
    world = patient
    await world.warned()
    await world.proposed()
    described = world.app.openapi()
    schema = schemathesis.openapi.from_dict(described)
    answers: Counter[tuple[str, int]] = Counter()
    served: Counter[str] = Counter()
    await world.execute("INSERT INTO account (name, role, token_hash, area) VALUES ('duty', 'office', :h, '310115')", {"h": token_hash("token-duty")})
    wrong: list[str] = []
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        for number, case in enumerate(cases(schema, mode)):
            # In turn as the one who may administer, as a forecaster, as an approver, as an office: what a role may not do ends before it is read.
            who = ("root", "fu", "lin", "duty")[number % 4]
            address, status, why = await ask(world, case, who)
            answers[address, status] += 1
            served[who] += status < 300
            if why:
                wrong.append(f"{address}: {status} {why}")
    assert wrong == []
    asked = {address for address, _ in answers}
    assert asked == {f"{method.upper()} {path}" for path, methods in described["paths"].items() if path not in _STREAMS for method in methods}
    assert sum(count for (_, status), count in answers.items() if status < 300) > len(asked) / 2  # it was not refused everywhere
    assert all(served[who] > len(asked) / 10 for who in ("root", "fu", "lin", "duty")), served  # and every role was let in somewhere
