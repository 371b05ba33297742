"""The providers by name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import httpx

from domain.clock import Clock, SystemClock
from infra.outbound import Outbound
from infra.outbound.http import on_loopback
from infra.pos import servicetitan
from infra.pos.mock import MockProvider
from infra.pos.provider import Provider
from infra.pos.servicetitan.adapter import DEVELOPMENT
from infra.settings import Settings

# How long an answer may take is the wrapper's business; these two say in time that nothing was sent.
_TIMEOUT = httpx.Timeout(None, connect=5.0, pool=5.0)


@asynccontextmanager
async def registry(
    settings: Settings, pool: asyncpg.Pool, clock: Clock | None = None
) -> AsyncIterator[Mapping[str, Provider]]:
    """`mock` and `servicetitan`, until the block ends. `pool` leads to the database with `mock_pos_jobs`."""
    clock = clock or SystemClock()
    loopback = on_loopback(settings.servicetitan_url)
    # A proxy of the environment is meant for the outside.
    async with httpx.AsyncClient(
        base_url=settings.servicetitan_url, timeout=_TIMEOUT, trust_env=not loopback
    ) as client:
        root = settings.servicetitan_auth_url or settings.servicetitan_url
        session = servicetitan.Session(client, f"{root.rstrip('/')}/connect/token")
        development = DEVELOPMENT if loopback else None
        titan = servicetitan.ServiceTitan(session, Outbound(servicetitan.SYSTEM), clock, development)
        mock = MockProvider(pool, clock)
        yield {mock.name: mock, titan.name: titan}
