import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from infra.subject_keys import PostgresSubjectKeys
from projections.projector import Projector
from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.registry import Registry
from tests.integration.projections.recording import Recording, TableStore


@pytest.fixture
async def recording(database: str) -> AsyncIterator[Recording]:
    async with asyncpg.create_pool(database, min_size=1, max_size=8) as pool:
        epoch = await pool.fetchval("select epoch from store_epoch")
        codec = Codec(Registry(), KeyRing(PostgresSubjectKeys(pool), MasterKey(bytes(32))))
        yield Recording(database, pool, TableStore(pool, epoch), codec)


@pytest.fixture
async def run() -> AsyncIterator[Callable[[Projector], asyncio.Task[Any]]]:
    """Starts a projector; it is stopped at the end of the test at the latest."""
    tasks: list[asyncio.Task[Any]] = []

    def start(projector: Projector) -> asyncio.Task[Any]:
        tasks.append(asyncio.create_task(projector.run()))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
