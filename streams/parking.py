"""Events that an agent could not handle wait here, and behind each of them the later ones of its stream."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import asyncpg
import orjson

from infra.database import Pool
from infra.leadership import lock_id
from schemas.codec import UndecodableEvent
from schemas.recorded import Recorded

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[Any]

_PARK = """
insert into dead_letters
 (id, agent, stream_id, position, event_id, type, data, metadata, attempts, error, parked_at)
 values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, now()) on conflict (id) do nothing"""
_WAITING = """
select 1 from dead_letters where agent = $1 and stream_id = $2 and redriven_at is null limit 1"""
_COUNTS = "select agent, count(*) as events from dead_letters where redriven_at is null group by 1 order by 1"
_STREAMS = "select distinct stream_id from dead_letters where agent = $1 and redriven_at is null"


def cause_of(error: BaseException) -> str:
    """What went wrong and where in our code, without the message: that may quote personal data. An event's bytes that
    cannot be read are told with the reason.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    why = f": {error.reason}" if isinstance(error, UndecodableEvent) else ""
    return f"{type(error).__module__}.{type(error).__qualname__}{where}{why}"


async def parked(pool: Pool) -> dict[str, int]:
    """How many events are parked, by agent; agents with none are left out."""
    return {row["agent"]: row["events"] for row in await pool.fetch(_COUNTS)}


@dataclass(slots=True)
class Parking:
    """One agent's dead letters. A stream with any is parked: its events are handled in order or not at all."""

    pool: Pool
    agent: str
    streams: set[UUID] = field(default_factory=set)

    async def load(self) -> None:
        """Learn which streams are parked. Needed once, before the first event: only this agent parks more."""
        self.streams = {row["stream_id"] for row in await self.pool.fetch(_STREAMS, self.agent)}

    @asynccontextmanager
    async def lock(self, stream_id: UUID) -> AsyncIterator[Connection]:
        """Redrive and live path exclude each other per stream."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", lock_id(f"parking {self.agent} {stream_id}"))
            yield connection

    async def park(self, event: Recorded, error: BaseException, attempts: int) -> None:
        async with self.lock(event.stream_id) as connection:
            await self._insert(connection, event, cause_of(error), attempts)
        self.streams.add(event.stream_id)

    async def queue_behind(self, event: Recorded) -> bool:
        """Put an event of a parked stream behind the others; False when the stream was drained in the meantime."""
        async with self.lock(event.stream_id) as connection:
            waiting = await connection.fetch(_WAITING, self.agent, event.stream_id)
            if not waiting:
                self.streams.discard(event.stream_id)
                return False
            await self._insert(connection, event, "waits behind an earlier event of its stream", 0)
            return True

    async def _insert(self, connection: Connection, event: Recorded, error: str, attempts: int) -> None:
        id = uuid5(event.event_id, self.agent)
        metadata = orjson.dumps(dict(event.metadata)).decode()
        await connection.execute(
            _PARK, id, self.agent, event.stream_id, event.position, event.event_id, event.type, event.data,
            metadata, attempts, error,
        )  # fmt: skip
