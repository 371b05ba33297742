"""Failing on purpose: in front of the application, so that it fails as a network or a gateway does."""

import asyncio
import re
from collections import defaultdict, deque
from enum import StrEnum

from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.pos.simulator.envelope import envelope
from infra.pos.simulator.state import State
from infra.simulation import Late, drop, hang, replayed, unheard, whole_body

_JOB = r"/jpm/v2/tenant/[^/]+/jobs"
_OPERATIONS = [
    ("token", "POST", re.compile(r"/connect/token")),
    ("customers", "POST", re.compile(r"/crm/v2/tenant/[^/]+/customers")),
    ("locations", "POST", re.compile(r"/crm/v2/tenant/[^/]+/locations")),
    ("create", "POST", re.compile(_JOB)),
    ("list", "GET", re.compile(_JOB)),
    ("get", "GET", re.compile(_JOB + r"/\d+")),
    ("cancel", "PUT", re.compile(_JOB + r"/\d+/cancel")),
]


class Kind(StrEnum):
    REFUSE_TOKEN = "refuse_token"
    EXPIRE_TOKEN = "expire_token"
    UNAUTHORIZED = "401"
    CONFLICT = "409"
    TOO_MANY = "429"
    SERVER_ERROR = "500"
    HTML = "html"
    SLOW = "slow"
    DROP = "drop"
    CREATE_THEN_TIME_OUT = "create_then_time_out"
    TIME_OUT_THEN_CREATE = "time_out_then_create"


class Fault(BaseModel):
    """The next `times` requests of `operation` fail so. `seconds`: how slow, how late, Retry-After, a token's life."""

    operation: str = Field(pattern="^(" + "|".join(name for name, _, _ in _OPERATIONS) + ")$")
    fault: Kind
    times: int = Field(1, ge=1)
    seconds: float = Field(1.0, ge=0)


class Faults:
    """ASGI middleware that does what it has been told to do, once for each time it has been told."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app, self._state = app, state
        self._planned: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._late = Late(app)

    def plan(self, fault: Fault) -> None:
        self._planned[fault.operation].extend([fault] * fault.times)

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
            case Kind.CREATE_THEN_TIME_OUT:
                await self._app(scope, replayed(body), unheard)
                await hang(receive, send)
            case Kind.TIME_OUT_THEN_CREATE:
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
            return JSONResponse({"error": "invalid_client"}, 400)
        case Kind.UNAUTHORIZED:
            return envelope(401, "Unauthorized")
        case Kind.CONFLICT:
            return envelope(409, "Conflict")
        case Kind.TOO_MANY:
            return envelope(429, "Rate limit is exceeded.", headers={"Retry-After": f"{fault.seconds:.0f}"})
        case Kind.SERVER_ERROR:
            return envelope(500, "An error occurred while processing your request.")
        case _:
            return HTMLResponse("<html><body><h1>Sign in</h1></body></html>")
