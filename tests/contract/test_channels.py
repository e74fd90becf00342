"""What every channel adapter promises, checked for each file in ``channels/`` by itself (see ``bench.py`` for the peers)."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import httpx
import pytest
from pydantic import SecretStr, ValidationError

import channels
from channels.message import Limits, Message, Outcome, Reason, Receipt, Reply
from channels.port import ChannelOptions, Doors

_NOUNS = {"__init__", "message", "port", "crowd"}
_ROOM = Path(channels.__file__).parent
KINDS = sorted(p.stem for p in _ROOM.glob("*.py") if p.stem not in _NOUNS)
_PERMANENT = {Reason.BAD_ADDRESS, Reason.GONE}

pytestmark = pytest.mark.parametrize("kind", KINDS)


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look their module up
    spec.loader.exec_module(module)
    return module


def _new_bench(kind: str, folder: Path) -> Any:
    path = Path(__file__).parent / f"bench_{kind}.py"
    assert path.is_file(), f"channels/{kind}.py has no bench: write tests/contract/bench_{kind}.py in the form of bench.py"
    return _load(f"contract_bench_{kind}", path).Bench(folder)


def _adapter(kind: str) -> Any:
    return importlib.import_module(f"channels.{kind}")


@dataclass
class Desk:
    """Remembers what came through the doors."""

    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    async def on_receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def on_reply(self, reply: Reply) -> None:
        self.replies.append(reply)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@asynccontextmanager
async def _opened(kind: str, options: ChannelOptions, desk: Desk) -> AsyncIterator[Any]:
    async with httpx.AsyncClient(trust_env=False) as http:
        doors = Doors(now=lambda: datetime.now(UTC), http=http, on_receipt=desk.on_receipt, on_reply=desk.on_reply)
        sender = _adapter(kind).Sender(options, doors)
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


@asynccontextmanager
async def _bench(kind: str, folder: Path) -> AsyncIterator[Any]:
    bench = _new_bench(kind, folder)
    await bench.open()
    try:
        yield bench
    finally:
        await bench.close()


def _message(n: int, address: str, *, status: Literal["Actual", "Exercise", "Test"] = "Exercise", alive: bool = True) -> Message:
    mark = f"mark-{n:04d}"
    sent = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    return Message(
        key=f"contract/{n:04d}", address=address, subject=f"演练 drill {mark}", text=f"演练:暴雨红色预警 {mark} exercise only", language="zh-CN",
        identifier=f"contract-{n:04d}", event="contract-event", version=1, msg_type="Alert", status=status, priority=4,
        sent=sent, expires=sent + (timedelta(hours=8) if alive else timedelta(hours=1)),
        body=f"<?xml version='1.0'?><alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>{mark}</identifier></alert>".encode(),
        content_type="application/cap+xml", secret="contract-secret",
    )


def _assert_one_each(receipts: list[Receipt], messages: list[Message]) -> None:
    assert [r.key for r in receipts] == [m.key for m in messages]
    for receipt in receipts:
        assert receipt.at.utcoffset() == timedelta(0), "receipt times are aware UTC"


def _assert_no_address(receipts: list[Receipt], *addresses: str) -> None:
    for receipt in receipts:
        for address in addresses:
            assert address not in receipt.evidence
            assert address not in receipt.external_id


def test_it_has_a_bench(kind: str, tmp_path: Path) -> None:
    bench = _new_bench(kind, tmp_path)
    for verb in ("open", "close", "options", "address", "bad_address", "dead_options", "dead_address", "expect", "taken"):
        assert callable(getattr(bench, verb, None)), f"bench_{kind}.Bench has no {verb}()"


def test_its_file_says_its_duty_in_the_first_line(kind: str) -> None:
    assert (_adapter(kind).__doc__ or "").strip()


def test_its_options_are_strict_frozen_and_every_one_is_described(kind: str) -> None:
    options = _adapter(kind).Options
    assert issubclass(options, ChannelOptions)
    assert options.model_config.get("extra") == "forbid"
    assert options.model_config.get("frozen") is True
    silent = [name for name, info in options.model_fields.items() if not (info.description or "").strip()]
    assert not silent, f"options without a description: {silent}"


def test_its_secrets_do_not_show_when_options_are_printed(kind: str) -> None:
    for name, info in _adapter(kind).Options.model_fields.items():
        if name.endswith(("password", "secret", "token", "private_key")):
            assert SecretStr.__name__ in str(info.annotation), f"{name} must be a SecretStr"


async def test_an_unknown_option_is_refused(kind: str, tmp_path: Path) -> None:
    async with _bench(kind, tmp_path) as bench:
        known = bench.options().model_dump()
    with pytest.raises(ValidationError, match="no_such_option"):
        _adapter(kind).Options.model_validate(known | {"no_such_option": 1})


async def test_its_sender_has_the_verbs_of_the_port(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        assert isinstance(sender.limits, Limits)
        assert sender.limits.batch >= 1
        for verb in ("open", "close", "send"):
            assert inspect.iscoroutinefunction(getattr(sender, verb)), f"{verb} must be async"


async def test_an_empty_batch_gives_no_receipts(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        assert await sender.send([]) == []


async def test_each_message_gets_one_receipt_in_order_and_reaches_the_peer(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        messages = [_message(n, bench.address(n)) for n in range(5)]
        await bench.expect(messages)
        receipts = await sender.send(messages)
        _assert_one_each(receipts, messages)
        assert {r.outcome for r in receipts} <= {Outcome.ACCEPTED, Outcome.DELIVERED}, receipts
        assert all(r.evidence for r in receipts), "an accepted message has evidence"
        assert all(r.reason is None for r in receipts)
        _assert_no_address(receipts, *(m.address for m in messages))
        taken = await bench.taken()
        for n in range(5):
            assert sum(f"mark-{n:04d}" in text for text in taken) == 1, f"message {n} is not at the peer once: {len(taken)} taken"


async def test_a_second_batch_goes_through_the_same_sender(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        for n in range(2):
            message = _message(n, bench.address(n))
            await bench.expect([message])
            (receipt,) = await sender.send([message])
            assert receipt.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED), receipt


async def test_a_message_of_the_other_lane_is_refused_and_does_not_leave(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        messages = [_message(0, bench.address(0), status="Actual"), _message(1, bench.address(1), status="Test")]
        await bench.expect(messages[1:])
        receipts = await sender.send(messages)
        _assert_one_each(receipts, messages)
        assert (receipts[0].outcome, receipts[0].reason) == (Outcome.REJECTED, Reason.WRONG_LANE)
        assert receipts[1].outcome in (Outcome.ACCEPTED, Outcome.DELIVERED), "Test travels in the exercise lane"
        assert not any("mark-0000" in text for text in await bench.taken())


async def test_nothing_leaves_after_its_expiry(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        messages = [_message(0, bench.address(0), alive=False), _message(1, bench.address(1))]
        await bench.expect(messages[1:])
        receipts = await sender.send(messages)
        _assert_one_each(receipts, messages)
        assert (receipts[0].outcome, receipts[0].reason) == (Outcome.REJECTED, Reason.EXPIRED)
        assert receipts[1].outcome in (Outcome.ACCEPTED, Outcome.DELIVERED)
        assert not any("mark-0000" in text for text in await bench.taken())


async def test_a_bad_address_rejects_only_itself(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        messages = [_message(0, bench.address(0)), _message(1, bench.bad_address()), _message(2, bench.address(2))]
        await bench.expect([messages[0], messages[2]])
        receipts = await sender.send(messages)
        _assert_one_each(receipts, messages)
        assert receipts[1].outcome is Outcome.REJECTED, receipts[1]
        assert receipts[1].reason in _PERMANENT, receipts[1]
        assert {receipts[0].outcome, receipts[2].outcome} <= {Outcome.ACCEPTED, Outcome.DELIVERED}, receipts
        _assert_no_address(receipts, *(m.address for m in messages))


@pytest.mark.parametrize("address", ["", " ", "a\r\nb", "\x00", "x" * 5000, "暴雨"])
async def test_a_senseless_address_is_a_receipt_and_not_an_exception(kind: str, tmp_path: Path, desk: Desk, address: str) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.options(), desk) as sender:
        messages = [_message(0, address), _message(1, bench.address(1))]
        await bench.expect(messages[1:])
        receipts = await sender.send(messages)
        _assert_one_each(receipts, messages)
        assert receipts[1].outcome in (Outcome.ACCEPTED, Outcome.DELIVERED), receipts


async def test_a_dead_endpoint_is_retry_and_no_exception(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench, _opened(kind, bench.dead_options().model_copy(update={"timeout_s": 2.0}), desk) as sender:
        messages = [_message(n, bench.dead_address(n)) for n in range(3)]
        receipts = await sender.send(messages)
        _assert_one_each(receipts, messages)
        assert {(r.outcome, r.reason) for r in receipts} == {(Outcome.RETRY, Reason.UNREACHABLE)}, receipts
        assert all(r.evidence for r in receipts), "an operator must read why"
        _assert_no_address(receipts, *(m.address for m in messages))


async def test_closing_twice_is_fine_and_so_is_closing_what_was_never_opened(kind: str, tmp_path: Path, desk: Desk) -> None:
    async with _bench(kind, tmp_path) as bench:
        async with _opened(kind, bench.options(), desk) as sender:
            await sender.close()
        async with httpx.AsyncClient(trust_env=False) as http:
            doors = Doors(now=lambda: datetime.now(UTC), http=http, on_receipt=desk.on_receipt, on_reply=desk.on_reply)
            await _adapter(kind).Sender(bench.options(), doors).close()
