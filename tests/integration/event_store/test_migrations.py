import asyncio
import time

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
    started = time.perf_counter()
    await migrate(database)
    assert time.perf_counter() - started < 0.5  # 10 ms on an idle machine


async def test_a_newer_schema_is_left_to_the_newer_code(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("update alembic_version set version_num = '9999'")
    await migrate(database)
    assert await connection.fetchval("select version_num from alembic_version") == "9999"
    await connection.close()
