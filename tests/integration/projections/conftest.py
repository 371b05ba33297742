import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from infra.database import Database
from infra.event_store import EventStore
from infra.subject_keys import PostgresSubjectKeys
from projections.projector import Projector
from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.registry import Registry
from tests.integration.projections.recording import Recording


@pytest.fixture
async def recording(database: str) -> AsyncIterator[Recording]:
    opened = await Database.open(database)
    store = await EventStore.open(opened)
    codec = Codec(Registry(), KeyRing(PostgresSubjectKeys(opened.pool), MasterKey(bytes(32))))
    yield Recording(opened, store, codec)
    await store.close()
    await opened.close()


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
