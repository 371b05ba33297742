"""Clients that post jobs, each until it is acknowledged, and what must have become of every one of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from projections.routings.fold import routings
from projections.service_jobs.fold import service_jobs
from tests.conformance.trade import Sender, Trade, job
from tests.running import until

CLIENTS = 4
PAUSE_SECONDS = 0.02
SKILL = "plumbing"
RECEIVERS = ("mock", "mock")  # their points of sale

_JOBS = "select stream_id from events where type = 'ServiceJobCreated'"
_ROUTINGS = "select stream_id from events where type = 'RoutingCreated'"
_SYNCED = "select stream_id from events where type = 'RoutingSynced'"
_OPEN = f"select count(*) from ({_ROUTINGS} except {_SYNCED}) unsynchronised"
_INCOMPLETE = f"""
select count(*) from {service_jobs.schema}.service_job j where routings = 0
 or routings <> (select count(*) from {routings.schema}.routing r where r.job_id = j.id)"""
_AT_PROVIDER = "select routing_id from mock_pos_jobs"


@dataclass
class Load:
    """`acknowledged` are the ids of jobs by the key of their request, `refused` the answers other than success."""

    trade: Trade
    sender: Sender
    acknowledged: dict[str, UUID] = field(default_factory=dict)
    refused: list[httpx.Response] = field(default_factory=list)
    pause: float = PAUSE_SECONDS
    broken: Counter[str] = field(default_factory=Counter)
    stopped: bool = False
    abandoned: bool = False
    clients: list[asyncio.Task[None]] = field(default_factory=list)

    async def more(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many more jobs have been acknowledged."""
        wanted = len(self.acknowledged) + count

        async def enough() -> bool:
            return len(self.acknowledged) >= wanted

        await until(enough, seconds)

    async def finish(self) -> None:
        """No more jobs; wait until every client has its last answer."""
        self.stopped = True
        await asyncio.gather(*self.clients)

    def abandon(self) -> None:
        """Nobody will answer any more: what is open stays open."""
        self.stopped = self.abandoned = True

    async def post(self) -> None:
        """One client: a job after the other, each with its key again and again until it is taken."""
        while not self.stopped:
            key = str(uuid4())
            while key not in self.acknowledged and not self.stopped:
                await self._try(key)
                await asyncio.sleep(self.pause)
            if key not in self.acknowledged and not self.abandoned:
                await self._settle(key)

    async def _settle(self, key: str) -> None:
        """A request without an answer may have been carried out: it is not left open."""

        async def taken() -> bool:
            await self._try(key)
            return key in self.acknowledged

        before = len(self.refused), self.broken.total()
        try:
            await until(taken, 60)
        except AssertionError:
            answers = [f"{answer.status_code} {answer.text}" for answer in self.refused[before[0] :][-4:]]
            broken = self.broken.total() - before[1]
            raise AssertionError(f"{key} is not taken: {broken} broken, lastly answered {answers}") from None

    async def _try(self, key: str) -> None:
        try:
            answer = await self.trade.client.post(
                "/jobs/", json=job(self.sender, "Dripping tap", [SKILL]), headers={"Idempotency-Key": key}
            )
        except httpx.TransportError as error:
            self.broken[type(error).__name__] += 1
            return
        if answer.status_code == 201:
            self.acknowledged[key] = UUID(answer.json()["id"])
        else:
            self.refused.append(answer)


@asynccontextmanager
async def at_work(work: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """All of it at once, ended at the end whether it is done or not."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def load(url: str, receivers: Sequence[str] = RECEIVERS, pause: float = PAUSE_SECONDS) -> AsyncIterator[Load]:
    """Clients at work, each with a pause between two jobs, until they are told to finish."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        trade = Trade(client)
        for number, provider in enumerate(receivers):
            company_id = await trade.company(f"Receiver {number}", SKILL, provider=provider)
            await trade.get(f"/companies/{company_id}")
        posting = Load(trade, await trade.sender("Sender"), pause=pause)
        async with at_work(posting.post() for _ in range(CLIENTS)) as posting.clients:
            yield posting


async def assert_each_once(dsn: str, posted: Load, seconds: float = 60.0) -> None:
    """Every acknowledged job is in the log once, and each of its routings ends at the provider and synced, once."""
    await posted.finish()
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:

        async def all_synchronised() -> bool:
            return await connection.fetchval(_OPEN) == await connection.fetchval(_INCOMPLETE) == 0

        await until(all_synchronised, seconds)
        jobs, routed, synced, at_provider = [
            [row[0] for row in await connection.fetch(query)] for query in (_JOBS, _ROUTINGS, _SYNCED, _AT_PROVIDER)
        ]
    finally:
        await connection.close()
    assert sorted(jobs) == sorted(posted.acknowledged.values())
    assert sorted(synced) == sorted(at_provider) == sorted(routed)


async def assert_shown(posted: Load, seconds: float = 30.0) -> None:
    """The last acknowledged jobs are shown with every routing synced."""
    for job_id in list(posted.acknowledged.values())[-5:]:

        async def shown(job_id: UUID = job_id) -> bool:
            return await posted.trade.statuses(str(job_id)) == ["synced"] * len(RECEIVERS)

        await until(shown, seconds)
