"""Ordered redrive: a parked stream's events are handled again, oldest first, before the live path goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
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
        react = self._runner.agent.reactions[event.type]
        try:
            await self._runner.react(react, event)
        except (EpochMismatch, *INFRASTRUCTURE):
            raise
        except Exception as error:
            log.error("redriven event failed again", agent=self._parking.agent, position=position, exc_info=error)
            return cause_of(error)
        return None
