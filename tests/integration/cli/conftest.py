"""What the commands' tests share: one system at work in which a job went out, to be looked at."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra.event_store import Row
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import Running, running, until


@dataclass(frozen=True)
class There:
    """A running system in which one job went out to one company. Tests of a module share it, and only add to it."""

    running: Running
    dsn: str
    trade: Trade
    job_id: str
    routing_id: str

    async def events(self, *arguments: str) -> Any:
        """What `jobstream events` printed, from JSON."""
        ended = await jobstream("events", *arguments, "--json", DATABASE_URL=self.dsn)
        assert ended.status == 0, ended.errors
        return ended.json

    async def routing(self) -> Sequence[Row]:
        """The routing's events: created, claimed, synchronised."""
        return await self.running.system.store.read_stream(UUID(self.routing_id))


@pytest.fixture(scope="module")
async def there(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[There]:
    connection = await asyncpg.connect(postgres)
    name, home = f"shared_{uuid4().hex}", tmp_path_factory.mktemp("there")
    await connection.execute(f"create database {name} template migrated")
    async with _at_work(postgres.replace("@/postgres?", f"@/{name}?"), home) as begun:
        yield begun
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@asynccontextmanager
async def _at_work(dsn: str, home: Path) -> AsyncIterator[There]:
    async with running(dsn, home) as begun:
        trade = Trade(begun.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")

        async def synced() -> bool:
            return await trade.statuses(job_id) == ["synced"]

        await until(synced, 60)
        [routing] = await trade.routings(job_id)
        yield There(begun, dsn, trade, job_id, routing["id"])
