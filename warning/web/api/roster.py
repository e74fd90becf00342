"""The roster: brought in as a file, shown with its gaps and scores, each to whoever's area it is."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from warning.account import Account, Act, require
from warning.errors import NotFound
from warning.roster.desk import own
from warning.roster.gap import Gap
from warning.roster.post import Person, Post
from warning.roster.sheet import MOST_BYTES
from warning.web.api.shapes import Names
from warning.web.auth import Caller, Here, Viewer
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "no token, or one that is not known"},
    403: {"model": Problem, "description": "this account may not, or has no area"},
    422: {"model": Problem, "description": "a parameter is not valid"},
}
router = APIRouter(prefix="/api/roster", tags=["roster"], responses=_REFUSALS)

async def keeper(account: Caller) -> Account:
    """Whoever may keep a list: an admin, or an office for its own area. Asked before the body is looked at."""
    require(account, Act.SUBSCRIBE)
    own(account)
    return account


Keeper = Annotated[Account, Depends(keeper)]
Lane = Annotated[str, Query(pattern="^(actual|exercise|)$", description="actual or exercise; empty = as this deployment issues")]


class ContactOut(BaseModel):
    """One way to a person; the address is masked."""

    id: int
    channel: str
    address: str
    expires: date | None
    proved_at: datetime | None


class PersonOut(BaseModel):
    name: str
    title: str
    contacts: list[ContactOut]


class PostOut(BaseModel):
    """A duty post with its people in the order in which they are called."""

    id: int
    zone: str
    place: str
    name: str
    kind: str
    kind_name: Names
    hazards: list[str]
    people: list[PersonOut]


class GapOut(BaseModel):
    """What would go wrong when the roster is needed; the worst first."""

    gap: str
    what: Names
    mend: Names
    zone: str
    post: str
    person: str
    detail: str
    contact: int = Field(description="number for POST /api/roster/contacts/{contact}/proof; 0 = of no single contact")


class ScoreOut(BaseModel):
    """The spreading standard of one street or village: 有职责 duty, 有设施 facility, 有制度 rule, 有名录 listed."""

    zone: str
    name: str
    level: str
    points: int
    duty: bool
    facility: bool
    rule: bool
    listed: bool


class FaultOut(BaseModel):
    """``row`` as the spreadsheet counts, 0 = the sheet as a whole; nothing is imported while one is ``grave``."""

    sheet: str
    row: int
    column: str
    grave: bool
    what: Names
    mend: Names


class ImportOut(BaseModel):
    """``imported`` false: nothing was changed, because of a grave fault or because it was a dry run."""

    imported: bool
    rows: int
    new: int
    changed: int
    ended: int
    faults: list[FaultOut]


class TestAsked(BaseModel):
    id: UUID


class HeldBack(BaseModel):
    contact: int
    why: str


class TestsAsked(BaseModel):
    """Contacts to which a test goes now, and those that were left out."""

    asked: list[int]
    held_back: list[HeldBack]


class TestOut(BaseModel):
    """A test message with its proof."""

    id: UUID
    asked_by: str
    asked_at: datetime
    state: str = Field(description="waiting, claimed, accepted, delivered, rejected, retry, unknown")
    reason: str
    evidence: str
    answered_at: datetime | None
    answered_by: str


class Proof(BaseModel):
    model_config = ConfigDict(extra="forbid")

    how: Annotated[str, Field(min_length=1, max_length=100, description="how it was proved, e.g. answered a test call")]


@router.get("", summary="Posts of my area, with their people")
async def posts(parts: Here, account: Viewer, lane: Lane = "") -> list[PostOut]:
    return [_post(post) for post in await parts.rosters.posts(account, lane=lane)]


@router.post("/import", summary="Bring a roster in: all of it or nothing")
async def bring(
    parts: Here, account: Keeper, file: Annotated[UploadFile, File(description="CSV or .xlsx: people, shifts or places, as its header says")],
    dry_run: Annotated[bool, Form(description="read and report, change nothing")] = False,
    whole: Annotated[bool, Form(description="the file is the complete list of my area: a post that it does not name ends")] = False,
    lane: Annotated[str, Form(pattern="^(actual|exercise|)$")] = "",
) -> ImportOut:
    """What is wrong comes back with row, column and how it is mended."""
    content = await file.read(MOST_BYTES + 1)
    reading, change = await parts.rosters.bring([(file.filename or "roster", content)], account=account, dry_run=dry_run, whole=whole, lane=lane)
    return ImportOut(
        imported=not reading.grave and not dry_run, rows=reading.rows, new=change.new, changed=change.changed, ended=change.ended,
        faults=[FaultOut(sheet=one.sheet, row=one.row, column=one.column, grave=one.grave, what=Names(zh=one.what("zh"), en=one.what("en")),
                         mend=Names(zh=one.mend("zh"), en=one.mend("en"))) for one in reading.faults])


@router.get("/export.csv", summary="My area's people as CSV, with their numbers", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export(parts: Here, account: Keeper, lane: Lane = "") -> Response:
    """For whoever keeps the list; no cell is run as a formula. It can be imported again."""
    return Response(await parts.rosters.export(account, lane=lane), media_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": 'attachment; filename="roster.csv"', "Cache-Control": "no-store"})


@router.get("/gaps", summary="What would go wrong when it is needed")
async def gaps(parts: Here, account: Viewer, lane: Lane = "") -> list[GapOut]:
    return [_gap(gap) for gap in await parts.rosters.gaps(account, lane=lane)]


@router.get("/score", summary="有职责, 有设施, 有制度, 有名录: 0 to 4 for each street and village")
async def score(parts: Here, account: Viewer, lane: Lane = "") -> list[ScoreOut]:
    return [ScoreOut(zone=one.zone, name=one.name, level=one.level.value, points=one.points, duty=one.duty, facility=one.facility, rule=one.rule,
                     listed=one.listed) for one in await parts.rosters.scores(account, lane=lane)]


@router.post("/contacts/{contact}/proof", status_code=204, summary="Somebody answered a test by this contact", responses={404: {"model": Problem}})
async def prove(parts: Here, account: Keeper, contact: int, body: Proof) -> None:
    """Who says so is in the audit."""
    await parts.rosters.prove(contact, how=body.how, account=account)


@router.post("/contacts/{contact}/test", status_code=202, summary="Send a test message to this contact; the answer proves it", responses={
    404: {"model": Problem}, 409: {"model": Problem, "description": "its person is being called for a warning"}, 429: {"model": Problem}})
async def send_test(parts: Here, account: Keeper, contact: int) -> TestAsked:
    """It says that it is a test and no warning, carries a link to answer, and goes to a contact once in ten minutes at most."""
    return TestAsked(id=await parts.proofs.test(contact, account=account))


@router.post("/tests", status_code=202, summary="Test every contact of my area whose proof is missing, too old or soon too old")
async def send_tests(parts: Here, account: Keeper, lane: Lane = "") -> TestsAsked:
    """At most 200 in an hour; who is left out is told with the reason."""
    done = await parts.proofs.test_all(account, lane=lane)
    return TestsAsked(asked=list(done.asked), held_back=[HeldBack(contact=contact, why=why) for contact, why in done.held_back])


@router.get("/contacts/{contact}/test", summary="The newest test of this contact", responses={404: {"model": Problem}})
async def newest_test(parts: Here, account: Keeper, contact: int) -> TestOut:
    """``state`` as the channel said; ``answered_at`` when somebody opened the link, pressed the key or wrote back."""
    await parts.rosters.reaches(contact, account=account)
    found = (await parts.proofs.latest([contact], account=account)).get(contact)
    if found is None:
        raise NotFound(f"contact {contact} has had no test")
    return TestOut(id=found.id, asked_by=found.asked_by, asked_at=found.asked_at, state=found.state, reason=found.reason, evidence=found.evidence,
                   answered_at=found.answered_at, answered_by=found.answered_by)


def masked(address: str) -> str:
    """Enough to recognise a number, too little to call it."""
    return f"{address[:3]}…{address[-3:]}" if len(address) > 8 else "…"


def _post(post: Post) -> PostOut:
    return PostOut(
        id=post.id, zone=post.zone, place=post.place, name=post.name, kind=post.kind.value, kind_name=Names(zh=post.kind.zh, en=post.kind.en),
        hazards=list(post.hazards), people=[_person(person) for person in post.people])


def _person(person: Person) -> PersonOut:
    return PersonOut(name=person.name, title=person.title, contacts=[
        ContactOut(id=one.id, channel=one.channel, address=masked(one.address), expires=one.expires, proved_at=one.proved_at) for one in person.contacts])


def _gap(gap: Gap) -> GapOut:
    return GapOut(
        gap=gap.kind.value, what=Names(zh=gap.kind.words(chinese=True), en=gap.kind.words(chinese=False)),
        mend=Names(zh=gap.kind.mend(chinese=True), en=gap.kind.mend(chinese=False)), zone=gap.post.zone, post=gap.post.title, person=gap.person,
        detail=gap.detail, contact=gap.contact_id)
