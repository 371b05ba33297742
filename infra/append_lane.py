"""Group commit: one queue a process; whatever waits in it goes to PostgreSQL as one call, in one round trip."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from infra.append import (
    Append,
    Appended,
    CheckedAppend,
    EpochMismatch,
    InvalidAppend,
    OutcomeUnknown,
    Status,
    StoreClosed,
    StoreUnavailable,
    check,
)
from infra.append_connection import AppendConnection, ConnectionLost

log = structlog.get_logger(__name__)

WAITING = 10_000  # appends in the queue; more callers wait before it
CALL_APPENDS = 500
CALL_BYTES = 8_000_000
_SCAN = 4 * CALL_APPENDS  # appends held back for one call: a hot stream's long queue is not gone through each time
_FIRST_BACKOFF, _LAST_BACKOFF = 0.02, 1.0  # seconds


@dataclass(slots=True, eq=False)
class _Waiting:
    checked: CheckedAppend
    outcome: asyncio.Future[Appended]
    uncertain: bool = False  # sent before, on a connection that died: it may have landed, or land yet

    def settle(self, outcome: Appended) -> None:
        if not self.outcome.done():  # its caller may be gone
            self.outcome.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


class AppendLane:
    """The process's one way into the event store, over a connection of its own."""

    def __init__(self, dsn: str, epoch: UUID, patience: float = 30.0) -> None:
        """`patience`: seconds that appends wait for a database that cannot be reached."""
        self._connection, self._epoch, self._patience = AppendConnection(dsn), epoch, patience
        self._waiting: deque[_Waiting] = deque()
        self._room = asyncio.Semaphore(WAITING)
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="append lane")

    async def append(self, append: Append) -> Appended:
        """Store the append as a whole, or nothing of it; see `EventStore.append`."""
        checked = check(append)
        async with self._room:
            if self._closing:
                raise StoreClosed("the event store is closed")
            waiting = _Waiting(checked, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            self._wake.set()
            return await waiting.outcome

    async def close(self) -> None:
        """Take no more appends, carry out those that wait, and end the connection."""
        self._closing = True
        self._wake.set()
        await self._task
        await self._connection.close()

    async def _run(self) -> None:
        while True:
            if self._waiting:
                await self._carry_out(self._next_batch())
            elif self._closing:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def _next_batch(self) -> list[_Waiting]:
        """What waits and fits, each stream and id once; the rest stays, in its order."""
        batch: list[_Waiting] = []
        held: list[_Waiting] = []
        claimed: set[UUID] = set()
        size = 0
        queue = self._waiting
        while queue and len(batch) < CALL_APPENDS and len(held) < _SCAN:
            waiting = queue.popleft()
            if waiting.outcome.done():  # its caller has gone before it was sent
                continue
            checked = waiting.checked
            if size + checked.size > CALL_BYTES and batch:
                held.append(waiting)
                break
            if claimed.isdisjoint(checked.claims):
                claimed.update(checked.claims)
                size += checked.size
                batch.append(waiting)
            else:
                held.append(waiting)
        queue.extendleft(reversed(held))
        return batch

    async def _carry_out(self, batch: Sequence[_Waiting]) -> None:
        """Bring every append of the batch to an outcome or to an exception of its own."""
        clock = asyncio.get_running_loop().time
        deadline, backoff = clock() + self._patience, _FIRST_BACKOFF
        while batch := [waiting for waiting in batch if not waiting.outcome.done()]:
            try:
                await self._send(batch)
            except ConnectionLost as lost:
                log.warning("append connection lost", appends=len(batch), reason=str(lost))
                if clock() > deadline:
                    _give_up(batch)
                await asyncio.sleep(backoff)
                backoff = min(2 * backoff, _LAST_BACKOFF)
            except EpochMismatch as error:
                _fail(batch, error)
            except Exception as error:  # noqa: BLE001 (handed to the append that causes it)
                await self._single_out(batch, error)

    async def _single_out(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """One bad append fails the whole call, of which nothing is stored then: find the one, and store the others."""
        if len(batch) == 1:
            _fail(batch, _named(error))
        else:
            for waiting in batch:
                await self._carry_out([waiting])

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        """Settle the whole batch. Raises `ConnectionLost`, or what the call raised: nothing of it is stored then."""
        await self._look_up([waiting for waiting in batch if waiting.uncertain])
        batch = [waiting for waiting in batch if not waiting.outcome.done()]
        if not batch:
            return
        try:
            outcomes = await self._connection.append(self._epoch, [waiting.checked for waiting in batch])
        except ConnectionLost as lost:
            for waiting in batch:
                waiting.uncertain |= lost.sent
            raise
        refused = [w for w, o in zip(batch, outcomes, strict=True) if w.uncertain and o.status is not Status.OK]
        # What refuses it may be its own first attempt, carried out between the look-up and this call.
        await self._look_up(refused)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.settle(outcome)

    async def _look_up(self, uncertain: Sequence[_Waiting]) -> None:
        """Settle those that have landed."""
        if uncertain:
            outcomes = await self._connection.landed([waiting.checked for waiting in uncertain])
            for waiting, outcome in zip(uncertain, outcomes, strict=True):
                if outcome is not None:
                    waiting.settle(outcome)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.fail(error)


def _give_up(batch: Sequence[_Waiting]) -> None:
    for waiting in batch:
        if waiting.uncertain:
            waiting.fail(OutcomeUnknown("the database went away during the append: it may have been stored"))
        else:
            waiting.fail(StoreUnavailable("the database cannot be reached: the append was not stored"))


def _named(error: Exception) -> Exception:
    """What the caller is told: our name for data that PostgreSQL refuses, its own error for anything else."""
    if isinstance(error, asyncpg.DataError | UnicodeEncodeError):
        named = InvalidAppend(f"PostgreSQL refuses it: {error}")
        named.__cause__ = error
        return named
    return error
