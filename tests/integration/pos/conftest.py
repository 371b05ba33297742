"""The simulator over real HTTP, and the providers as they run in production but for shorter deadlines."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from domain.clock import SystemClock
from infra.outbound import Outbound, Policy
from infra.pos.credentials import Credentials
from infra.pos.mock import MockProvider
from infra.pos.provider import ExternalJob, Provider, WorkOrder
from infra.pos.servicetitan import ServiceTitan, Session
from infra.pos.servicetitan.adapter import DEVELOPMENT
from infra.pos.simulator import build

SECRET = "s3cret-never-to-be-seen"
ACME = Credentials("acme", "acme-client-id", SECRET, "acme-app-key", 11, 12, 13)


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the test run keeps its own signals


@dataclass
class Simulator:
    url: str
    control: httpx.AsyncClient

    async def fail(self, operation: str, fault: str, times: int = 1, seconds: float = 1.0) -> None:
        plan = [{"operation": operation, "fault": fault, "times": times, "seconds": seconds}]
        (await self.control.post("/_simulator/faults", json=plan)).raise_for_status()

    async def complete(self, tenant: str, external_id: str, total: Decimal) -> None:
        path = f"/_simulator/tenants/{tenant}/jobs/{external_id}/complete"
        (await self.control.post(path, json={"total": str(total)})).raise_for_status()

    async def jobs(self) -> list[dict[str, Any]]:
        answer = await self.control.get("/_simulator/jobs")
        return list(answer.json())


@dataclass
class Time:
    """Adds to real time whatever is slept through or skipped."""

    skipped: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.skipped += seconds


def hasty(seconds: float) -> AbstractAsyncContextManager[object]:
    """A hard timeout thirty times shorter: 15 s become 0.5 s."""
    return asyncio.timeout(seconds / 30)


@pytest.fixture(scope="session")
async def simulator_url() -> AsyncIterator[str]:
    async with served(build()) as url:
        yield url


@pytest.fixture
async def simulator(simulator_url: str) -> AsyncIterator[Simulator]:
    async with httpx.AsyncClient(base_url=simulator_url, trust_env=False) as control:
        yield Simulator(simulator_url, control)
        await control.delete("/_simulator")


@pytest.fixture
def time() -> Time:
    return Time()


@asynccontextmanager
async def titan_at(url: str, time: Time, development: Credentials | None = DEVELOPMENT) -> AsyncIterator[ServiceTitan]:
    async with httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(None, connect=1.0), trust_env=False) as client:
        session = Session(client, f"{url}/connect/token", now=time.now, sleep=time.sleep)
        outbound = Outbound("servicetitan", now=time.now, sleep=time.sleep, within=hasty)
        yield ServiceTitan(session, outbound, SystemClock(), development)


@pytest.fixture
async def titan(simulator: Simulator, time: Time) -> AsyncIterator[ServiceTitan]:
    async with titan_at(simulator.url, time) as titan:
        yield titan


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """`app` over HTTP; gives its URL."""
    server = Server(uvicorn.Config(app, port=0, lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(60):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def mock(database: str) -> AsyncIterator[MockProvider]:
    async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
        yield MockProvider(pool, SystemClock(), Outbound("mock", Policy(slots=512, queue=4096)))


@dataclass
class Shop:
    """A provider, and somebody in the company who works with it."""

    provider: Provider
    credentials: Credentials | None
    simulator: Simulator | None = None

    async def complete(self, job: ExternalJob, total: Decimal) -> None:
        if isinstance(self.provider, MockProvider):
            await self.provider.complete(job.external_id, total)
        else:
            assert self.simulator is not None
            assert self.credentials is not None
            await self.simulator.complete(self.credentials.tenant, job.external_id, total)


@pytest.fixture(params=["mock", "servicetitan"])
def shop(request: pytest.FixtureRequest) -> Shop:
    if request.param == "mock":
        return Shop(request.getfixturevalue("mock"), None)
    return Shop(request.getfixturevalue("titan"), ACME, request.getfixturevalue("simulator"))


def work_order(routing_id: UUID | None = None) -> WorkOrder:
    return WorkOrder(
        routing_id=routing_id or uuid4(),
        job_id=uuid4(),
        summary="Kitchen faucet replacement",
        street="123 Main Street",
        city="Anytown",
        state="CA",
        zip_code="90210",
        homeowner_name="Jane Smith",
        homeowner_phone="(555) 987-6543",
        homeowner_email="jane.smith@email.com",
        category="plumbing",
        skills=("plumbing",),
    )


def at_start() -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
