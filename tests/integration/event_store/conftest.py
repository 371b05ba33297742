"""A store on a fresh database, and short ways to make appends for it."""

from collections.abc import AsyncIterator

import pytest

from infra.database import Database
from infra.event_store import EventStore


@pytest.fixture
async def connections(database: str) -> AsyncIterator[Database]:
    opened = await Database.open(database, size=4)
    yield opened
    await opened.close()


@pytest.fixture
async def store(connections: Database) -> AsyncIterator[EventStore]:
    opened = await EventStore.open(connections)
    yield opened
    await opened.close()
