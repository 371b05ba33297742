"""A whole system in the test's process, over either feed, whose parts can be ended and begun again one by one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import cast

import httpx

from api.composition import compose
from infra.pos.mock import MockProvider
from runtime import parts
from runtime.parts import Background
from runtime.system import System, open_system
from streams import topics
from streams.feeds import StoreFeed
from tests.conformance.failing_provider import FailingProvider
from tests.conformance.trade import Trade
from tests.running import projected, settings_for, until

Begin = Callable[[AsyncExitStack, Background], Awaitable[None]]


@dataclass
class SkippingClock:
    """Real time and whatever was skipped."""

    skipped: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += timedelta(seconds=seconds)


@dataclass
class Part:
    """Something that runs in the background. `failures` are those of all parts."""

    name: str
    begin: Begin
    failures: list[str]
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self._running = AsyncExitStack()
        background = Background(lambda: self.failures.append(self.name))
        inner = await self._running.enter_async_context(AsyncExitStack())
        await self._running.enter_async_context(background)
        await self.begin(inner, background)

    async def stop(self) -> None:
        await self._running.aclose()


@dataclass(frozen=True)
class Installation:
    """`trade` speaks HTTP to it; `provider` is its point of sale."""

    system: System
    trade: Trade
    clock: SkippingClock
    provider: FailingProvider
    parts: list[Part]
    failures: list[str]


@asynccontextmanager
async def installed(dsn: str, home: Path, broker: str | None, prefix: str) -> AsyncIterator[Installation]:
    """Over Kafka, or over the store's feed where there is no broker."""
    changes = {"POS_POLL_SECONDS": "0.3"}
    if broker is not None:
        changes |= {"KAFKA_BOOTSTRAP_SERVERS": broker, "KAFKA_TOPIC_PREFIX": prefix}
        await topics.apply(broker, prefix)
    clock, failures = SkippingClock(), list[str]()
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_system(settings_for(dsn, home, **changes), dsn, clock))
        provider = FailingProvider(cast(MockProvider, opened.providers["mock"]))
        system = replace(opened, providers={**opened.providers, "mock": provider})
        feed = await stack.enter_async_context(parts.store_feed(system))
        begun = _over_store(system, feed) if broker is None else _over_kafka(system, feed)
        all_parts = [Part(name, begin, failures) for name, begin in begun.items()]
        for part in all_parts:
            await part.start()
            stack.push_async_callback(part.stop)
        await until(partial(projected, system), 30)
        transport = httpx.ASGITransport(app=await stack.enter_async_context(compose(system)))
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/tradeengage/api/v1", timeout=60)
        trade = Trade(await stack.enter_async_context(client))
        yield Installation(system, trade, clock, provider, all_parts, failures)


def _over_store(system: System, feed: StoreFeed) -> dict[str, Begin]:
    async def projectors(stack: AsyncExitStack, background: Background) -> None:
        parts.start_projectors(system, feed, background)

    async def agents(stack: AsyncExitStack, background: Background) -> None:
        parts.start_agents(system, feed, background)

    return {"projectors": projectors, "agents": agents, "timers": _timers(system)}


def _over_kafka(system: System, feed: StoreFeed) -> dict[str, Begin]:
    async def relay(stack: AsyncExitStack, background: Background) -> None:
        parts.start_relay(system, feed, background)

    async def projectors(stack: AsyncExitStack, background: Background) -> None:
        kafka = await stack.enter_async_context(parts.kafka_feed(system))
        parts.start_projectors(system, kafka, background)

    async def agents(stack: AsyncExitStack, background: Background) -> None:
        parts.start_kafka_agents(system, background)

    return {"relay": relay, "projectors": projectors, "agents": agents, "timers": _timers(system)}


def _timers(system: System) -> Begin:
    async def timers(stack: AsyncExitStack, background: Background) -> None:
        parts.start_timers(system, background)

    return timers
