"""Routemark: gateways count alike, so that an id of theirs is kept together with the route that gave it, and a report fits by both."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from channels.message import Receipt, Reports
from channels.port import Doors


def marked(route: str, external_id: str) -> str:
    """``"17"`` of ``mobile`` → ``"mobile/17"``; several parts, with commas, each for itself. What has no id has no mark."""
    if not external_id:
        return ""
    way = route.replace(",", ";")
    return ",".join([f"{way}/{part}" for part in external_id.split(",")]) if "," in external_id else f"{way}/{external_id}"


def doors_of(route: str, doors: Doors) -> Doors:
    """A channel's doors as one of its routes has them: what comes in late bears the route's mark, and the route's adapter need not know."""

    async def on_receipt(receipt: Receipt) -> None:
        await doors.on_receipt(replace(receipt, external_id=marked(route, receipt.external_id)))

    async def on_bulk(reports: Sequence[Reports]) -> None:
        await doors.on_reports([replace(group, external_ids=[marked(route, one) for one in group.external_ids]) for group in reports])

    async def on_proof(receipts: Sequence[Receipt]) -> Collection[str] | None:
        own = {marked(route, receipt.external_id): receipt.external_id for receipt in receipts}
        proved = await doors.prove([replace(receipt, external_id=marked(route, receipt.external_id)) for receipt in receipts])
        return None if proved is None else {own[one] for one in proved if one in own}

    return replace(doors, on_receipt=on_receipt, on_bulk=on_bulk, on_proof=on_proof)
