"""A bulkhead: one slow system may hold only so many of our calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.outbound.errors import BulkheadFull


class Bulkhead:
    """At most `slots` calls at once; at most `queue` more wait, each at most `wait` seconds."""

    def __init__(self, system: str, slots: int, queue: int, wait: float) -> None:
        self._system, self._queue, self._wait = system, queue, wait
        self._free = asyncio.Semaphore(slots)
        self._waiting = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Around one call. Raises `BulkheadFull`."""
        if self._free.locked():
            await self._stand_in_line()
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()

    async def _stand_in_line(self) -> None:
        if self._waiting >= self._queue:
            raise BulkheadFull(f"{self._system}: not called, {self._waiting} calls wait already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError:
            raise BulkheadFull(f"{self._system}: not called, no slot came free in {self._wait:g} s") from None
        finally:
            self._waiting -= 1
