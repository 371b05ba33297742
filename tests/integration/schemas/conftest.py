"""A real database for keys, and a real server for the registry."""

import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn

from api.schema_registry import schema_registry_app
from infra.database import Database
from infra.event_store import EventStore
from infra.subject_keys import PostgresSubjectKeys
from schemas.registry import Registry


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


@pytest.fixture
def keys(connections: Database) -> PostgresSubjectKeys:
    return PostgresSubjectKeys(connections.pool)


@pytest.fixture(scope="module")
def registry_url() -> Iterator[str]:
    """The registry, served on a loopback port by a thread: Confluent's client blocks."""
    server = uvicorn.Server(uvicorn.Config(schema_registry_app(Registry()), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
