"""Signing in through an identity provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636), state and nonce."""

import base64
import hashlib
import json
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
import jwt
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from jwt.exceptions import PyJWTError

from warning.errors import NotAllowed, NotFound
from warning.settings import OidcSettings
from warning.web.auth import Here, Session
from warning.web.parts import Parts
from warning.web.words import Lang

router = APIRouter(include_in_schema=False)

_COOKIE = "xxs_oidc"
_MINUTES = 10
_ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
"""Never "none", never a shared secret: the signature is the provider's own."""


@router.get("/login/oidc")
async def begin(parts: Here, request: Request, lang: Annotated[Lang, Query()] = "zh") -> Response:
    """Off to the provider; what must come back unchanged waits in a signed cookie of ten minutes."""
    wanted = _wanted(parts)
    about = await _discovered(wanted)
    kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(48), "lang": lang}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
    answer = RedirectResponse(f"{about['authorization_endpoint']}?" + urlencode({
        "response_type": "code", "client_id": wanted.client_id, "redirect_uri": _back(parts), "scope": "openid profile email",
        "state": kept["state"], "nonce": kept["nonce"], "code_challenge": challenge, "code_challenge_method": "S256"}), status_code=303)
    # Lax, not strict: the way back is a navigation that another site begins.
    answer.set_cookie(_COOKIE, _signer(request).dumps(kept), max_age=_MINUTES * 60, httponly=True, samesite="lax",
                      secure=_session(request).secure, path="/login/oidc")
    return answer


@router.get("/login/oidc/back")
async def back(
    parts: Here, request: Request, code: Annotated[str, Query(max_length=2000)] = "", state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The provider's answer becomes a session of ours, when everything fits."""
    wanted = _wanted(parts)
    kept = _kept(request)
    if not code or not secrets.compare_digest(state, kept["state"]):
        raise NotAllowed("the identity provider's answer does not belong to this browser: sign in again")
    name = await _vouched(wanted, code, verifier=kept["verifier"], nonce=kept["nonce"], redirect=_back(parts))
    opened = await parts.trust.log_in_as(name, client=request.headers.get("user-agent", ""))
    # The session's cookie is strict, so the next page must be asked for by a page of ours.
    answer = Response(f'<!doctype html><meta http-equiv="refresh" content="0;url=/console/?lang={kept["lang"]}">', media_type="text/html")
    _session(request).open(answer, opened.token)
    answer.delete_cookie(_COOKIE, path="/login/oidc")
    return answer


async def _vouched(wanted: OidcSettings, code: str, *, verifier: str, nonce: str, redirect: str) -> str:
    """The account's name in the provider's signed word. Raises NotAllowed for a word that does not fit in any part."""
    about = await _discovered(wanted)
    async with httpx.AsyncClient(timeout=10) as http:
        answered = await http.post(about["token_endpoint"], data={
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "client_id": wanted.client_id,
            "client_secret": wanted.client_secret.get_secret_value(), "code_verifier": verifier})
        if answered.status_code != 200:
            raise NotAllowed(f"the identity provider refused the code (HTTP {answered.status_code}): sign in again")
        keys = (await http.get(about["jwks_uri"])).json()
    try:
        word = answered.json()["id_token"]
        head = jwt.get_unverified_header(word)
        [key] = [one for one in jwt.PyJWKSet.from_dict(keys).keys if one.key_id == head.get("kid") or len(keys["keys"]) == 1]
        claims = jwt.decode(word, key.key, algorithms=_ALGORITHMS, audience=wanted.client_id, issuer=wanted.issuer,
                            options={"require": ["exp", "iat", "aud", "iss", "nonce"]})
    except (PyJWTError, KeyError, ValueError) as error:
        raise NotAllowed(f"the identity provider's word does not hold ({type(error).__name__}): sign in again") from error
    if not secrets.compare_digest(str(claims["nonce"]), nonce):
        raise NotAllowed("the identity provider's word belongs to another log-in: sign in again")
    name = claims.get(wanted.name_claim)
    if not isinstance(name, str) or not name:
        raise NotAllowed(f"the identity provider says no {wanted.name_claim}: name another claim under oidc: name_claim")
    return name


async def _discovered(wanted: OidcSettings) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=10) as http:
        try:
            found = await http.get(f"{wanted.issuer.rstrip('/')}/.well-known/openid-configuration")
            about: dict[str, Any] = found.raise_for_status().json()
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise NotAllowed(f"the identity provider does not answer ({type(error).__name__}): sign in with name and password") from error
    if about.get("issuer") != wanted.issuer:
        raise NotAllowed("the identity provider calls itself by another name than oidc: issuer")
    return about


def _wanted(parts: Parts) -> OidcSettings:
    if parts.settings.oidc is None:
        raise NotFound("this deployment has no identity provider; name one under oidc: in the settings")
    return parts.settings.oidc


def _kept(request: Request) -> dict[str, str]:
    try:
        found: dict[str, str] = _signer(request).loads(request.cookies.get(_COOKIE, ""), max_age=_MINUTES * 60)
    except BadSignature as error:
        raise NotAllowed("this log-in took too long, or began in another browser: sign in again") from error
    return found


def _signer(request: Request) -> URLSafeTimedSerializer:
    secret: str = request.app.state.secret
    return URLSafeTimedSerializer(secret, salt="xiaoxishu oidc")


def _session(request: Request) -> Session:
    session: Session = request.app.state.session
    return session


def _back(parts: Parts) -> str:
    return f"{parts.settings.public_url.rstrip('/')}/login/oidc/back"
