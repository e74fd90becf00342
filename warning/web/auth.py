"""Who is asking: bearer tokens for programs, a signed session cookie for the console."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from warning.account import ROLES, Account, Act, require, token_hash
from warning.store import board
from warning.web.parts import Parts
from warning.web.problem import Unauthorized

COOKIE = "xxs_session"
MAX_AGE_S = 12 * 3600
"""A shift; then the token is asked for again."""

_bearer = HTTPBearer(auto_error=False, description="a token made by `xiaoxishu account add`")


def parts_of(request: Request) -> Parts:
    """The parts list that ``server.create`` was given."""
    parts: Parts = request.app.state.parts
    return parts


Here = Annotated[Parts, Depends(parts_of)]


async def bearer(
    parts: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Account:
    """The account of the bearer token; raises Unauthorized. A cookie does not count here, so no other site can act."""
    if credentials is None:
        raise Unauthorized("this address needs a token")
    account = await board.account_of_token(parts.database, token_hash(credentials.credentials))
    if account is None:
        raise Unauthorized("this token is not known, or was withdrawn")
    return account


Caller = Annotated[Account, Depends(bearer)]


async def viewer(account: Caller) -> Account:
    """Anybody with a role that may look."""
    require(account, Act.VIEW)
    return account


async def visitor(
    parts: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Account | None:
    """Whoever asks at an address that is open to everybody: somebody who may look sees more. A wrong token is told, not passed over."""
    if credentials is None:
        return None
    account = await bearer(parts, credentials)
    return account if Act.VIEW in ROLES[account.role] else None


Visitor = Annotated[Account | None, Depends(visitor)]

Viewer = Annotated[Account, Depends(viewer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The console's cookie: signed, it holds the token's hash, so that withdrawing the token ends the session."""

    secret: str
    secure: bool

    def open(self, response: Response, token: str) -> None:
        """Set the cookie after a token was found good."""
        response.set_cookie(
            COOKIE, self._signer().dumps(token_hash(token)), max_age=MAX_AGE_S, httponly=True, samesite="strict",
            secure=self.secure, path="/")

    def close(self, response: Response) -> None:
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self.secure, path="/")

    def hash_of(self, cookie: str | None) -> str | None:
        """The token hash inside a good cookie, else None."""
        if not cookie:
            return None
        try:
            found = self._signer().loads(cookie, max_age=MAX_AGE_S)
        except BadSignature:
            return None
        return found if isinstance(found, str) else None

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="xiaoxishu console")


async def signed_in(parts: Parts, session: Session, request: Request) -> Account | None:
    """The account behind the console's cookie, read anew so that a withdrawn token counts at once."""
    found = session.hash_of(request.cookies.get(COOKIE))
    return None if found is None else await board.account_of_token(parts.database, found)
