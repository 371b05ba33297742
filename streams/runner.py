"""Runs an agent over a feed: many streams at once, each stream in order, the checkpoint behind the last gap."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import stamina
import structlog

from commands.bus import Bus, Conflict, Unavailable
from infra import telemetry
from infra.append import EpochMismatch, StoreHalted
from infra.database import Pool
from schemas.recorded import Recorded
from streams.agent import Agent, React, sender
from streams.checkpoints import Checkpoint, Checkpoints
from streams.parking import Parking

log = structlog.get_logger(__name__)

IN_FLIGHT = 128
FLUSH_SECONDS = 0.1
GRACE_SECONDS = 10.0
BACKOFF = {"wait_initial": 0.1, "wait_max": 5.0, "attempts": None, "timeout": None}

# The database or the network is away, or an operator has to decide: time heals that, and nothing was decided.
INFRASTRUCTURE = (
    Conflict,
    Unavailable,
    StoreHalted,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # on a session that the server has just ended
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
)


@dataclass(slots=True)
class Entry:
    """An accepted event; done when its effects are recorded."""

    position: int
    next_offset: int
    done: bool = False


@dataclass(slots=True)
class Partition:
    """Accepted events in order, and the checkpoint as it is in the database."""

    saved: Checkpoint
    seen: int
    entries: deque[Entry] = field(default_factory=deque)
    reached: Checkpoint | None = None

    def advance(self) -> None:
        while self.entries and self.entries[0].done:
            entry = self.entries.popleft()
            self.reached = Checkpoint(entry.position, entry.next_offset)


class Runner:
    """One agent at work in this process."""

    def __init__(self, agent: Agent, bus: Bus, pool: Pool) -> None:
        self.agent = agent
        self._bus = bus
        self._checkpoints = Checkpoints(pool, agent.name)
        self._parking = Parking(pool, agent.name)
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._tails: dict[UUID, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._flushing = asyncio.Lock()

    @property
    def name(self) -> str:
        return self.agent.name

    def position(self) -> int:
        """The last position seen, over all partitions."""
        return max((p.seen for p in self._partitions.values()), default=0)

    async def load_checkpoints(self, feed: str) -> dict[int, Checkpoint]:
        """Where to go on in each partition of a feed. Call it when partitions are assigned, before `submit`."""
        await self.drain()
        self._failure = None
        await self._parking.load()
        found = await self._checkpoints.load(feed)
        for key in [key for key in self._partitions if key[0] == feed]:
            del self._partitions[key]
        for partition, checkpoint in found.items():
            self._partitions[feed, partition] = Partition(checkpoint, checkpoint.position)
        return found

    async def submit(self, feed: str, partition: int, event: Recorded, next_offset: int) -> None:
        """Accept an event; waits while too many are being handled. At or below the checkpoint it is ignored.

        Raises what `check` raises.
        """
        self.check()
        state = await self._partition(feed, partition)
        if event.position <= state.seen:
            return
        state.seen = event.position
        entry = Entry(event.position, next_offset)
        state.entries.append(entry)
        react = self.agent.reactions.get(event.type)
        if react is None:
            self._finish(state, entry)
            return
        await self._room.acquire()
        before = self._tails.get(event.stream_id)
        task = asyncio.create_task(self._handle(react, event, before, state, entry))
        self._tasks.add(task)
        self._tails[event.stream_id] = task
        task.add_done_callback(lambda done: self._forget(event.stream_id, done))

    async def drain(self, grace: float = GRACE_SECONDS) -> None:
        """Wait for what is being handled, and save the checkpoints. What takes longer than `grace` is cut off:
        its events are delivered again, and their commands carry ids.
        """
        try:
            if self._tasks:
                await asyncio.wait(set(self._tasks), timeout=grace)
        finally:
            # All of them: those behind a stream's last one too, or they would go on after the database is closed. Also
            # when this is cancelled: an append that waited for the database held up the end of the process for 30 s.
            await _cancelled(set(self._tasks))
            if self._flusher is not None:
                await _cancelled({self._flusher})
        await self._flush()

    def check(self) -> None:
        """Raises what ended the handling of an event: its effect is open, and no later checkpoint may be saved.

        That is an `EpochMismatch`, or a defect in parking itself.
        """
        if self._failure is not None:
            raise self._failure

    async def _partition(self, feed: str, partition: int) -> Partition:
        key = feed, partition
        if key not in self._partitions:
            await self._checkpoints.create(feed, partition)
            saved = (await self._checkpoints.load(feed))[partition]
            self._partitions[key] = Partition(saved, saved.position)
        return self._partitions[key]

    def _forget(self, stream_id: UUID, task: asyncio.Task[None]) -> None:
        self._room.release()
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # Neither handled nor parked: the checkpoint stays before it, and it is delivered again after a restart.
            log.critical("an event could not be handled", agent=self.name, exc_info=error)
            self._failure = error
        if self._tails.get(stream_id) is task:
            del self._tails[stream_id]

    def _finish(self, state: Partition, entry: Entry) -> None:
        entry.done = True
        state.advance()
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_soon())

    async def _handle(
        self, react: React, event: Recorded, before: asyncio.Task[None] | None, state: Partition, entry: Entry
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        try:
            await self._react_or_park(react, event)
        except INFRASTRUCTURE:
            # Only now: setting up the loop for every event took a tenth of an agent's time.
            async for attempt in stamina.retry_context(on=INFRASTRUCTURE, **BACKOFF):  # type: ignore[arg-type]
                with attempt:
                    await self._react_or_park(react, event)
        self._finish(state, entry)

    async def _react_or_park(self, react: React, event: Recorded) -> None:
        if event.stream_id in self._parking.streams and await self._parking.queue_behind(event):
            return
        try:
            await self.react(react, event)
        except (EpochMismatch, *INFRASTRUCTURE):
            raise
        except Exception as error:
            log.error("event parked", agent=self.name, position=event.position, type=event.type, exc_info=error)
            await self._parking.park(event, error, attempts=1)

    async def react(self, react: React, event: Recorded) -> None:
        """Handle one event, in a span that continues the trace of what caused it."""
        with telemetry.continued(f"{self.name} {event.type}", event.metadata) as span:
            span.set_attribute("jobstream.position", event.position)
            await react(event, sender(self._bus, self.name, event))

    async def _flush_soon(self) -> None:
        # As long as there is something: what finishes during a flush starts none of its own.
        while any(map(_unsaved, self._partitions.values())):
            await asyncio.sleep(FLUSH_SECONDS)
            async for attempt in stamina.retry_context(on=INFRASTRUCTURE, **BACKOFF):  # type: ignore[arg-type]
                with attempt:
                    await self._flush()

    async def _flush(self) -> None:
        async with self._flushing:
            for (feed, partition), state in list(self._partitions.items()):
                if (reached := _unsaved(state)) is not None:
                    await self._save(feed, partition, state, reached)

    async def _save(self, feed: str, partition: int, state: Partition, reached: Checkpoint) -> None:
        if await self._checkpoints.move(feed, partition, state.saved, reached):
            state.saved = reached
            return
        # Another process handles this partition now; what we did carries ids, so it changes nothing twice.
        log.warning("checkpoint moved by another", agent=self.name, feed=feed, partition=partition)
        state.saved = (await self._checkpoints.load(feed))[partition]


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _unsaved(state: Partition) -> Checkpoint | None:
    """What is to be saved. Never back: after a lost compare-and-set somebody else may be further than we are."""
    reached = state.reached
    return reached if reached is not None and reached.position > state.saved.position else None
