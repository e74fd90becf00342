"""An office's pages: its subscriptions, one of them with everything that belongs to it, and every attempt to reach it."""

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime

from warning.account import Account, Act, acts
from warning.errors import Invalid, NotFound
from warning.level import Level
from warning.office.preview import Preview
from warning.office.work import AttemptFilter, Post
from warning.web.api.attempts import OUTCOMES, Outcome, csv_of
from warning.web.auth import Here, Session, signed_in
from warning.web.office.drawing import drawn_area, ground
from warning.web.office.form import Form, form_of
from warning.web.pages import page
from warning.web.parts import Parts
from warning.web.words import Lang, hazard_name, next_step

router = APIRouter(include_in_schema=False)

Language = Annotated[Lang, Query()]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
NO_STORE = {"Cache-Control": "no-store"}
SHOWN = 100


async def visitor(parts: Parts, request: Request, lang: Lang) -> Account | Response:
    """Who is signed in and may subscribe; else the answer that sends them where they belong."""
    session: Session = request.app.state.session
    account = await signed_in(parts, session, request)
    if account is None:
        return RedirectResponse(f"/login?lang={lang}", status_code=303)
    if Act.SUBSCRIBE not in acts(account):
        return page(request, "office_list.html", lang, status=403, headers=NO_STORE, account=account, posts=(), pauses={}, tried={},
                    failed="office_refused", path="/office")
    return account


@router.get("/office/office.js")
async def script() -> Response:
    return Response((files("warning.web") / "templates" / "office.js").read_text(encoding="utf-8"), media_type="text/javascript",
                    headers={"Cache-Control": "no-cache"})


@router.get("/office", response_model=None)
async def overview(parts: Here, request: Request, lang: Language = "zh") -> Response:
    account = await visitor(parts, request, lang)
    if isinstance(account, Response):
        return account
    posts = await parts.office.posts(account=account)
    called = {contact.id for post in posts for contact in post.contacts}
    newest = await parts.office.attempts(AttemptFilter(limit=1000), account=account)
    tried = {one.subscription_id: one for one in reversed(newest)}
    return page(request, "office_list.html", lang, headers=NO_STORE, account=account, tried=tried, failed="", path="/office",
                posts=[post for post in posts if not (post.standby and post.id in called)],
                pauses={one.subscription_id: one for one in reversed(await parts.office.pauses(account=account))})


@router.get("/office/new", response_model=None)
async def new(parts: Here, request: Request, lang: Language = "zh") -> Response:
    account = await visitor(parts, request, lang)
    if isinstance(account, Response):
        return account
    return await edit_page(parts, request, lang, account, Form(channel=next(iter(_channels(parts)), "")))


@router.get("/office/attempts", response_model=None)
async def attempts(
    parts: Here, request: Request, lang: Language = "zh", subscription: Annotated[str, Query(pattern="^[0-9]{0,18}$")] = "",
    channel: Annotated[str, Query(max_length=100)] = "", outcome: Outcome = "", before: Annotated[AwareDatetime | None, Query()] = None,
    done: Literal["", "again"] = "",
) -> Response:
    account = await visitor(parts, request, lang)
    if isinstance(account, Response):
        return account
    return await attempts_page(parts, request, lang, account, subscription=subscription, channel=channel, outcome=outcome, before=before, done=done)


async def attempts_page(
    parts: Parts, request: Request, lang: Lang, account: Account, *, subscription: str = "", channel: str = "", outcome: Outcome = "",
    before: datetime | None = None, done: str = "", failed: str = "", status: int = 200,
) -> Response:
    """``failed``: what the desk has just refused; never what an address says, or anybody could put words into this page's mouth."""
    found = await parts.office.attempts(
        AttemptFilter(subscription_id=int(subscription) if subscription else None, channel=channel.replace("\0", ""), outcome=outcome, before=before,
                      limit=51), account=account)
    newest = {one.delivery_id: one.id for one in reversed(found) if not one.test and one.state in ("accepted", "delivered", "failed")}
    return page(
        request, "office_attempts.html", lang, status=status, headers=NO_STORE, account=account, path="/office/attempts", found=found[:50],
        older=found[49].began_at if len(found) > 50 else None, posts=await parts.office.posts(account=account), outcomes=OUTCOMES,
        chosen={"subscription": subscription, "channel": channel, "outcome": outcome}, channels=sorted(_channels(parts)),
        newest=set(newest.values()), done=done, failed=failed, step=lambda reason: next_step(reason, lang))


@router.get("/office/attempts.csv", response_model=None)
async def table(
    parts: Here, request: Request, subscription: Annotated[str, Query(pattern="^[0-9]{0,18}$")] = "",
    channel: Annotated[str, Query(max_length=100)] = "", outcome: Outcome = "",
) -> Response:
    """The newest thousand, as the API gives them."""
    account = await visitor(parts, request, "zh")
    if isinstance(account, Response):
        return account
    found = await parts.office.attempts(
        AttemptFilter(subscription_id=int(subscription) if subscription else None, channel=channel.replace("\0", ""), outcome=outcome, limit=1000),
        account=account)
    return Response(csv_of(found), media_type="text/csv; charset=utf-8", headers={
        **NO_STORE, "Content-Disposition": 'attachment; filename="attempts.csv"'})


@router.get("/office/{number}", response_model=None)
async def one(
    parts: Here, request: Request, number: Number, lang: Language = "zh", done: Literal["", "saved", "test"] = "",
) -> Response:
    account = await visitor(parts, request, lang)
    if isinstance(account, Response):
        return account
    try:
        post = await parts.office.post(number, account=account)
    except NotFound:
        return RedirectResponse(f"/office?lang={lang}", status_code=303)
    return await edit_page(parts, request, lang, account, form_of(post, parts.sectors), post=post, done=done)


async def edit_page(
    parts: Parts, request: Request, lang: Lang, account: Account, form: Form, *, post: Post | None = None, preview: Preview | None = None,
    status: int = 200, failed: str = "", notes: Sequence[str] = (), secret: str = "", done: str = "",
) -> Response:
    """One subscription with what belongs to it: the form, the map, contacts, pauses, tests, the secret."""
    drawn = ground(parts.zones)
    try:
        area = form.area
    except Invalid:
        area = None
    english = lang == "en"
    return page(
        request, "office_edit.html", lang, status=status, headers=NO_STORE, account=account, path=f"/office/{form.number or 'new'}", form=form,
        post=post, drawn=drawn, area=drawn_area(area, drawn.frame), failed=failed, notes=notes, secret=secret, done=done, preview=preview,
        shown=[] if preview is None else preview.told[:SHOWN], by_zone={} if preview is None else preview.by_zone, channels=_channels(parts),
        kinds={channel.name: channel.kind for channel in parts.settings.channels}, levels=tuple(Level),
        hazards=sorted({rule.hazard.key for rule_set in parts.rule_sets.values() for rule in rule_set.rules},
                       key=lambda key: hazard_name(parts.rule_sets, key, lang)),
        sectors={key: sector.en if english else sector.zh for key, sector in parts.sectors.items()}, zones=_zones(parts, lang),
        others=[one for one in await parts.office.posts(account=account) if one.id != form.number] if form.number else [],
        pauses=[one for one in await parts.office.pauses(account=account) if one.subscription_id == form.number],
        tests=await parts.office.tests(form.number, account=account) if form.number else [], schematic=parts.zones.schematic)


def _channels(parts: Parts) -> list[str]:
    """Those that tell one office, not everybody."""
    return [channel.name for channel in parts.settings.channels if channel.kind not in ("page", "spool", "cbc", "cbsp", "webpush")]


def _zones(parts: Parts, lang: Lang) -> list[tuple[str, str]]:
    """The city and its districts, at most 1,000 of them; towns are named by the API."""
    chosen = [zone for zone in parts.zones if zone.level in ("city", "district")] or list(parts.zones)
    return [(zone.code, zone.name_en if lang == "en" else zone.name_zh) for zone in chosen[:1000]]


