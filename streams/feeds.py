"""Feeds: the log as an ordered run of recorded events, by position and without a gap."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, Self

import structlog

from infra.append import EpochMismatch, StoreHalted
from infra.database_errors import DATABASE_ERRORS
from infra.event_store import EventStore
from infra.log_ranges import GapInLog
from infra.recorded_rows import recorded
from schemas.codec import Codec
from schemas.recorded import Recorded

log = structlog.get_logger(__name__)

# Events are kept in blocks that begin at multiples of this, so that readers far apart in time, but not in the log,
# share one query and one decoding.
_BLOCK = 1000
_BLOCKS = 3
_POLL_SECONDS = 0.5


class Feed(Protocol):
    """Events in the order of their positions; what projections and agents read."""

    async def read(self, after: int, limit: int) -> Sequence[Recorded]:
        """The events at `after` + 1, `after` + 2, … without a gap, at most `limit`; none when there are none yet."""
        ...

    async def wait(self, after: int, timeout: float) -> None:
        """Returns after `timeout` seconds, or earlier when something after `after` may be there."""
        ...


class _Block:
    """Consecutive events, from the first of their block on. `lock` lets one reader fetch what others wait for."""

    __slots__ = ("events", "lock")

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.lock = asyncio.Lock()


class StoreFeed:
    """The event store's own feed, shared by all readers of a process: an event is fetched and decoded once.

    The last few thousand events stay in memory. As a context manager it looks for new events every `poll_seconds`,
    in case that neither `hint` nor `heard` told of them.
    """

    def __init__(self, store: EventStore, codec: Codec, poll_seconds: float = _POLL_SECONDS) -> None:
        self._store = store
        self._codec = codec
        self._poll_seconds = poll_seconds
        self._blocks: OrderedDict[int, _Block] = OrderedDict()
        self._known = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._ask = asyncio.Event()
        self._mismatch: EpochMismatch | None = None
        self._poller: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._poller = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._poller is not None:
            self._poller.cancel()
            with suppress(asyncio.CancelledError):
                await self._poller

    async def read(self, after: int, limit: int) -> Sequence[Recorded]:
        """See `Feed`. Raises what the store and the codec raise."""
        if self._mismatch is not None:  # an empty read would not notice it
            raise self._mismatch.with_traceback(None)
        found: list[Recorded] = []
        while len(found) < limit:
            start = after + len(found)
            part = await self._from_block(start)
            found += part[: limit - len(found)]
            if (start + len(part)) % _BLOCK or not part:
                break
        return found

    async def wait(self, after: int, timeout: float) -> None:
        """See `Feed`."""
        if self._known > after:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.add(waiter)
        alarm = loop.call_later(timeout, _wake, waiter)
        try:
            await waiter
        finally:
            alarm.cancel()
            self._waiters.discard(waiter)

    def hint(self, position: int) -> None:
        """Tells that the log has come to `position`: from the process's own appends, at once."""
        if position > self._known:
            self._known = position
            self._wake_all()

    def heard(self, payload: str | None) -> None:
        """Takes a notification of the store's channel: the last position of an append; None: some may be lost."""
        if payload is None:
            self._ask.set()
        else:
            self.hint(int(payload))

    async def _from_block(self, after: int) -> Sequence[Recorded]:
        """The events after `after` in its block: what is in memory, or else what the store has."""
        number, offset = divmod(after, _BLOCK)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = _Block()
        self._blocks.move_to_end(number)
        if len(block.events) <= offset:
            async with block.lock:
                if len(block.events) <= offset:
                    await self._extend(block, number * _BLOCK)
        while len(self._blocks) > _BLOCKS:
            self._blocks.popitem(last=False)
        return block.events[offset:]

    async def _extend(self, block: _Block, start: int) -> None:
        known, room, last = self._known, _BLOCK - len(block.events), start + len(block.events)
        rows = await self._store.read(last, room)
        if rows and rows[-1]["position"] != last + len(rows):
            raise GapInLog(last)
        events = [recorded(row, self._store.epoch, self._codec.decode) for row in rows]
        await self._codec.open(events)
        block.events += events
        last += len(events)
        if events:
            self.hint(last)
        if len(rows) < room and self._known == known:
            self._known = last  # a hint that has not come true must not keep readers awake

    async def _poll(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._ask.wait()
            self._ask.clear()
            if not self._waiters:
                continue
            try:
                self.hint(await self._store.head())
            except EpochMismatch as mismatch:
                self._mismatch = mismatch
                self._wake_all()
            except (StoreHalted, *DATABASE_ERRORS) as error:
                log.warning("the event store does not answer", error=type(error).__name__)

    def _wake_all(self) -> None:
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            _wake(waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
