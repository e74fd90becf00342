"""An event's life with faults in any order, drawn by Hypothesis: versions, workers that die, doubled receipts, time that passes."""

import asyncio
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from channels.crowd import Crowd, CrowdReceipt
from channels.message import Limits, Message, Outcome, Reason, Receipt
from tests.corridor.conftest import AT, Corridor, opened_corridor
from tests.database import discarded, fresh
from warning.dispatch.delivery import ENDED, REACHED, State
from warning.level import Level

PUDONG, JINSHAN = "310115", "310116"
PEOPLE = {f"861390000000{n}": (PUDONG if n < 3 else JINSHAN) for n in range(6)}
LIFTED = "解除"
ANSWERS = {
    "accepts": (Outcome.ACCEPTED, None), "throttles": (Outcome.RETRY, Reason.RATE_LIMITED), "is silent": (Outcome.UNKNOWN, Reason.TIMEOUT),
    "refuses": (Outcome.REJECTED, Reason.REFUSED),
}


class Gateway:
    """Answers as it is told; ``dies`` takes the messages and the worker with them. What was taken is remembered in order."""

    limits = Limits(max_chars=None)

    def __init__(self) -> None:
        self.does = "accepts"
        self.heard: dict[str, list[tuple[int, bool]]] = {number: [] for number in PEOPLE}
        self.late: list[str] = []
        self.now = AT

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: list[Message]) -> list[Receipt]:
        raise AssertionError(f"{len(messages)} residents are handed over as a crowd")

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        taken = self.does in ("accepts", "is silent", "dies")
        for address in crowd.addresses if taken else ():
            self.heard[address].append((crowd.message.version, LIFTED in crowd.message.text))
            if self.now >= crowd.message.expires and LIFTED not in crowd.message.text:
                self.late.append(address)
        if self.does == "dies":
            raise asyncio.CancelledError
        outcome, reason = ANSWERS[self.does]
        n = len(crowd.addresses)
        return CrowdReceipt(outcomes=[outcome] * n, external_ids=[""] * n, common=self.does,
                            reasons={} if reason is None else dict.fromkeys(range(n), reason))


class Life(RuleBasedStateMachine):
    """One event of one issuer; a step is what a person, a worker, a gateway or the time does."""

    def __init__(self, server_url: str, folder: Path) -> None:
        super().__init__()
        self._server, self._folder = server_url, folder / uuid.uuid4().hex[:8]
        self._url = ""
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.gateway = Gateway()
        self.alerts: list[str] = []
        self.over = False
        self.unreached = False

    def run(self, act: object) -> None:
        self._runner.run(act)  # type: ignore[arg-type]  # a coroutine

    @initialize()
    def begins(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        self._folder.mkdir()
        self._url = await asyncio.to_thread(fresh, self._server)
        self.city: Corridor = await opened_corridor(self._url, self._folder, self._stack, channels=False)
        self.city.parts.dispatch.attach("sms", self.gateway)  # type: ignore[arg-type]  # its send is never called
        for number, zone in PEOPLE.items():
            await self.city.resident(number, zone)
        self.alerts.append(await self.city.warned(zones=(PUDONG, JINSHAN), level=Level.YELLOW))

    @precondition(lambda self: not self.over)
    @rule(level=st.sampled_from([Level.YELLOW, Level.RED]), zones=st.sampled_from([(PUDONG,), (JINSHAN,), (PUDONG, JINSHAN)]))
    def changes(self, level: Level, zones: tuple[str, ...]) -> None:
        async def act() -> None:
            self.alerts.append(await self.city.warned(zones=zones, level=level, action="update", replaces=self.alerts[-1]))

        self.run(act())

    @precondition(lambda self: not self.over)
    @rule()
    def ends(self) -> None:
        async def act() -> None:
            self.alerts.append(await self.city.warned(
                zones=(PUDONG, JINSHAN), level=Level.RED, action="cancel", replaces=self.alerts[-1]))

        self.run(act())
        self.over = True

    @rule(does=st.sampled_from([*ANSWERS, "accepts", "dies"]), newest_first=st.booleans())
    def a_worker_looks(self, does: str, *, newest_first: bool) -> None:
        self.gateway.does = does
        self.run(self._work(newest_first=newest_first))

    async def _work(self, *, newest_first: bool) -> None:
        for alert in self.alerts:
            await self.city.parts.dispatch.expand(alert)
        order = "DESC" if newest_first else "ASC"
        for row in await self.city.rows(f"SELECT id FROM crowd WHERE open ORDER BY id {order}"):
            try:
                await self.city.parts.mass.send(row["id"])
            except asyncio.CancelledError:
                return  # this worker is dead; what it held is claimed until its lease is over

    @rule()
    def a_while_passes(self) -> None:
        self.run(self.city.execute(
            "UPDATE crowd SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL"))
        self.run(self.city.execute("UPDATE crowd SET next_try_at = NULL, unknown_at = NULL"))

    @rule(outcome=st.sampled_from([Outcome.DELIVERED, Outcome.REJECTED]), twice=st.booleans())
    def handsets_report(self, outcome: Outcome, *, twice: bool) -> None:
        self.unreached |= outcome is Outcome.REJECTED

        async def act() -> None:
            for row in await self.city.rows("SELECT identifier, crowd_id, number FROM recipient WHERE state IN ('accepted', 'delivered')"):
                for _ in range(1 + twice):
                    await self.city.parts.dispatch.on_receipt(Receipt(
                        key=f"{row['identifier']}.c{row['crowd_id']}.{row['number']}", outcome=outcome, at=AT, evidence="said late"))
            await self.city.parts.dispatch.flush()

        self.run(act())

    @rule()
    def it_expires(self) -> None:
        self.run(self.city.move(timedelta(hours=4)))
        self.gateway.now = self.city.now
        self.over = True

    @invariant()
    def nobody_hears_an_end_without_a_start_nor_an_older_version_after_a_newer_one(self) -> None:
        for heard in self.gateway.heard.values():
            assert not heard or not heard[0][1], "an end without a start"
            versions = [version for version, _ in heard]
            assert versions == sorted(versions), "an older version after a newer one"
        assert self.gateway.late == [], "sent after its end"

    def teardown(self) -> None:
        try:
            if self.alerts:
                self.run(self._settle())
        finally:
            self.run(self._stack.aclose())
            self._runner.close()
            if self._url:
                discarded(self._server, self._url)

    async def _settle(self) -> None:
        """All is mended, time passes: then everybody has an end, who heard it twice is marked, and who heard nothing has a reason."""
        self.gateway.does = "accepts"
        for _ in range(4 * len(self.alerts)):
            await self.city.execute("UPDATE crowd SET lease_until = NULL, next_try_at = NULL, unknown_at = NULL")
            await self._work(newest_first=False)
            if not await self.city.rows("SELECT 1 FROM crowd WHERE open"):
                break
        self.nobody_hears_an_end_without_a_start_nor_an_older_version_after_a_newer_one()
        for alert in self.alerts:
            [row] = await self.city.rows("SELECT version FROM alert WHERE identifier = :i", i=alert)
            for number, end in (await self.city.deliveries(alert)).items():
                state, times = State(end["state"]), Counter(version for version, _ in self.gateway.heard[number])[row["version"]]
                assert state in ENDED
                assert state in REACHED or end["reason"] or state is State.FAILED
                assert times <= 1 or end["maybe_twice"], "heard twice, and not marked"
                assert times or state not in REACHED, "said to be reached, and heard nothing"
                assert end["reason"] != "no_start" or self.unreached or not self.gateway.heard[number], "who may have heard the start is owed its end"


def test_whatever_happens_in_whatever_order_the_ledger_and_the_handsets_agree(server_url: str, tmp_path: Path) -> None:
    class Here(Life):
        def __init__(self) -> None:
            super().__init__(server_url, tmp_path)

    run_state_machine_as_test(Here, settings=settings(
        max_examples=8, stateful_step_count=14, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)))
