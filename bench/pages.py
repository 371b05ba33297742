"""The first page of a list with a million rows against one with a thousand: `python -m bench.pages`."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.measurement import Result
from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from projections.generations import ensure_generations
from projections.service_jobs.fold import service_jobs
from projections.service_jobs.queries import ServiceJobs

FEW, MANY = 1_000, 1_000_000
PAGE = 20
TIMES = 4_000
_OWNER = UUID(int=1)
_OWNERS = 10

_ROWS = f"""insert into service_jobs_v1.service_job
select gen_random_uuid(), n, ('00000000-0000-0000-0000-' || lpad((1 + n % {_OWNERS})::text, 12, '0'))::uuid,
    'Kitchen faucet replacement needed urgently', '123 Main Street', 'Springfield', 'IL', '60601', 'John Doe',
    '(555) 123-4567', 'john.doe@email.com', gen_random_uuid(), gen_random_uuid(), '["plumbing"]',
    '{{"plumbing": "expert"}}', 'plumbing', 'pending', 3, null, null, now(), now()
from generate_series(1, $1::bigint) n"""


async def measure(rows: int = MANY) -> Result:
    """All tenants' newest jobs and one tenant's, in turns; the ratio is that of the worse of both."""
    async with AsyncExitStack() as stack:
        server = EmbeddedPostgres(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        dsn = await server.start()
        stack.push_async_callback(server.stop)
        few, many = [await stack.enter_async_context(_filled(dsn, count)) for count in (FEW, rows)]
        pairs = [await _p99s(few, many, owner) for owner in (None, _OWNER)]
    small, large = max(pairs, key=lambda pair: pair[1] / pair[0])
    name = f"first page of a list of {rows:,} rows against {FEW:,}, p99"
    return Result(name, large, 1.3, "ms", theirs=small, ratio=large / small, at_most=True)


@asynccontextmanager
async def _filled(dsn: str, count: int) -> AsyncIterator[ServiceJobs]:
    """A database with so many rows."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"create database rows{count}")
    await connection.close()
    database = await Database.open(dsn.replace("@/postgres?", f"@/rows{count}?"), size=1)
    await ensure_generations(database.pool, [service_jobs], UUID(int=0))
    await database.pool.execute(_ROWS, count)
    await database.pool.execute("vacuum (analyze) service_jobs_v1.service_job")
    yield ServiceJobs(database.pool)
    await database.close()


async def _p99s(few: ServiceJobs, many: ServiceJobs, owner: UUID | None) -> tuple[float, float]:
    """Milliseconds of each: asked in turns, so that what else the machine does meets both."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * (TIMES + 100)):
        jobs = (few, many)[number % 2]
        began = time.perf_counter()
        assert len(await jobs.page(0, PAGE, owner)) == PAGE
        took[number % 2].append(1000 * (time.perf_counter() - began))
    few_ms, many_ms = (sorted(times[100:])[TIMES * 99 // 100] for times in took)
    return few_ms, many_ms


if __name__ == "__main__":
    print(asyncio.run(measure()))
