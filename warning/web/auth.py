"""Who is asking: bearer tokens and keys for programs, a session cookie for the console."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from warning.account import Account, Act, acts, require, token_hash
from warning.errors import NotAllowed
from warning.store.accounts import account_of_token
from warning.web.parts import Parts
from warning.web.problem import Unauthorized

COOKIE = "xxs_session"
BROWSER = "xxs_browser"
MAX_AGE_S = 12 * 3600
"""A shift; then the log-in is asked for again."""
_KNOWN_S = 180 * 24 * 3600
"""So long a browser is known again after its last log-in."""

_bearer = HTTPBearer(auto_error=False, description="a token made by `xiaoxishu account add`")


async def parts_of(request: Request) -> Parts:
    """The parts list that ``server.create`` was given. Asynchronous though it waits for nothing: a plain function would cost a thread a request."""
    parts: Parts = request.app.state.parts
    return parts


Here = Annotated[Parts, Depends(parts_of)]


async def bearer(
    parts: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Account:
    """The account of the bearer token; raises Unauthorized. A cookie does not count here, so no other site can act."""
    if credentials is None:
        raise Unauthorized("this address needs a token")
    account = await account_of_token(parts.database, token_hash(credentials.credentials))
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
    return account if Act.VIEW in acts(account) else None


Visitor = Annotated[Account | None, Depends(visitor)]

Viewer = Annotated[Account, Depends(viewer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The console's cookie: a random word, new at every log-in; the database keeps its hash, so that a session ends at once everywhere."""

    secure: bool

    @property
    def name(self) -> str:
        """Over HTTPS the browser itself keeps other hosts and plain HTTP from setting it (the prefix ``__Host-``)."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE

    def open(self, response: Response, token: str) -> None:
        """Set the cookie after a log-in."""
        response.set_cookie(self.name, token, max_age=MAX_AGE_S, httponly=True, samesite="strict", secure=self.secure, path="/")

    def close(self, response: Response) -> None:
        response.delete_cookie(self.name, httponly=True, samesite="strict", secure=self.secure, path="/")

    def of(self, request: Request) -> str:
        """The word in the cookie, empty without one."""
        return request.cookies.get(self.name, "")

    def remember(self, response: Response, word: str) -> None:
        """Set the word by which this browser is known again at the log-in (trust/browser); signing out leaves it."""
        response.set_cookie(self._browser, word, max_age=_KNOWN_S, httponly=True, samesite="strict", secure=self.secure, path="/")

    def browser(self, request: Request) -> str:
        return request.cookies.get(self._browser, "")

    @property
    def _browser(self) -> str:
        return f"__Host-{BROWSER}" if self.secure else BROWSER


async def signed_in(parts: Parts, session: Session, request: Request) -> Account | None:
    """The account behind the console's cookie, read anew so that an ended session or a withdrawn account counts at once."""
    return await parts.trust.who(session.of(request))


def same_site(request: Request) -> None:
    """Raise NotAllowed for a form that another site has sent: what acts on a cookie must come from a page of ours."""
    fetched = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetched is not None and fetched not in ("same-origin", "none"):
        raise NotAllowed("this form was sent by another site")
    # Over plain HTTP a browser says neither; "null" is what our own no-referrer pages say. The cookie's SameSite=Strict stands before this.
    if fetched is None and origin not in (None, "null") and urlsplit(str(origin)).netloc != request.headers.get("host"):
        raise NotAllowed("this form was sent by another site")


def peer_of(request: Request) -> str:
    """Where a request comes from, as the server saw it (a proxy's word is taken only from proxies that the server trusts)."""
    return request.client.host if request.client is not None else ""
