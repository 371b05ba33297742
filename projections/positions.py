"""How far each read model has come, and who waits for it: a writer reads its own writes."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from heapq import heapify, heappop, heappush

import asyncpg
import structlog

from infra.database_errors import DATABASE_ERRORS
from projections.announcements import Announcement, News, parse
from projections.checkpoints import Checkpoint, checkpoints
from projections.read_model import ReadModel

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
_COMPACT_FROM = 64


class _Waiter:
    """Somebody who waits for `missing` read models."""

    __slots__ = ("done", "missing")

    def __init__(self, done: asyncio.Future[bool], missing: int) -> None:
        self.done = done
        self.missing = missing

    def arrived(self) -> None:
        self.missing -= 1
        if self.missing == 0 and not self.done.done():
            self.done.set_result(True)

    def give_up(self) -> None:
        if not self.done.done():
            self.done.set_result(False)


class _Track:
    """One read model's position, and its waiters by the position they wait for."""

    def __init__(self) -> None:
        self.position = -1
        self.stopped = False
        self.callbacks: list[Callable[[], None]] = []
        self._waiters: list[tuple[int, int, _Waiter]] = []
        self._number = 0
        self._compact_at = _COMPACT_FROM

    def passed(self, position: int) -> bool:
        return self.stopped or self.position >= position

    def wait(self, position: int, waiter: _Waiter) -> None:
        self._number += 1
        heappush(self._waiters, (position, self._number, waiter))
        if len(self._waiters) > self._compact_at:
            # Those who gave up on a model that lags would stay until it passes their position.
            self._waiters = [entry for entry in self._waiters if not entry[2].done.done()]
            heapify(self._waiters)
            self._compact_at = max(_COMPACT_FROM, 2 * len(self._waiters))

    def changed(self) -> None:
        for callback in self.callbacks:
            callback()

    def wake(self) -> None:
        while self._waiters and self.passed(self._waiters[0][0]):
            heappop(self._waiters)[2].arrived()


class Positions:
    """The positions of these read models as this process knows them.

    Projectors in the process publish directly; `heard` takes other processes' notifications, and `watch` asks the
    database now and then, should one be lost.
    """

    def __init__(self, models: Sequence[ReadModel], poll_seconds: float = POLL_SECONDS) -> None:
        self._poll_seconds = poll_seconds
        self._models = models
        self._tracks = {model.schema: _Track() for model in models}
        self.doubted = False
        """Whether the positions are from before the database went away."""
        self._ask = asyncio.Event()
        self._missed = False

    def of(self, model: ReadModel) -> int:
        """The position up to which `model` is known to have folded; -1 before anything is known."""
        return self._tracks[model.schema].position

    def stopped(self, model: ReadModel) -> bool:
        """Whether `model` goes no further for now: it failed, or no process projects it."""
        return self._tracks[model.schema].stopped

    def ready(self, models: Sequence[ReadModel], head: int) -> bool:
        """Whether these models have folded everything up to `head`, the last position when the process started."""
        return all(self._tracks[model.schema].position >= head for model in models)

    def on_change(self, model: ReadModel, callback: Callable[[], None]) -> None:
        """Calls `callback` after every batch that changed rows of `model`."""
        self._tracks[model.schema].callbacks.append(callback)

    async def reached(self, models: Sequence[ReadModel], position: int, timeout: float) -> bool:
        """Waits until these models have folded `position`, without those that are stopped; False after `timeout` s."""
        missing = [track for model in models if not (track := self._tracks[model.schema]).passed(position)]
        if not missing:
            return True
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future(), len(missing))
        for track in missing:
            track.wait(position, waiter)
        alarm = loop.call_later(timeout, waiter.give_up)
        try:
            return await waiter.done
        finally:
            alarm.cancel()

    def publish(self, announcement: Announcement) -> None:
        """What a projector tells; what has been told before changes nothing."""
        track = self._tracks.get(announcement.model)
        if track is None:
            return
        if announcement.news is News.STOPPED:
            if announcement.position >= track.position:
                track.stopped = True
                track.wake()
            return
        if announcement.position > track.position:
            track.position, track.stopped = announcement.position, False
            track.wake()
        elif announcement.news is not News.REPLACED:
            return
        if announcement.news is not News.PASSED:
            track.changed()

    def restart(self, model: ReadModel, position: int) -> None:
        """A projector begins at `position`: after a crash of PostgreSQL that may be before what was published."""
        track = self._tracks[model.schema]
        track.position = position
        track.wake()

    def heard(self, payload: str | None) -> None:
        """Takes a notification of the channel `jobstream_read_models`; None: some may be lost."""
        if payload is None:
            self._missed = True
            self._ask.set()
            return
        for announcement in parse(payload):
            self.publish(announcement)

    async def watch(self, pool: asyncpg.Pool) -> None:
        """Asks the database every `poll_seconds`, until cancelled; and whenever notifications may be lost."""
        while True:
            try:
                await self.refresh(pool)
            except DATABASE_ERRORS as error:
                # A PostgreSQL that crashed may have fallen back behind what was published.
                self.doubted = True
                log.warning("the positions of read models are not known", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._ask.wait()
            self._ask.clear()

    async def refresh(self, pool: asyncpg.Pool) -> None:
        """Asks the database once."""
        missed, self._missed = self._missed, False
        found = await checkpoints(pool, self._models)
        if self.doubted:
            for track in self._tracks.values():
                track.position = -1
            self.doubted = False
        for checkpoint in found:
            self._learn(checkpoint, missed)

    def _learn(self, checkpoint: Checkpoint, missed: bool) -> None:
        track = self._tracks[checkpoint.model]
        news = missed or checkpoint.position > track.position
        track.position = max(checkpoint.position, track.position)
        track.stopped = checkpoint.stopped
        track.wake()
        if news:  # its rows may have changed without a word reaching us
            track.changed()
