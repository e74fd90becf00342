"""A crowd is the same messages, said once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from channels.crowd import Crowd, CrowdReceipt, send_crowd
from channels.message import Limits, Message, Outcome, Reason, Receipt

NOW = datetime(2024, 9, 20, tzinfo=UTC)


def crowd(addresses: Sequence[str]) -> Crowd:
    message = Message(
        key="31000041600000_20240920080000.7", address="", subject="s", text="暴雨", language="zh-CN", identifier="i", event="e", version=1,
        msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1))
    return Crowd(message=message, addresses=addresses, numbers=[5 + i for i in range(len(addresses))])


class OneByOne:
    limits = Limits(max_chars=70)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return [
            Receipt(key=m.key, outcome=Outcome.REJECTED, at=NOW, reason=Reason.BAD_ADDRESS, evidence=m.key) if m.address == "bad"
            else Receipt(key=m.key, outcome=Outcome.ACCEPTED, at=NOW, external_id=f"g{m.key[-1]}") for m in messages]


class Together(OneByOne):
    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        return CrowdReceipt(outcomes=[Outcome.ACCEPTED] * len(crowd.addresses), external_ids=[""] * len(crowd.addresses), common="at once")


async def test_a_channel_without_a_crowd_lane_gets_one_message_per_address_under_its_own_key() -> None:
    said = await send_crowd(OneByOne(), crowd(["8613800000001", "bad"]))
    assert said.outcomes == [Outcome.ACCEPTED, Outcome.REJECTED]
    assert said.external_ids == ["g5", ""]
    assert said.reasons == {1: Reason.BAD_ADDRESS}
    assert said.evidence == {1: "31000041600000_20240920080000.7.6"}


async def test_a_channel_with_a_crowd_lane_is_asked_once() -> None:
    assert (await send_crowd(Together(), crowd(["1", "2"]))).common == "at once"
