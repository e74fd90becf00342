"""Ids of gateways are kept with the route that gave them, part by part, on the way out and on the way in."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import httpx

from channels.message import Outcome, Receipt, Reply, Reports
from channels.port import Doors
from warning.dispatch.routemark import doors_of, marked

AT = datetime(2024, 9, 20, tzinfo=UTC)


def report(external_id: str, key: str = "") -> Receipt:
    return Receipt(key=key, outcome=Outcome.DELIVERED, at=AT, external_id=external_id)


def test_each_part_has_the_mark_and_what_has_no_id_has_none() -> None:
    assert marked("mobile", "17") == "mobile/17"
    assert marked("mobile", "17,18") == "mobile/17,mobile/18"
    assert marked("mobile", "") == ""
    assert marked("north,east", "17") == "north;east/17", "a comma stands between parts"


async def test_whatever_a_route_says_later_bears_its_mark_and_what_is_proved_comes_back_without_it() -> None:
    single: list[Receipt] = []
    bulk: list[Reports] = []

    async def on_receipt(receipt: Receipt) -> None:
        single.append(receipt)

    async def on_bulk(reports: Sequence[Reports]) -> None:
        bulk.extend(reports)

    async def on_proof(receipts: Sequence[Receipt]) -> Collection[str] | None:
        return {receipts[0].external_id, "telecom/9"} if receipts else None

    async def on_reply(_: Reply) -> None:
        raise AssertionError

    async with httpx.AsyncClient() as http:
        doors = doors_of("mobile", Doors(now=lambda: AT, http=http, on_receipt=on_receipt, on_reply=on_reply, on_bulk=on_bulk, on_proof=on_proof))
        await doors.on_receipt(report("17"))
        await doors.on_reports([Reports(outcome=Outcome.DELIVERED, at=AT, keys=["", "k"], external_ids=["18", "19,20"])])
        assert await doors.prove([report("21"), report("22")]) == {"21"}
        assert await doors.prove([]) is None, "nothing could be written"
    assert [one.external_id for one in single] == ["mobile/17"]
    assert [list(group.external_ids) for group in bulk] == [["mobile/18", "mobile/19,mobile/20"]]
