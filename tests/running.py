"""A whole system in the test's own process, over a real database and, where asked for, real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from api.composition import compose
from domain.clock import Clock
from infra.settings import Settings, load
from runtime.parts import (
    Background,
    kafka_feed,
    start_agents,
    start_kafka_agents,
    start_projectors,
    start_relay,
    start_timers,
    store_feed,
)
from runtime.system import READ_MODELS, System, open_system
from streams import topics

KEY = "11" * 32


@dataclass(frozen=True, slots=True)
class Running:
    """`client` speaks HTTP to the application at TradeEngage's own place."""

    system: System
    client: httpx.AsyncClient

    def at(self, place: str) -> httpx.AsyncClient:
        """A client of the same application at another place, e.g. /automation/api/v1."""
        return httpx.AsyncClient(transport=self.client._transport, base_url=f"http://127.0.0.1{place}")


def settings_for(dsn: str, home: Path, **changes: Any) -> Settings:
    given = {"DATABASE_URL": dsn, "MASTER_KEY": KEY, "JOBSTREAM_HOME": str(home), "RATE_LIMITS": "off"}
    return load(given | {name: str(value) for name, value in changes.items()})


def _failed() -> None:
    raise AssertionError("a part of the system failed")


@asynccontextmanager
async def running(
    dsn: str, home: Path, *, agents: bool = True, timers: bool = True, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Running]:
    """The embedded system over `dsn`. `changes` are settings by name."""
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(open_system(settings_for(dsn, home, **changes), dsn, clock))
        feed = await stack.enter_async_context(store_feed(system))
        background = await stack.enter_async_context(Background(_failed))
        start_projectors(system, feed, background)
        if agents:
            start_agents(system, feed, background)
        if timers:
            start_timers(system, background)
        yield Running(system, await stack.enter_async_context(_client(system)))


@asynccontextmanager
async def over_kafka(dsn: str, home: Path, bootstrap: str, prefix: str) -> AsyncIterator[Running]:
    """The roles of the distributed system over `dsn` and a broker, all in this process."""
    changes = {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "KAFKA_TOPIC_PREFIX": prefix}
    await topics.apply(bootstrap, prefix)
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(open_system(settings_for(dsn, home, **changes), dsn))
        store = await stack.enter_async_context(store_feed(system))
        feed = await stack.enter_async_context(kafka_feed(system))
        background = await stack.enter_async_context(Background(_failed))
        start_relay(system, store, background)
        start_projectors(system, feed, background)
        start_kafka_agents(system, background)
        start_timers(system, background)
        yield Running(system, await stack.enter_async_context(_client(system)))


@asynccontextmanager
async def _client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    await until(partial(projected, system))
    async with compose(system) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/tradeengage/api/v1") as client:
            yield client


async def projected(system: System) -> bool:
    """Whether answers show what was written: before its projector leads, nobody waits for a read model."""
    return not any(system.positions.stopped(model) for model in READ_MODELS)


async def until(condition: Any, seconds: float = 30.0) -> Any:
    """What `condition` (an async function) answers once that is true. Fails after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        if found := await condition():
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {condition}")
        await asyncio.sleep(0.02)
