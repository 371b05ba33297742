"""Group commit: one queue a process; whatever waits in it goes to PostgreSQL as one call, in one round trip.

Two connections take turns: while PostgreSQL carries out one call, the next is being written and its callers prepared.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from infra.append import (
    UNPROVEN,
    Append,
    Appended,
    CheckedAppend,
    EpochMismatch,
    InvalidAppend,
    OutcomeUnknown,
    Status,
    StoreClosed,
    StoreHalted,
    StoreUnavailable,
    check,
)
from infra.append_connection import AppendConnection, ConnectionLost, StoreUnproven

log = structlog.get_logger(__name__)

WAITING = 10_000  # appends in the queue; more callers wait before it
CALL_APPENDS = 500
CALL_BYTES = 8_000_000
_CONNECTIONS = 2
_WORTH_SPLITTING = 64  # below it a second commit costs more than the overlap gains
_SCAN = 4 * CALL_APPENDS  # appends held back for one call: a hot stream's long queue is not gone through each time
_UNREACHED = "the database cannot be reached: the append was not stored"
_FIRST_BACKOFF, _LAST_BACKOFF = 0.02, 1.0  # seconds


@dataclass(slots=True, eq=False)
class _Waiting:
    checked: CheckedAppend
    outcome: asyncio.Future[Appended]
    deadline: float  # of the loop's clock; when the database stays away longer, the caller is told
    uncertain: bool = False  # sent before, on a connection that died: it may have landed, or land yet

    def settle(self, outcome: Appended) -> None:
        if not self.outcome.done():  # its caller may be gone
            self.outcome.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


class AppendLane:
    """The process's one way into the event store, over a connection of its own."""

    def __init__(self, dsn: str, epoch: UUID, patience: float = 30.0, recoveries: int = 0) -> None:
        """`patience`: seconds that appends wait for a database that cannot be reached, or is to be compared first."""
        self._epoch, self._patience = epoch, patience
        self._waiting: deque[_Waiting] = deque()
        self._room = asyncio.Semaphore(WAITING)
        self._wake = asyncio.Event()
        self._closing = False
        self._claimed: set[UUID] = set()  # streams and ids of the calls under way
        self._busy = 0
        connections = [AppendConnection(dsn, recoveries) for _ in range(_CONNECTIONS)]
        self._tasks = [asyncio.create_task(self._run(connection), name="append lane") for connection in connections]

    async def append(self, append: Append) -> Appended:
        """Store the append as a whole, or nothing of it; see `EventStore.append`."""
        checked = check(append)
        async with self._room:
            if self._closing:
                raise StoreClosed("the event store is closed")
            loop = asyncio.get_running_loop()
            waiting = _Waiting(checked, loop.create_future(), loop.time() + self._patience)
            self._waiting.append(waiting)
            self._wake.set()
            return await waiting.outcome

    @property
    def waiting(self) -> int:
        """How many appends have not been sent yet."""
        return len(self._waiting)

    async def close(self) -> None:
        """Take no more appends, carry out those that wait, and end the connection."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(*self._tasks)

    async def _run(self, connection: AppendConnection) -> None:
        while True:
            if batch := self._next_batch():
                self._busy += 1
                await self._carry_out(batch, connection)
                self._busy -= 1
                for waiting in batch:
                    self._claimed.difference_update(waiting.checked.claims)
            elif self._closing:  # what still waits is held back by a call under way, and goes with its successor
                return await connection.close()
            else:
                self._wake.clear()
                await self._wake.wait()

    def _next_batch(self) -> list[_Waiting]:
        """What waits and fits, each stream and id once and in one call at a time; the rest stays, in its order."""
        batch: list[_Waiting] = []
        held: list[_Waiting] = []
        claimed, queue, size = self._claimed, self._waiting, 0
        share = len(queue) // 2 if self._busy == 0 and len(queue) >= _WORTH_SPLITTING else CALL_APPENDS
        while queue and len(batch) < min(share, CALL_APPENDS) and len(held) < _SCAN:
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

    async def _carry_out(self, batch: Sequence[_Waiting], connection: AppendConnection) -> None:
        """Bring every append of the batch to an outcome or to an exception of its own."""
        clock, backoff = asyncio.get_running_loop().time, _FIRST_BACKOFF
        while batch := [waiting for waiting in batch if not waiting.outcome.done()]:
            try:
                await self._send(batch, connection)
                break
            except ConnectionLost as lost:
                log.warning("append connection lost", appends=len(batch), reason=str(lost))
                given_up: StoreUnavailable = StoreUnavailable(_UNREACHED)
            except StoreUnproven:
                given_up = StoreHalted(UNPROVEN)
            except (EpochMismatch, StoreHalted) as error:
                _fail(batch, error)
                break
            except Exception as error:  # noqa: BLE001 (handed to the append that causes it)
                await self._single_out(batch, error, connection)
                break
            _give_up([waiting for waiting in batch if clock() > waiting.deadline], given_up)
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _LAST_BACKOFF)

    async def _single_out(self, batch: Sequence[_Waiting], error: Exception, connection: AppendConnection) -> None:
        """One bad append fails the whole call, of which nothing is stored then: find the one, and store the others."""
        if len(batch) == 1:
            _fail(batch, _named(error))
        else:
            for waiting in batch:
                await self._carry_out([waiting], connection)

    async def _send(self, batch: Sequence[_Waiting], connection: AppendConnection) -> None:
        """Settle the whole batch. Raises `ConnectionLost`, or what the call raised: nothing of it is stored then."""
        await _look_up([waiting for waiting in batch if waiting.uncertain], connection)
        batch = [waiting for waiting in batch if not waiting.outcome.done()]
        if not batch:
            return
        try:
            outcomes = await connection.append(self._epoch, [waiting.checked for waiting in batch])
        except ConnectionLost as lost:
            for waiting in batch:
                waiting.uncertain |= lost.sent
            raise
        refused = [w for w, o in zip(batch, outcomes, strict=True) if w.uncertain and o.status is not Status.OK]
        # What refuses it may be its own first attempt, carried out between the look-up and this call.
        await _look_up(refused, connection)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.settle(outcome)


async def _look_up(uncertain: Sequence[_Waiting], connection: AppendConnection) -> None:
    """Settle those that have landed."""
    if uncertain:
        outcomes = await connection.landed([waiting.checked for waiting in uncertain])
        for waiting, outcome in zip(uncertain, outcomes, strict=True):
            if outcome is not None:
                waiting.settle(outcome)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.fail(error)


def _give_up(batch: Sequence[_Waiting], error: StoreUnavailable) -> None:
    for waiting in batch:
        if waiting.uncertain:
            waiting.fail(OutcomeUnknown("the database went away during the append: it may have been stored"))
        else:
            waiting.fail(error)


def _named(error: Exception) -> Exception:
    """What the caller is told: our name for what PostgreSQL refuses or has no room for, its own error for the rest."""
    if isinstance(error, asyncpg.DataError | UnicodeEncodeError):
        named: Exception = InvalidAppend(f"PostgreSQL refuses it: {error}")
    elif isinstance(error, asyncpg.InsufficientResourcesError):
        named = StoreUnavailable(f"PostgreSQL has no room: {error}")
    else:
        return error
    named.__cause__ = error
    return named
