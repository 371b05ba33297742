"""A projector: carries the feed into one read model's tables, one batch a statement."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NoReturn
from uuid import UUID

import structlog

from infra.append import EpochMismatch
from projections.announcements import Announcement, News
from projections.columns import quote
from projections.failures import Defect, Overtaken, is_defect, located
from projections.folding import folded
from projections.positions import Positions
from projections.read_model import ReadModel
from projections.session import Lease, Session
from projections.statements import Write, sweeps, text, writes
from schemas.recorded import Recorded
from streams.feeds import Feed

log = structlog.get_logger(__name__)

BATCH = 2000
_SAVE_SECONDS = 1.0
_WAIT_SECONDS = 5.0


class State(StrEnum):
    STANDBY = "standby"  # another projector has the read model
    RUNNING = "running"
    RETRYING = "retrying"  # the database or the feed does not answer
    FAILED = "failed"  # an event cannot be folded


@dataclass(frozen=True, slots=True)
class Status:
    """How a projector does. `event_at` is when the event at `position` was recorded."""

    model: str
    state: State
    position: int
    event_at: datetime | None
    error: str | None
    error_position: int | None


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds between attempts: to take over, after an infrastructure error (doubling), after a failed fold."""

    standby: float = 1.0
    retry: float = 0.2
    retry_most: float = 10.0
    failed: float = 15.0


class Projector:
    """Keeps one read model up to date for as long as `run` runs; of several, in any processes, one is active.

    A fold that fails stops its read model before that event, says so in the checkpoint and in `status`, and is tried
    again now and then: a deployment that mends it goes on from there.
    """

    def __init__(
        self,
        session: Session,
        feed: Feed,
        model: ReadModel,
        positions: Positions,
        epoch: UUID,
        *,
        pauses: Pauses = Pauses(),
        batch: int = BATCH,
    ) -> None:
        """`batch` is the most events folded at once; live there are as many as have come."""
        self._session = session
        self._feed = feed
        self._model = model
        self._positions = positions
        self._epoch = epoch
        self._pauses = pauses
        self._batch = batch
        self._position = 0
        self._event_at: datetime | None = None
        self._saved = 0
        self._saved_at = 0.0
        self._state = State.STANDBY
        self._defect: Defect | None = None
        self._trouble: str | None = None

    def status(self) -> Status:
        return Status(
            self._model.schema,
            self._state,
            self._position,
            self._event_at,
            self._trouble if self._defect is None else str(self._defect),
            None if self._defect is None else self._defect.position,
        )

    async def run(self) -> NoReturn:
        """Projects until cancelled."""
        pause = self._pauses.retry
        while True:
            before = self._position
            try:
                await self._lead()
            except Overtaken:
                self._state = State.STANDBY
                await asyncio.sleep(self._pauses.standby)
            except Defect:
                await asyncio.sleep(self._pauses.failed)
            except Exception as error:  # noqa: BLE001 (whatever it is, it must not end the read model for good)
                self._state, self._trouble = State.RETRYING, f"{type(error).__name__} at {located(error)}"
                log.warning("a read model waits", model=self._model.schema, error=self._trouble)
                pause = self._pauses.retry if self._position > before else min(2 * pause, self._pauses.retry_most)
                await asyncio.sleep(pause)

    async def _lead(self) -> NoReturn:
        while (lease := await self._session.lease(self._model.schema)) is None:
            self._state = State.STANDBY
            await asyncio.sleep(self._pauses.standby)
        try:
            await self._begin(lease)
            while True:
                await self._step(lease)
        except Defect as defect:
            await self._record(lease, defect)
            raise
        finally:
            await asyncio.shield(lease.release())

    async def _begin(self, lease: Lease) -> None:
        [row] = await lease.fetch(f"select position, epoch, event_at from {quote(self._model.schema)}.checkpoint")
        self._position = self._saved = row["position"]
        self._event_at = row["event_at"]
        if self._position > 0 and row["epoch"] != self._epoch:
            raise Defect(
                self._position,
                f"the checkpoint belongs to the log's epoch {row['epoch']}, the feed to {self._epoch}: "
                "the log was restored or replaced; rebuild this read model",
            )
        self._positions.restart(self._model, self._position)

    async def _step(self, lease: Lease) -> None:
        try:
            events = await self._feed.read(self._position, self._batch)
        except EpochMismatch as error:
            raise Defect(self._position, str(error)) from error
        if events:
            await self._project(lease, events)
            return
        self._running()
        unsaved = self._position > self._saved
        await self._feed.wait(self._position, _SAVE_SECONDS if unsaved else _WAIT_SECONDS)
        if unsaved:
            await self._save_now_and_then(lease)

    async def _project(self, lease: Lease, events: Sequence[Recorded]) -> None:
        if events[0].epoch != self._epoch:
            raise Defect(events[0].position, f"the event belongs to epoch {events[0].epoch}, the feed to {self._epoch}")
        try:
            batch = writes(await folded(self._model, events))
            await self._write(lease, events[-1], batch)
        except Exception as error:
            if not is_defect(error):
                raise
            await self._isolate(lease, events, error)

    async def _isolate(self, lease: Lease, events: Sequence[Recorded], error: Exception) -> None:
        """Keeps what comes before the defect: exactly when the fold says where it is, else half of the events.

        With half of them kept, the next batch begins nearer to the defect, until it stands alone.
        """
        keep = len(events) // 2
        if isinstance(error, Defect):
            keep = error.position - events[0].position
        elif len(events) == 1:
            raise Defect.of(events[0], error) from error
        if keep:
            await self._project(lease, events[:keep])
        if isinstance(error, Defect):
            raise error

    async def _write(self, lease: Lease, last: Recorded, batch: list[Write]) -> None:
        if batch:
            await self._save(lease, last.position, last.recorded_at, batch)
            news = News.CHANGED
        else:
            news = News.PASSED
            lease.announce(Announcement(self._model.schema, last.position, news))
        self._position, self._event_at = last.position, last.recorded_at
        self._running()
        self._positions.publish(Announcement(self._model.schema, last.position, news))
        if not batch:
            await self._save_now_and_then(lease)

    def _running(self) -> None:
        self._state, self._defect, self._trouble = State.RUNNING, None, None

    async def _save_now_and_then(self, lease: Lease) -> None:
        """Events that change nothing move the checkpoint once a second: what is lost is only reading them again."""
        if asyncio.get_running_loop().time() - self._saved_at >= _SAVE_SECONDS:
            await self._save(lease, self._position, self._event_at, [])

    async def _save(self, lease: Lease, position: int, at: datetime | None, batch: list[Write]) -> None:
        schema = self._model.schema
        statement = text(schema, tuple(shape for shape, _ in batch if not shape.last))
        news = Announcement(self._model.schema, position, News.CHANGED if batch else News.PASSED)
        arrays = [array for shape, found in batch if not shape.last for array in found]
        values = (position, self._epoch, at, self._saved, str(news), *arrays)
        if not await lease.fetch(statement, *values, then=sweeps(schema, batch)):
            raise Overtaken
        self._saved = position
        self._saved_at = asyncio.get_running_loop().time()

    async def _record(self, lease: Lease, defect: Defect) -> None:
        """Says in the checkpoint why the read model goes no further; keeps the epoch that it was written in."""
        schema = self._model.schema
        self._state, self._defect = State.FAILED, defect
        log.error("a read model has stopped", model=schema, error=str(defect), position=defect.position)
        news = Announcement(schema, self._position, News.STOPPED)
        await lease.fetch(
            f"with moved as (update {quote(schema)}.checkpoint set position = $1, event_at = $2,"
            " error = $3, error_position = $4 where position = $5 returning 1)"
            " select pg_notify('jobstream_read_models', $6) from moved",
            *(self._position, self._event_at, str(defect), defect.position, self._saved, str(news)),
        )
        self._positions.publish(news)
