"""Moments in which a live read model stands still, so that another generation can be brought level with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from infra.database import Pool
from projections.columns import quote
from projections.filling import Filling, Tell, silently
from projections.read_model import ReadModel

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

# What is folded while the live projector waits takes some milliseconds.
_NEAR = 300
# Less than the second after which PostgreSQL looks for deadlocks: of two who wait for each other, it must never be
# a reader that gives up. Nor may a client that was stopped here hold up the live projector for long.
_SETTINGS = "set local lock_timeout = '250ms'; set local idle_in_transaction_session_timeout = '10s'"


class LiveBehind(Exception):
    """The live generation is behind the other one, and nobody takes it further."""

    def __init__(self, model: ReadModel, position: int) -> None:
        super().__init__(f"{model.schema} stands at {position}, before the generation that was begun: begin it afresh")


@asynccontextmanager
async def standstill(pool: Pool, model: ReadModel) -> AsyncIterator[Connection]:
    """A transaction inside which nobody moves the checkpoint of `model`; its rows are read as ever.

    The lock is on the table and not on the row: whoever waits for it takes its snapshot afterwards, and looks its
    tables up by name again, should they have been exchanged. Raises `LockNotAvailableError` when somebody held it.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"{_SETTINGS}; lock table {quote(model.schema)}.checkpoint in exclusive mode")
        yield connection


@asynccontextmanager
async def level(pool: Pool, filling: Filling, tell: Tell = silently, *, rest: float = 0.0) -> AsyncIterator[Connection]:
    """A standstill inside which `filling` has folded exactly what the live generation has.

    Where the live one is of another epoch than the log its position says nothing: then it is everything there is.
    Raises `LiveBehind`, and what `standstill` and `Filling.to` raise.
    """
    while True:
        await filling.to(await target(pool, filling), tell, rest=rest)
        async with standstill(pool, filling.model) as connection:
            upto = await target(connection, filling)
            if upto - filling.position <= _NEAR:
                await filling.to(upto)
                yield connection
                return


@asynccontextmanager
async def snapshot(
    pool: Pool, filling: Filling, tell: Tell = silently, *, rest: float = 0.0
) -> AsyncIterator[Connection]:
    """A transaction that sees both generations at one position, and holds up nobody."""
    async with pool.acquire() as sees, sees.transaction(isolation="repeatable_read", readonly=True):
        async with level(pool, filling, tell, rest=rest):
            await sees.execute("select 1")
        yield sees


async def target(runs: Any, filling: Filling) -> int:
    """Up to where `filling` is to go. Raises `LiveBehind`."""
    live = await runs.fetchrow(f"select position, epoch from {quote(filling.model.schema)}.checkpoint")
    if live["epoch"] != filling.log.epoch:
        return await filling.log.head()
    if live["position"] < filling.position:
        raise LiveBehind(filling.model, live["position"])
    return int(live["position"])
