"""Clients of the web socket, and a server for them: real ones, over loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect

from api.composition import compose
from cli.serving import serve_http
from runtime.system import System
from tests.running import until

SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """host:port of a server with the settings of `jobstream serve`, which is told to stop at the end."""
    stop, ready, port = asyncio.Event(), asyncio.Event(), free_port()
    serving = asyncio.create_task(serve_http(app, "127.0.0.1", port, stop, ready.set))
    await asyncio.wait_for(ready.wait(), SECONDS)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        stop.set()
        await serving


@dataclass(frozen=True, slots=True)
class Device:
    """A client's end of a web socket."""

    socket: ClientConnection

    async def next(self) -> dict[str, Any]:
        """The next message. Fails when none comes."""
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))
        return message

    async def until(self, type: str) -> dict[str, Any]:
        """The next message of that type."""
        while (message := await self.next())["type"] != type:
            pass
        return message

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message; the answer to it, where no updates come."""
        await self.socket.send(json.dumps(message))
        return await self.next()

    async def closed(self) -> int | None:
        """With which code the server ends it."""
        await asyncio.wait_for(self.socket.wait_closed(), SECONDS)
        return self.socket.close_code


@dataclass(frozen=True, slots=True)
class Site:
    """A process that serves HTTP, and clients of it."""

    address: str
    http: httpx.AsyncClient

    @asynccontextmanager
    async def raw(self, query: str = "", **options: Any) -> AsyncIterator[Device]:
        """A web socket whose welcome has not been read."""
        # With a bound on what it has yet to read, a client that leaves does not read on, and waits 10 s for its end.
        options = {"proxy": None, "max_queue": None} | options
        async with connect(f"ws://{self.address}/api/v1/ws?{query}", **options) as opened:
            yield Device(opened)

    @asynccontextmanager
    async def device(self, query: str = "", **options: Any) -> AsyncIterator[Device]:
        """A web socket that has been welcomed."""
        async with self.raw(query, **options) as opened:
            assert (await opened.next())["type"] == "system.connected"
            yield opened

    async def empty(self) -> None:
        """Wait until nobody is connected any more."""

        async def nobody() -> bool:
            left: int = (await self.http.get("/connections")).json()["total_connections"]
            return left == 0

        await until(nobody, SECONDS)

    async def broadcast(self, message: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.post("/broadcast", json={"message": message, **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def site(system: System, **headers: str) -> AsyncIterator[Site]:
    """The HTTP interface of a system over a real server. `headers` go with its client's requests."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(compose(system))
        address = await stack.enter_async_context(served(app))
        client = httpx.AsyncClient(base_url=f"http://{address}/api/v1", headers=headers, timeout=SECONDS)
        yield Site(address, await stack.enter_async_context(client))
