from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.contract.tradeengage.desk import Desk
from tests.running import Running, running


@asynccontextmanager
async def fresh_database(postgres: str) -> AsyncIterator[str]:
    connection = await asyncpg.connect(postgres)
    name = f"shared_{uuid4().hex}"
    await connection.execute(f"create database {name} template migrated")
    yield postgres.replace("@/postgres?", f"@/{name}?")
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture(scope="session")
async def shared_database(postgres: str) -> AsyncIterator[str]:
    """One database for many tests: they only add to it."""
    async with fresh_database(postgres) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def system(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    home: Path = tmp_path_factory.mktemp("contract")
    async with running(shared_database, home, ROOT_API="tradeengage", POS_POLL_SECONDS="0.1") as started:
        yield started


@pytest.fixture(scope="session")
async def desk(system: Running) -> Desk:
    return await Desk(system, system.client).open()
