"""One PostgreSQL server for a test session; a fresh, migrated database, and an event store in it, for each test that
asks for one.
"""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from infra import embedded_postgres
from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from infra.event_store import EventStore
from infra.migrations import migrate
from tests.folders import quick_folder

pytest_plugins = ["tests.kafka_fixture"]

_TEMPLATE = "migrated"


def _database(server: str, name: str) -> str:
    return server.replace("@/postgres?", f"@/{name}?")


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[str]:
    """The DSN of a server of the session's own. Its database `migrated` is the template of `database`."""
    with quick_folder() as folder:
        server = EmbeddedPostgres(folder)
        with pytest.MonkeyPatch.context() as patch:
            # A running system has some twenty connections, and several of them stay up for many tests.
            patch.setitem(embedded_postgres._SETTINGS, "max_connections", "400")
            dsn = await server.start()
        try:
            connection = await asyncpg.connect(dsn)
            await connection.execute(f"create database {_TEMPLATE}")
            await connection.close()
            await migrate(_database(dsn, _TEMPLATE))
            yield dsn
        finally:
            await server.stop()


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The DSN of a fresh database with the current schema, dropped afterwards with whatever still uses it."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"create database {name} template {_TEMPLATE}")
        yield _database(postgres, name)
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


@pytest.fixture
async def connections(database: str) -> AsyncIterator[Database]:
    """A pool on the fresh database."""
    opened = await Database.open(database, size=4)
    yield opened
    await opened.close()


@pytest.fixture
async def store(connections: Database) -> AsyncIterator[EventStore]:
    """The event store in the fresh database."""
    opened = await EventStore.open(connections)
    yield opened
    await opened.close()
