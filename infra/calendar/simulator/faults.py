"""Failing on purpose: in front of the application, so that it fails as a network or a gateway does."""

import asyncio
import re
from collections import defaultdict, deque
from enum import StrEnum

from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.calendar.simulator.failures import failure
from infra.calendar.simulator.state import State
from infra.simulation import Late, drop, hang, replayed, unheard, whole_body

_EVENTS = r"/calendar/v3/calendars/[^/]+/events"
_OPERATIONS = [
    ("token", "POST", re.compile(r"/token")),
    ("insert", "POST", re.compile(_EVENTS)),
    ("get", "GET", re.compile(_EVENTS + r"/[^/]+")),
    ("patch", "PATCH", re.compile(_EVENTS + r"/[^/]+")),
    ("delete", "DELETE", re.compile(_EVENTS + r"/[^/]+")),
]


class Kind(StrEnum):
    REFUSE_TOKEN = "refuse_token"
    EXPIRE_TOKEN = "expire_token"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    RATE_LIMITED = "403 rate"
    TOO_MANY = "429"
    SERVER_ERROR = "500"
    HTML = "html"
    SLOW = "slow"
    DROP = "drop"
    DO_THEN_TIME_OUT = "do_then_time_out"
    TIME_OUT_THEN_DO = "time_out_then_do"


class Fault(BaseModel):
    """The next `times` requests of `operation` fail so. `seconds`: how slow, how late, Retry-After, a token's life."""

    operation: str = Field(pattern="^(" + "|".join(name for name, _, _ in _OPERATIONS) + ")$")
    fault: Kind
    times: int = Field(1, ge=1)
    seconds: float = Field(1.0, ge=0)


class Faults:
    """ASGI middleware that does what it has been told to do, once for each time it has been told."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app, self._state, self._late = app, state, Late(app)
        self._planned: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def plan(self, fault: Fault) -> None:
        self._planned[fault.operation].extend([fault] * fault.times)

    @property
    def late(self) -> int:
        """How many requests are still to be carried out whose clients have given up."""
        return self._late.waiting

    def reset(self) -> None:
        self._planned.clear()
        self._late.forget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        planned = self._planned[_operation(scope)] if scope["type"] == "http" else None
        if not planned:
            await self._app(scope, receive, send)
        else:
            await self._fail(planned.popleft(), scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        body = await whole_body(receive)
        match fault.fault:
            case Kind.EXPIRE_TOKEN:
                self._state.expire_next_token = fault.seconds
                await self._app(scope, replayed(body), send)
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, replayed(body), send)
            case Kind.DROP:
                await drop(send)
            case Kind.DO_THEN_TIME_OUT:
                await self._app(scope, replayed(body), unheard)
                await hang(receive, send)
            case Kind.TIME_OUT_THEN_DO:
                self._late.do(fault.seconds, scope, body)
                await hang(receive, send)
            case _:
                await _answer(fault)(scope, receive, send)


def _operation(scope: Scope) -> str:
    for name, method, path in _OPERATIONS:
        if scope["method"] == method and path.fullmatch(scope["path"]):
            return name
    return ""


def _answer(fault: Fault) -> Response:
    match fault.fault:
        case Kind.REFUSE_TOKEN:
            return JSONResponse({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400)
        case Kind.UNAUTHORIZED:
            return failure(401, "authError", "Invalid Credentials")
        case Kind.FORBIDDEN:
            return failure(403, "forbidden", "Forbidden")
        case Kind.RATE_LIMITED:
            return failure(403, "rateLimitExceeded", "Rate Limit Exceeded")
        case Kind.TOO_MANY:
            seconds = {"Retry-After": f"{fault.seconds:.0f}"}
            return failure(429, "rateLimitExceeded", "Rate Limit Exceeded", seconds)
        case Kind.SERVER_ERROR:
            return failure(500, "backendError", "Backend Error")
        case _:
            return HTMLResponse("<html><body><h1>Sign in</h1></body></html>")
