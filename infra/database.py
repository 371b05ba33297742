"""The process's connections to PostgreSQL: a pool, and one connection that listens."""

from typing import Self, TypeAlias

import asyncpg

from infra.listener import Heard, Listener, Unsubscribe

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


_SETTINGS = {
    "application_name": "jobstream",
    "jit": "off",
    # A statement's plan is kept, and may have been made for a table of a few rows that has a million a minute later.
    "enable_seqscan": "off",
}


async def _keep(connection: object) -> None:
    """Nobody changes a pooled session's state: the library's own reset costs a round trip after every query, which was
    a quarter of the agents' processor time. (It has rolled back a transaction left open before it calls this.)
    """


class Database:
    """Owns the pool and the listener. `pool` and `dsn` are for those who read and write their own tables."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        self.dsn, self.pool = dsn, pool
        self._listener = Listener(dsn)

    @classmethod
    async def open(cls, dsn: str, *, size: int = 8) -> Self:
        """Connect. `size` is the most connections the pool opens; idle ones are closed after a minute.

        Raises what asyncpg raises when the server cannot be reached.
        """
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            max_inactive_connection_lifetime=60.0,
            server_settings=_SETTINGS,
            reset=_keep,
        )
        return cls(dsn, pool)

    def listen(self, channel: str, heard: Heard) -> Unsubscribe:
        """Call `heard` with the payload of each notification on `channel`, and with None when some may have been
        missed: as soon as listening begins and after each reconnection. Answers a function that ends it.
        """
        return self._listener.subscribe(channel, heard)

    async def close(self) -> None:
        """End all connections, after the queries under way."""
        await self._listener.close()
        await self.pool.close()
