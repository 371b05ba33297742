"""Failing on purpose, for the simulators of outside systems: answers that come late, break off, or never come."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send


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
