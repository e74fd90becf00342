"""What an office's people do on its pages; each act is one form, checked to come from a page of ours."""

import asyncio
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from warning.account import Account
from warning.errors import Invalid, NotAllowed, WarningEngineError
from warning.office.areafile import read_area
from warning.office.wish import NewContact, NewPause
from warning.web.auth import Here, same_site
from warning.web.office.form import Form, crs_of, form_of, posted_form, read_form, text
from warning.web.office.pages import Language, Number, attempts_page, edit_page, visitor
from warning.web.office.told import told
from warning.web.parts import Parts
from warning.web.words import BEIJING, Lang, say

router = APIRouter(include_in_schema=False)


@router.post("/office/new", response_model=None)
async def make(parts: Here, request: Request, lang: Language = "zh") -> Response:
    """Preview, read a file, or save."""
    same_site(request)
    account = await visitor(parts, request, lang)
    return account if isinstance(account, Response) else await _edited(parts, request, lang, account, 0)


@router.post("/office/attempts", response_model=None)
async def again(parts: Here, request: Request, lang: Language = "zh") -> Response:
    same_site(request)
    account = await visitor(parts, request, lang)
    if isinstance(account, Response):
        return account
    posted, _ = await posted_form(request)
    try:
        await parts.office.again(_number(posted, "delivery"), account=account)
    except NotAllowed:
        raise
    except WarningEngineError as error:
        return await attempts_page(parts, request, lang, account, status=409, failed=told(str(error), lang))
    return RedirectResponse(f"/office/attempts?{urlencode({'lang': lang, 'done': 'again'})}", status_code=303)


@router.post("/office/{number}", response_model=None)
async def act(parts: Here, request: Request, number: Number, lang: Language = "zh") -> Response:
    """Besides these: pause, end-pause, test, secret, contact, contact-up, contact-remove, end."""
    same_site(request)
    account = await visitor(parts, request, lang)
    return account if isinstance(account, Response) else await _edited(parts, request, lang, account, number)


async def _edited(parts: Parts, request: Request, lang: Lang, account: Account, number: int) -> Response:
    form = Form(number=number)
    try:
        post = await parts.office.post(number, account=account) if number else None
        form = form_of(post, parts.sectors) if post is not None else form
        posted, file = await posted_form(request)
        asked = text(posted, "act", 20)
        if asked in ("save", "preview", "upload"):
            form = read_form(posted, number=number, channel=post.channel if post is not None else "")
        match asked:
            case "upload":
                area = await asyncio.to_thread(read_area, file, zones=parts.zones, crs=crs_of(posted))
                form = read_form(posted, number=number, channel=form.channel).with_area(area.polygon)
                size = f"{area.corners} {say('map_corners', lang)} · {area.square_km:,.1f} km²"
                return await edit_page(parts, request, lang, account, form, post=post, notes=[size, *(told(note, lang) for note in area.notes)])
            case "preview":
                found = await parts.office.preview(form.ahead(), account=account)
                return await edit_page(parts, request, lang, account, form, post=post, preview=found)
            case "save" if number:
                await parts.office.replace(number, form.subscription(), account=account)
                return _back(number, lang, "saved")
            case "save":
                return _back(await parts.subscriptions.office(form.subscription(), account=account), lang, "saved")
            case "secret" if post is not None:
                fresh = await parts.office.new_secret(number, "", account=account)
                # Shown once, so this answer is not replaced by a redirect.
                return await edit_page(parts, request, lang, account, form, post=await parts.office.post(number, account=account), secret=fresh)
            case "end" if number:
                await parts.subscriptions.end(number, account=account)
                return RedirectResponse(f"/office?lang={lang}", status_code=303)
            case "test" if number:
                await parts.office.test(number, account=account)
                return _back(number, lang, "test")
            case _ if number:
                await _belonging(parts, asked, posted, account, number)
                return _back(number, lang, "saved")
            case _:
                raise Invalid("act: save, preview or upload")
    except NotAllowed:
        raise
    except WarningEngineError as error:
        kept = await parts.office.post(number, account=account) if number and form.channel else None
        if number and kept is None:
            return RedirectResponse(f"/office?lang={lang}", status_code=303)
        return await edit_page(parts, request, lang, account, form, post=kept, status=422, failed=told(str(error), lang))


async def _belonging(parts: Parts, asked: str, posted: FormData, account: Account, number: int) -> None:
    """What belongs to a stored subscription: its pauses, its contacts."""
    chain = [NewContact(id=one.id) for one in (await parts.office.post(number, account=account)).contacts]
    at = next((index for index, one in enumerate(chain) if one.id == _number(posted, "contact")), None)
    match asked:
        case "pause":
            cover = _number(posted, "cover")
            await parts.office.pause(
                number, NewPause(starts_at=_beijing(posted, "from"), ends_at=_beijing(posted, "to"), cover=cover or None), account=account)
        case "end-pause":
            await parts.office.end_pause(_number(posted, "pause"), account=account)
        case "contact":
            name, channel = text(posted, "name", 100).strip(), text(posted, "channel", 100)
            if not name or not channel:
                raise Invalid("name: String should have at least 1 character")
            added = NewContact(name=name, channel=channel, address=text(posted, "address", 2000).strip())
            await parts.office.set_contacts(number, [*chain, added], account=account)
        case "contact-up" if at:
            await parts.office.set_contacts(number, [*chain[:at - 1], chain[at], chain[at - 1], *chain[at + 1:]], account=account)
        case "contact-remove" if at is not None:
            await parts.office.set_contacts(number, [*chain[:at], *chain[at + 1:]], account=account)
        case _:
            raise Invalid("act: save, preview, upload, pause, end-pause, test, secret, contact, contact-up, contact-remove or end")


def _back(number: int, lang: Lang, done: str) -> RedirectResponse:
    """A reload then repeats nothing."""
    return RedirectResponse(f"/office/{number}?{urlencode({'lang': lang, 'done': done})}", status_code=303)


def _number(posted: FormData, field: str) -> int:
    word = text(posted, field, 19)
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else 0


def _beijing(posted: FormData, field: str) -> datetime:
    """A field of type datetime-local has no zone: on these pages it is Beijing's."""
    try:
        return datetime.fromisoformat(text(posted, field, 30)).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Invalid("ends_at: choose day and hour") from error
