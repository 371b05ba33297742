import asyncio
import os

import asyncpg

from infra.migrations import head, migrate


async def test_several_processes_may_migrate_at_once(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    await connection.execute("create database several")
    dsn = postgres.replace("@/postgres?", "@/several?")
    await asyncio.gather(*(migrate(dsn) for _ in range(5)))
    several = await asyncpg.connect(dsn)
    assert await several.fetchval("select version_num from alembic_version") == head()
    await several.close()
    await connection.execute("drop database several")
    await connection.close()


async def test_migrating_takes_no_time_when_there_is_nothing_to_do(database: str) -> None:
    started = os.times()
    await migrate(database)
    # Processor time, children's too, so that a busy machine does not matter: 10 ms, and 0.4 s with Alembic.
    assert sum(os.times()[:4]) - sum(started[:4]) < 0.2


async def test_a_newer_schema_is_left_to_the_newer_code(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("update alembic_version set version_num = '9999'")
    await migrate(database)
    assert await connection.fetchval("select version_num from alembic_version") == "9999"
    await connection.close()
