"""Failing on purpose: in front of the application, so that it fails as a network or a gateway does."""

import asyncio
import re
from collections import defaultdict, deque
from contextlib import suppress
from enum import StrEnum

from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.pos.simulator.envelope import envelope
from infra.pos.simulator.state import State

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
        self._late: set[asyncio.Task[None]] = set()

    def plan(self, fault: Fault) -> None:
        self._planned[fault.operation].extend([fault] * fault.times)

    def reset(self) -> None:
        self._planned.clear()
        for task in self._late:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        planned = self._planned[_operation(scope)] if scope["type"] == "http" else None
        if not planned:
            await self._app(scope, receive, send)
        else:
            await self._fail(planned.popleft(), scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        match fault.fault:
            case Kind.EXPIRE_TOKEN:
                self._state.expire_next_token = fault.seconds
                await self._app(scope, _replay(body), send)
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, _replay(body), send)
            case Kind.DROP:
                await _drop(send)
            case Kind.CREATE_THEN_TIME_OUT:
                await self._app(scope, _replay(body), _unheard)
                await _hang(receive, send)
            case Kind.TIME_OUT_THEN_CREATE:
                self._do_later(fault.seconds, scope, body)
                await _hang(receive, send)
            case _:
                await _answer(fault)(scope, receive, send)

    def _do_later(self, seconds: float, scope: Scope, body: bytes) -> None:
        async def late() -> None:
            await asyncio.sleep(seconds)
            await self._app(scope, _replay(body), _unheard)

        task = asyncio.create_task(late())
        self._late.add(task)
        task.add_done_callback(self._late.discard)


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


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replay(body: bytes) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    return receive


async def _unheard(message: Message) -> None:
    """Where an answer goes that nobody gets."""


async def _hang(receive: Receive, send: Send, at_most: float = 120.0) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most):
            while (await receive())["type"] != "http.disconnect":
                pass
    await _drop(send)


async def _drop(send: Send) -> None:
    """Announces a body and ends without it, whereupon the server has to close the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
