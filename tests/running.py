"""A whole system in the test's own process, over a real database and, where asked for, real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.composition import compose
from domain.clock import Clock
from infra.settings import Settings, load
from runtime.parts import Background, start_agents, start_projectors, start_timers, store_feed
from runtime.system import System, open_system

KEY = "11" * 32


@dataclass(frozen=True, slots=True)
class Running:
    """`client` speaks HTTP to the application at TradeEngage's own place."""

    system: System
    client: httpx.AsyncClient


def settings_for(dsn: str, home: Path, **changes: Any) -> Settings:
    given = {"DATABASE_URL": dsn, "MASTER_KEY": KEY, "JOBSTREAM_HOME": str(home), "RATE_LIMITS": "off"}
    return load(given | {name: str(value) for name, value in changes.items()})


@asynccontextmanager
async def running(
    dsn: str, home: Path, *, agents: bool = True, timers: bool = True, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Running]:
    """The embedded system over `dsn`. `changes` are settings by name."""

    def failed() -> None:
        raise AssertionError("a part of the system failed")

    background = Background(failed)
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(open_system(settings_for(dsn, home, **changes), dsn, clock))
        feed = await stack.enter_async_context(store_feed(system))
        await stack.enter_async_context(background)
        start_projectors(system, feed, background)
        if agents:
            start_agents(system, feed, background)
        if timers:
            start_timers(system, background)
        transport = httpx.ASGITransport(app=await stack.enter_async_context(compose(system)))
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/tradeengage/api/v1")
        yield Running(system, await stack.enter_async_context(client))


async def until(condition: Any, seconds: float = 10.0) -> Any:
    """What `condition` (an async function) answers once that is true. Fails after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        if found := await condition():
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {condition.__name__}")
        await asyncio.sleep(0.02)
