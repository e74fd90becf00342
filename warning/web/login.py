"""Signing in and out, and a person's own page: password, second factor, keys for programs, sessions."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from warning.account import Act, acts
from warning.errors import Invalid, NotAllowed, TooMany, WarningEngineError
from warning.trust.factor import picture
from warning.web.auth import Here, Session, peer_of, same_site
from warning.web.device import device
from warning.web.pages import page
from warning.web.parts import Parts
from warning.web.words import Lang, explained

router = APIRouter(include_in_schema=False)

Language = Annotated[Lang, Query()]
_NO_STORE = {"Cache-Control": "no-store"}


def _session(request: Request) -> Session:
    session: Session = request.app.state.session
    return session


@router.get("/login")
async def ask(parts: Here, request: Request, lang: Language = "zh", ended: bool = False) -> HTMLResponse:
    return _login_page(parts, request, lang, ended=ended)


@router.post("/login", response_model=None)
async def log_in(
    parts: Here, request: Request, lang: Language = "zh", name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=300)] = "", code: Annotated[str, Form(max_length=20)] = "",
    token: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """With name, password and code, or with the token that an admin handed over. Every log-in has a session of its own."""
    same_site(request)
    client, peer = request.headers.get("user-agent", ""), peer_of(request)
    try:
        if token.strip():
            opened = await parts.trust.log_in_with_token(token.strip(), client=client, peer=peer)
        else:
            opened = await parts.trust.log_in(name.strip(), password, code, client=client, peer=peer, browser=_session(request).browser(request))
    except TooMany as error:
        return _login_page(parts, request, lang, status=429, failed=explained(str(error), lang))
    except NotAllowed as error:
        return _login_page(parts, request, lang, status=401, failed=explained(str(error), lang))
    before = _session(request).of(request)
    if before:
        await parts.trust.log_out(before)
    home = "/office" if opened.account.role == "office" else "/console/"
    answer = RedirectResponse(f"{home}?lang={lang}", status_code=303)
    _session(request).open(answer, opened.token)
    if opened.browser:
        _session(request).remember(answer, opened.browser)
    return answer


@router.post("/logout")
async def log_out(parts: Here, request: Request) -> RedirectResponse:
    same_site(request)
    await parts.trust.log_out(_session(request).of(request))
    answer = RedirectResponse("/login", status_code=303)
    _session(request).close(answer)
    return answer


@router.get("/me", response_model=None)
async def me(parts: Here, request: Request, lang: Language = "zh") -> Response:
    return await _me(parts, request, lang)


@router.post("/me", response_model=None)
async def change(
    parts: Here, request: Request, act: Annotated[str, Form(max_length=20)], lang: Language = "zh",
    old: Annotated[str, Form(max_length=300)] = "", new: Annotated[str, Form(max_length=300)] = "",
    again: Annotated[str, Form(max_length=300)] = "", code: Annotated[str, Form(max_length=20)] = "",
    label: Annotated[str, Form(max_length=100)] = "", scopes: Annotated[list[str] | None, Form()] = None,
    days: Annotated[int, Form(ge=1, le=1000)] = 365, key: Annotated[UUID | None, Form()] = None,
) -> Response:
    """One form, one act: password, factor, confirm, key, end-key, end-sessions."""
    same_site(request)
    token = _session(request).of(request)
    account = await parts.trust.who(token)
    if account is None:
        return RedirectResponse(f"/login?lang={lang}", status_code=303)
    shown = ""
    try:
        match act:
            case "password":
                if new != again:
                    raise Invalid("password: the two new ones differ")
                await parts.trust.change_password(account, old=old, new=new, token=token, peer=peer_of(request))
            case "factor":
                await parts.trust.begin_factor(account)
            case "confirm":
                await parts.trust.confirm_factor(account, code, peer=peer_of(request))
            case "key":
                wanted = [one for one in Act if one.value in (scopes or ())]
                shown = await parts.trust.make_key(account, label=label.strip() or "key", scopes=wanted, days=days)
            case "end-key" if key is not None:
                await parts.trust.end_key(account, key)
            case "end-sessions":
                await parts.trust.end_other_sessions(account, token=token)
            case _:
                raise Invalid("act: password, factor, confirm, key, end-key or end-sessions")
    except TooMany as error:
        return await _me(parts, request, lang, status=429, failed=explained(str(error), lang))
    except WarningEngineError as error:
        return await _me(parts, request, lang, status=422, failed=explained(str(error), lang))
    if shown:  # a key is shown once, so this answer is not replaced by a redirect
        return await _me(parts, request, lang, shown=shown)
    return RedirectResponse("/me?" + urlencode({"lang": lang, "factor": "1"} if act == "factor" else {"lang": lang}), status_code=303)


async def _me(
    parts: Parts, request: Request, lang: Lang, *, status: int = 200, failed: str = "", shown: str = ""
) -> Response:
    account = await parts.trust.who(_session(request).of(request))
    if account is None:
        return RedirectResponse(f"/login?lang={lang}", status_code=303)
    password, factor = await parts.trust.has(account)
    secret = await parts.trust.begin_factor(account) if request.query_params.get("factor") and not factor else ""
    return page(
        request, "me.html", lang, status=status, headers=_NO_STORE, account=account, password=password, factor=factor, failed=failed,
        shown=shown, secret=secret, code=Markup(picture(secret, name=account.name)) if secret else "",  # our own SVG, no user's text in it
        keys=await parts.trust.keys(account), sessions=await parts.trust.sessions(account), device=device,
        able=sorted(one.value for one in acts(account)))


def _login_page(parts: Parts, request: Request, lang: Lang, *, status: int = 200, failed: str = "", ended: bool = False) -> HTMLResponse:
    return page(request, "login.html", lang, status=status, failed=failed, ended=ended, oidc=parts.settings.oidc is not None)
