"""Kafka's topics as one feed, in the order of the store's positions.

A consumer without a group reads every partition of every event topic, committed messages only, from the topics' ends
on. Everything up to the store's head at that moment comes from the store, everything later from Kafka: what is
appended afterwards is relayed afterwards, so it lies behind the recorded ends, and nothing is missed. What arrives a
second time is dropped. Positions have no gaps, so the messages of many partitions are put back in one order by them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from infra.event_store import EpochMismatch
from infra.kafka import client_logging
from schemas.codec import Codec
from schemas.recorded import Recorded
from streams import topics
from streams.backoff import Backoff
from streams.consumer import consuming
from streams.feeds import Feed
from streams.message import NotAnEvent, replayed, to_recorded
from streams.runner import INFRASTRUCTURE

log = structlog.get_logger(__name__)

KEPT = 4096  # events in memory; readers that are further behind are served from the store
AHEAD = 10_000  # events that may wait for an earlier one before the partitions they come from are paused
GAP_SECONDS = 5.0  # how long an event that must be in Kafka is waited for before it is read from the store
_POLL_MS = 500


class KafkaFeed:
    """A `Feed` of what was relayed, shared by all readers of a process. As a context manager it follows Kafka."""

    def __init__(
        self, bootstrap: str, prefix: str, epoch: UUID, codec: Codec, store: Feed, head: Callable[[], Awaitable[int]]
    ) -> None:
        """`store` serves what Kafka is past; `head` answers the store's last position."""
        self._bootstrap, self._epoch, self._codec = bootstrap, epoch, codec
        self._partitions = topics.event_partitions(prefix)
        self._store, self._head = store, head
        self._recent: deque[Recorded] = deque(maxlen=KEPT)  # consecutive, up to and including `_last`
        self._last = 0
        self._early: dict[int, Recorded] = {}  # after a position that has not arrived yet
        self._reached: dict[TopicPartition, int] = {}  # position of each partition's latest event
        self._gap_since: float | None = None
        self._gap_at = 0
        self._arrived = asyncio.Event()
        self._foreign: str | None = None  # the other epoch, once it was met
        self._task: asyncio.Task[None] | None = None
        self.following = False  # new events come through Kafka; otherwise the broker is away

    async def __aenter__(self) -> Self:
        client_logging.calm()
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def read(self, after: int, limit: int) -> Sequence[Recorded]:
        """See `Feed`. Raises what the store raises, and `EpochMismatch` for good once an event of another one came."""
        if self._foreign is not None:
            raise EpochMismatch(self._epoch, self._foreign)
        if after >= self._last:
            return []
        first = self._last - len(self._recent) + 1
        if after + 1 < first:
            return await self._store.read(after, min(limit, first - 1 - after))
        start = after + 1 - first
        events = list(islice(self._recent, start, start + limit))
        await self._codec.open(events)
        return events

    async def wait(self, after: int, timeout: float) -> None:
        """See `Feed`."""
        if self._last <= after and self._foreign is None:
            with suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event.
                async with asyncio.timeout(timeout):
                    await self._arrived.wait()

    async def _follow(self) -> None:
        backoff = Backoff()
        while self._foreign is None:
            try:
                self._stand_at(await self._head())  # with the broker away there is still what the store has
                # An offset that is gone must not be replaced by a guess: that starts over.
                async with consuming(self._bootstrap, auto_offset_reset="none") as consumer:
                    await self._begin(consumer)
                    backoff.reset()
                    while True:
                        await self._take_next(consumer)
            except EpochMismatch as error:
                self._halt(error)
            except (KafkaError, *INFRASTRUCTURE) as error:
                log.warning("Kafka feed starts over", position=self._last, error=f"{type(error).__name__}: {error}")
            self.following = False
            await backoff.pause()

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        """Stand at the ends of the topics, then take the store's head: in this order, or events between would be
        in neither part.
        """
        consumer.assign(self._partitions)
        for partition, end in (await consumer.end_offsets(self._partitions)).items():
            consumer.seek(partition, end)
        self._early.clear()
        self._reached.clear()
        self._gap_since = None
        self._stand_at(await self._head())
        self.following = True
        log.info("Kafka feed follows", position=self._last)

    def _stand_at(self, head: int) -> None:
        if head != self._last:
            self._recent.clear()
            self._last = head
            self._announce()

    async def _take_next(self, consumer: AIOKafkaConsumer) -> None:
        for partition, messages in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
            for message in messages:
                self._take(partition, message)
        before = self._last
        self._put_in_order()
        await self._fill_overdue_gap()
        if self._last != before:
            self._announce()
        self._pace(consumer)

    def _take(self, partition: TopicPartition, message: ConsumerRecord) -> None:
        if replayed(message.headers):
            return
        try:
            event = to_recorded(message.headers, message.value, self._codec.decode)
        except NotAnEvent as error:
            # If it displaced an event of ours, that is a gap, and filled from the store.
            place = f"{message.topic}/{message.partition}@{message.offset}"
            log.error("message is no event", place=place, error=str(error))
            return
        if event.epoch != self._epoch:
            raise EpochMismatch(self._epoch, str(event.epoch))
        self._reached[partition] = event.position
        if event.position > self._last:
            self._early[event.position] = event

    def _put_in_order(self) -> None:
        while (event := self._early.pop(self._last + 1, None)) is not None:
            self._recent.append(event)
            self._last += 1

    async def _fill_overdue_gap(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._early:
            self._gap_since = None
        elif self._gap_since is None or self._last + 1 != self._gap_at:
            self._gap_since, self._gap_at = now, self._last + 1
        elif now - self._gap_since > GAP_SECONDS:
            first, until = self._last + 1, min(self._early)
            log.warning("events missing from Kafka are read from the store", first=first, last=until - 1)
            for event in await self._store.read(self._last, until - first):
                self._early.setdefault(event.position, event)
            self._put_in_order()
            self._gap_at = self._last + 1  # what the store did not give at once is as overdue

    def _pace(self, consumer: AIOKafkaConsumer) -> None:
        """Keep what waits bounded. The partition that holds the missing event is behind it, and never paused."""
        paused = consumer.paused()
        if len(self._early) > AHEAD:
            ahead = [each for each, position in self._reached.items() if position > self._last and each not in paused]
            consumer.pause(*ahead)
        elif paused and len(self._early) < AHEAD // 2:
            consumer.resume(*paused)

    def _halt(self, error: EpochMismatch) -> None:
        log.error("Kafka feed halts", error=str(error))
        self._foreign = error.stores
        self._announce()

    def _announce(self) -> None:
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
