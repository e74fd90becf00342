"""Intake: partners push their alerts here, each with its own token; staff see what became of them."""

import hmac
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from channels.wire.national_ack import Ack, write_ack
from warning.account import token_hash
from warning.errors import CapError, Invalid
from warning.exchange.desk import require_insider
from warning.exchange.work import Partner, Taken
from warning.nationalxml import named_in, unpacked
from warning.web.auth import Here, Viewer
from warning.web.problem import Problem, Unauthorized
from warning.xml import MAX_BYTES

router = APIRouter(prefix="/api/intake", tags=["exchange"], responses={
    401: {"model": Problem, "description": "no token of a partner"}, 422: {"model": Problem, "description": "the document cannot be read"}})

_bearer = HTTPBearer(auto_error=False, description="the token that this deployment gave the partner")


async def partner(parts: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Partner:
    """Whose token this is; an account's own token opens nothing here."""
    found = None if credentials is None else parts.intake.partner(token_hash(credentials.credentials))
    if found is None or credentials is None or not hmac.compare_digest(found.token_hash, token_hash(credentials.credentials)):
        raise Unauthorized("this address needs the token of a partner")
    return found


From = Annotated[Partner, Depends(partner)]


class TakenOut(BaseModel):
    """``fate``: held, redistributed, kept, refused, known, or taking (a copy of it is under way: send it again for the answer); ``earlier``: of a
    known one, what became of it when it came first. ``why`` names the reason, ``repairs`` what had to be mended to read it, ``alerts`` what went out.
    """

    identifier: str
    fate: str
    earlier: str
    why: str
    signature: str
    repairs: list[str]
    alert: str
    alerts: list[str]


class ArrivedOut(TakenOut):
    """``proposals``: what a held one waits as; approve, return or dismiss them at /api/proposals/{id}."""

    partner: str
    at: datetime
    proposals: list[UUID]


@router.post("/cap", summary="A partner pushes a CAP 1.2 document", openapi_extra={
    "requestBody": {"required": True, "content": {"application/cap+xml": {"schema": {"type": "string", "format": "binary"}}}}})
async def push(parts: Here, sender: From, request: Request) -> TakenOut:
    """The same document again changes nothing and says what became of it."""
    try:
        return _out(await parts.intake.take(await _body(request), sender, how="push"))
    except CapError as error:
        raise Invalid(f"document: {error}") from error


@router.post("/national", summary="The national platform's XML, plain or zipped; the answer is its acknowledgement", response_class=Response, openapi_extra={
    "requestBody": {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/xml", "application/zip")}}})
async def national(parts: Here, sender: From, request: Request) -> Response:
    """status 0 = it waits for our people or went out, now or before; 1 = kept, refused or not done with yet, the note says why; 2 = cannot be read."""
    body = await _body(request)
    try:
        documents = unpacked(body) if body.startswith(b"PK") else [("", body)]
    except CapError as error:
        return _answer([Ack(identifier="", status=2, error_code="unreadable", note=str(error))])
    if not documents:
        return _answer([Ack(identifier="", status=2, error_code="unreadable", note="the zip holds no XML file")])
    acks: list[Ack] = []
    for name, document in documents:
        try:
            taken = await parts.intake.take(document, sender, how="push", national=True)
            acks.append(Ack(identifier=taken.identifier, status=0 if taken.counts else 1, error_code="" if taken.counts else (taken.earlier or taken.fate).value,
                            note=taken.why))
        except CapError as error:
            acks.append(Ack(identifier=named_in(name) or name, status=2, error_code="unreadable", note=str(error)))
    return _answer(acks)


@router.get("", summary="What partners sent, newest first", responses={403: {"model": Problem, "description": "an office reads what went out"}})
async def arrived(parts: Here, account: Viewer) -> list[ArrivedOut]:
    """For the desk: what was refused or waits may be forged, so no office reads it."""
    require_insider(account)
    return [ArrivedOut(partner=name, at=at, proposals=list(taken.proposals), **_out(taken).model_dump()) for name, at, taken in await parts.intake_ledger.newest(limit=200)]


def _answer(acks: list[Ack]) -> Response:
    return Response(write_ack(acks), media_type="application/xml")


async def _body(request: Request) -> bytes:
    """The whole body, cut off as soon as it is more than a document may have."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Invalid(f"document: more than {MAX_BYTES} bytes")
    return bytes(body)


def _out(taken: Taken) -> TakenOut:
    return TakenOut(
        identifier=taken.identifier, fate=taken.fate.value, earlier=taken.earlier.value if taken.earlier else "", why=taken.why,
        signature=taken.standing.value if taken.standing else "", repairs=list(taken.repairs), alert=next(iter(taken.alerts), ""), alerts=list(taken.alerts))
