"""Errors as application/problem+json (RFC 9457), each with its next step; a person in a browser gets a page."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from warning.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany, WarningEngineError
from warning.web.lost import for_a_person, lost

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[Exception], tuple[int, str]] = {
    NotAllowed: (403, "ask somebody with the right role, or use another account"),
    NotFound: (404, "look the name up in the list above it"),
    Conflict: (409, "reload it, read what has changed, and try again"),
    Invalid: (422, "correct the named field and send it again"),
}


class Problem(BaseModel):
    """What went wrong and what to do next."""

    title: str
    status: int
    detail: str
    next_step: str


class Unauthorized(Exception):
    """No token, or one that is not known."""


def install(app: FastAPI) -> None:
    """Map the tree of errors to HTTP; ``app.state`` has parts and jinja when a request comes."""

    def told(request: Request, status: int, detail: str, next_step: str) -> Response:
        return lost(app, request, status, detail) if for_a_person(request) else problem(status, detail, next_step)

    async def ours(request: Request, error: Exception) -> Response:
        for kind, (status, next_step) in _STATUS.items():
            if isinstance(error, kind):
                return told(request, status, str(error), next_step)
        return told(request, 500, str(error), "read the server's log")

    async def too_many(request: Request, error: Exception) -> Response:
        assert isinstance(error, TooMany)
        answer = told(request, 429, str(error), "wait as long as Retry-After says, then try again")
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
        return answer

    async def unauthorized(request: Request, error: Exception) -> Response:
        answer = told(request, 401, str(error), "send the header Authorization: Bearer <token>; an admin makes tokens")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="xiaoxishu"'
        return answer

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # The rejected value stays out: it may be somebody's number or place.
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
        return told(request, 422, faults, "correct the named field and send it again")

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = told(request, error.status_code, str(error.detail), "the list of addresses is at /docs")
        answer.headers.update(error.headers or {})
        return answer

    async def database_away(request: Request, _error: Exception) -> Response:
        answer = told(request, 503, "the database does not answer", "nothing is lost: try again in a few seconds")
        answer.headers["Retry-After"] = "5"
        return answer

    app.add_exception_handler(WarningEngineError, ours)
    app.add_exception_handler(TooMany, too_many)
    app.add_exception_handler(Unauthorized, unauthorized)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(OperationalError, database_away)


def problem(status: int, detail: str, next_step: str) -> JSONResponse:
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, next_step=next_step)
    return JSONResponse(body.model_dump(), status_code=status, media_type=MEDIA_TYPE)
