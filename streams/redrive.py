"""Ordered redrive: a parked stream's events are handled again, oldest first, before the live path goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from infra.event_store import EpochMismatch, EventStore
from infra.recorded_rows import recorded
from schemas.codec import Codec
from streams.parking import Parking, cause_of
from streams.runner import INFRASTRUCTURE, Runner

log = structlog.get_logger(__name__)

_NEXT = """
select id, position from dead_letters where agent = $1 and stream_id = $2 and redriven_at is null
 order by position limit 1"""
_DONE = "update dead_letters set redriven_at = clock_timestamp() where id = $1"
_AGAIN = "update dead_letters set attempts = attempts + 1, error = $2 where id = $1"
_WAITING = """
select position, type, event_id, attempts, error, parked_at from dead_letters
 where agent = $1 and stream_id = $2 and redriven_at is null order by position"""
_DROP = """update dead_letters set redriven_at = clock_timestamp(), dropped_at = clock_timestamp(), dropped_by = $2,
 drop_reason = $3 where id = $1"""
_DROPPED = """
select stream_id, position, type, attempts, error, dropped_at, dropped_by, drop_reason from dead_letters
 where agent = $1 and dropped_at is not null order by dropped_at, position"""
_LIST = """
select stream_id, count(*) as waiting, min(position) as position, min(parked_at) as parked_at,
 (array_agg(type order by position))[1] as type, (array_agg(error order by position))[1] as error,
 (array_agg(attempts order by position))[1] as attempts
 from dead_letters where agent = $1 and redriven_at is null group by stream_id order by min(position)"""


@dataclass(frozen=True, slots=True)
class ParkedStream:
    """A stream that waits: its first event with what is wrong with it, and how many wait in all."""

    stream_id: UUID
    waiting: int
    position: int
    type: str
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """One dead letter. With no attempts it waits behind the others of its stream."""

    position: int
    type: str
    event_id: UUID
    attempts: int
    error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class Dropped:
    """A dead letter that an operator gave up, and why: the row stays for good."""

    stream_id: UUID
    position: int
    type: str
    attempts: int
    error: str
    dropped_at: datetime
    dropped_by: str
    reason: str


class NotFirst(Exception):
    """What is to be dropped is not what its stream waits for."""

    def __init__(self, position: int, first: int | None) -> None:
        first_is = "nothing waits there" if first is None else f"the stream waits for the event at position {first}"
        super().__init__(f"the event at position {position} cannot be dropped: {first_is}")


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many events were handled; `error` is why the next one was not, if one is left."""

    handled: int
    error: str | None


class Redrive:
    """Redrives one agent's parked streams."""

    def __init__(self, runner: Runner, store: EventStore, codec: Codec, parking: Parking) -> None:
        self._runner, self._store, self._codec, self._parking = runner, store, codec, parking

    async def parked(self) -> Sequence[ParkedStream]:
        """The streams that wait, the longest waiting first."""
        rows = await self._parking.pool.fetch(_LIST, self._parking.agent)
        return [
            ParkedStream(*(row[name] for name in ("stream_id", "waiting", "position", "type", "error", "attempts")))
            for row in rows
        ]

    async def waiting(self, stream_id: UUID) -> Sequence[Waiting]:
        """What waits of one stream, in order; the first one is what is wrong."""
        rows = await self._parking.pool.fetch(_WAITING, self._parking.agent, stream_id)
        return [Waiting(*row.values()) for row in rows]

    async def dropped(self) -> Sequence[Dropped]:
        """What was given up, in the order of time."""
        return [Dropped(*row.values()) for row in await self._parking.pool.fetch(_DROPPED, self._parking.agent)]

    async def drop(self, stream_id: UUID, position: int, by: str, reason: str) -> None:
        """Give up a stream's first dead letter: the agent never handles it. `by` and `reason` are kept with it.

        What waits behind it is for `stream`. Raises `NotFirst`.
        """
        async with self._parking.lock(stream_id) as connection:
            row = await connection.fetchrow(_NEXT, self._parking.agent, stream_id)
            if row is None or row["position"] != position:
                raise NotFirst(position, row and row["position"])
            await connection.execute(_DROP, row["id"], by, reason)
        log.warning("dead letter dropped", agent=self._parking.agent, stream_id=str(stream_id), position=position)

    async def stream(self, stream_id: UUID) -> Redriven:
        """Handle a stream's parked events in order, until none is left or one fails again.

        The lock keeps the live path from overtaking: what comes in meanwhile queues behind. Raises what
        `INFRASTRUCTURE` lists when the database or the network is away; what was handled stays handled.
        """
        handled, pool = 0, self._parking.pool
        # What is done is noted on other connections: the lock's own transaction may yet be rolled back.
        async with self._parking.lock(stream_id):
            while row := await pool.fetchrow(_NEXT, self._parking.agent, stream_id):
                if error := await self._again(row["position"]):
                    await pool.execute(_AGAIN, row["id"], error)
                    return Redriven(handled, error)
                await pool.execute(_DONE, row["id"])
                handled += 1
        return Redriven(handled, None)

    async def _again(self, position: int) -> str | None:
        """What went wrong this time."""
        [row] = await self._store.read(position - 1, 1)
        event = recorded(row, self._store.epoch, self._codec.decode)
        await self._codec.open([event])
        react = self._runner.agent.reactions.get(event.type)
        if react is None:
            return None  # a later release of the agent has nothing to do there
        try:
            await self._runner.react(react, event)
        except (EpochMismatch, *INFRASTRUCTURE):
            raise
        except Exception as error:
            log.error("redriven event failed again", agent=self._parking.agent, position=position, exc_info=error)
            return cause_of(error)
        return None
