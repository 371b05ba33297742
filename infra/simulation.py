"""Failing on purpose, for the simulators of outside systems: answers that come late, break off, or never come."""

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A method and the paths of a simulated operation.
Operation = tuple[str, re.Pattern[str]]
# What a gateway says instead of the system behind it; asked with the fault's seconds.
Answer = Callable[[float], Response]


class Kind(StrEnum):
    """How a request fails beside being answered with an error."""

    EXPIRE_TOKEN = "expire_token"
    SLOW = "slow"
    DROP = "drop"
    DO_THEN_TIME_OUT = "do_then_time_out"
    TIME_OUT_THEN_DO = "time_out_then_do"


class Fault(BaseModel):
    """The next `times` requests of `operation` fail so. `seconds`: how slow, how late, Retry-After, a token's life.

    Each simulator narrows the names down to those that it has.
    """

    operation: str
    fault: str
    times: int = Field(1, ge=1)
    seconds: float = Field(1.0, ge=0)


def one_of(*names: Iterable[str]) -> str:
    """A pattern of just these."""
    return "^(" + "|".join(re.escape(name) for several in names for name in several) + ")$"


class Tokens(Protocol):
    """A simulator's state as far as a fault changes it: the seconds that the next token lives."""

    expire_next_token: float | None


class Faults:
    """ASGI middleware that does what it has been told to do, once for each time it has been told.

    It is in front of the application, so that it fails as a network or a gateway does.
    """

    def __init__(
        self, app: ASGIApp, tokens: Tokens, operations: Mapping[str, Operation], answers: Mapping[str, Answer]
    ) -> None:
        self._app, self._tokens, self._operations, self._answers = app, tokens, operations, answers
        self._planned: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._late = Late(app)

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
        planned = self._planned[self._operation(scope)] if scope["type"] == "http" else None
        if not planned:
            await self._app(scope, receive, send)
        else:
            await self._fail(planned.popleft(), scope, receive, send)

    def _operation(self, scope: Scope) -> str:
        for name, (method, path) in self._operations.items():
            if scope["method"] == method and path.fullmatch(scope["path"]):
                return name
        return ""

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        body = await whole_body(receive)
        match fault.fault:
            case Kind.EXPIRE_TOKEN:
                self._tokens.expire_next_token = fault.seconds
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
            case name:
                await self._answers[name](fault.seconds)(scope, receive, send)


async def whole_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def replayed(body: bytes) -> Receive:
    """The request's body once more, for the application behind."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    return receive


async def unheard(message: Message) -> None:
    """Where an answer goes that nobody gets."""


async def hang(receive: Receive, send: Send, at_most: float = 120.0) -> None:
    """Answer nothing until the client gives up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most):
            while (await receive())["type"] != "http.disconnect":
                pass
    await drop(send)


async def drop(send: Send) -> None:
    """Announces a body and ends without it, whereupon the server has to close the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})


class Late:
    """Requests that are carried out after their client has given up."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, seconds: float, scope: Scope, body: bytes) -> None:
        async def late() -> None:
            await asyncio.sleep(seconds)
            await self._app(scope, replayed(body), unheard)

        task = asyncio.create_task(late())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def waiting(self) -> int:
        return len(self._tasks)

    def forget(self) -> None:
        for task in self._tasks:
            task.cancel()
