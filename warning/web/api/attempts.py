"""The delivery portal: every attempt to reach an office and its answer, and sending again."""

import csv
import io
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AwareDatetime, BaseModel

from warning.office.work import Attempt, AttemptFilter
from warning.roster.sheet import DANGEROUS
from warning.web.auth import Caller, Here
from warning.web.problem import Problem

router = APIRouter(prefix="/api/attempts", tags=["offices"], responses={403: {"model": Problem, "description": "this account may not subscribe"}})

OUTCOMES = ("under_way", "lost", "accepted", "delivered", "queued", "unknown", "failed", "expired", "rejected", "retry")
Outcome = Literal["", "under_way", "lost", "accepted", "delivered", "queued", "unknown", "failed", "expired", "rejected", "retry"]


class AttemptOut(BaseModel):
    """One try. ``outcome``: empty while under way, lost when its worker ended before an answer, queued or retry when it is tried again at
    ``next_try_at``; ``state``: what has become of the delivery since. ``key`` is the Idempotency-Key, the same on every try of a delivery.
    """

    delivery: int
    subscription: int
    name: str
    channel: str
    identifier: str
    number: int
    began_at: datetime
    seconds: float | None
    outcome: str
    reason: str
    http_status: int | None
    evidence: str
    next_try_at: datetime | None
    state: str
    key: str
    test: bool


async def wanted(
    subscription: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None, channel: Annotated[str, Query(max_length=100)] = "",
    outcome: Outcome = "", identifier: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[AwareDatetime | None, Query(description="those that began earlier: the next page")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AttemptFilter:
    return AttemptFilter(subscription_id=subscription, channel=channel.replace("\0", ""), outcome=outcome, identifier=identifier.replace("\0", ""),
                         before=before, limit=limit)


Wanted = Annotated[AttemptFilter, Depends(wanted)]


@router.get("", summary="Every attempt to reach me, newest first")
async def attempts(parts: Here, account: Caller, filtered: Wanted) -> list[AttemptOut]:
    return [attempt_out(one) for one in await parts.office.attempts(filtered, account=account)]


@router.get(".csv", summary="The same as a table", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def table(parts: Here, account: Caller, filtered: Wanted) -> Response:
    """UTF-8 with a mark, so that office programs read it. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    return Response(csv_of(await parts.office.attempts(filtered, account=account)), media_type="text/csv; charset=utf-8",
                    headers={"Content-Disposition": 'attachment; filename="attempts.csv"', "Cache-Control": "no-store"})


@router.post("/{delivery_id}/again", status_code=202, summary="Send it again, under the same key", responses={
    404: {"model": Problem, "description": "no such delivery of yours"}, 409: {"model": Problem, "description": "expired, replaced, or under way"}})
async def again(parts: Here, account: Caller, delivery_id: Annotated[int, Path(ge=0, le=2**63 - 1)]) -> dict[str, int]:
    """For one that failed, or that was taken and then lost at the receiver's. Receivers leave out by Idempotency-Key what they have."""
    await parts.office.again(delivery_id, account=account)
    return {"delivery": delivery_id}


def attempt_out(one: Attempt) -> AttemptOut:
    return AttemptOut.model_validate({**asdict(one), "delivery": one.delivery_id, "subscription": one.subscription_id})


def csv_of(found: list[Attempt]) -> str:
    written = io.StringIO()
    written.write("\ufeff")
    table = csv.writer(written)
    names = list(AttemptOut.model_fields)
    table.writerow(names)
    for one in found:
        row = attempt_out(one).model_dump(mode="json")
        table.writerow([_harmless(row[name]) for name in names])
    return written.getvalue()


def _harmless(value: object) -> object:
    """A text that begins like a formula is made plain text (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else "" if value is None else value
