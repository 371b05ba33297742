"""One process at a time does a thing, others stand by: PostgreSQL's session advisory locks."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from infra.database import Pool
from infra.database_errors import DATABASE_ERRORS

STAND_BY_SECONDS = 0.5
_HELD = """
select (classid::bigint << 32) | objid::bigint as id from pg_locks
where locktype = 'advisory' and granted and (classid::bigint << 32) | objid::bigint = any($1::bigint[])
    and database = (select oid from pg_database where datname = current_database())
"""


def lock_id(name: str) -> int:
    """The 64-bit key of a named lock."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


async def held(pool: Pool, names: Sequence[str]) -> set[str]:
    """Those of the named locks that some process holds."""
    ids = {lock_id(name): name for name in names}
    return {ids[row["id"]] for row in await pool.fetch(_HELD, list(ids))}


@asynccontextmanager
async def leadership(dsn: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    """Wait until this process leads in `name`, and lead while inside.

    Yields the connection that holds the lock: when it is lost, so is the lead. The work inside has to notice, by using
    that connection for what only a leader may do, or by compare-and-set.
    """
    connection = await asyncpg.connect(dsn, server_settings={"application_name": f"jobstream {name}"})
    try:
        while not await connection.fetchval("select pg_try_advisory_lock($1)", lock_id(name)):  # noqa: ASYNC110
            await asyncio.sleep(STAND_BY_SECONDS)
        yield connection
    finally:
        # Not more than that: an error here would take the place of a cancellation.
        with contextlib.suppress(*DATABASE_ERRORS):
            await connection.close(timeout=2)
