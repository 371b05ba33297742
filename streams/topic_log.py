"""All event topics read as one log, in the order of the positions that their messages carry, in bounded memory.

For those who compare or bring back what Kafka has; it follows nothing. What an operator published again is left out.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams import topics
from streams.consumer import consuming
from streams.message import replayed

_BUFFERED = 1000  # messages of one partition that may wait for other partitions
_POLL_MS = 100
# How long a message is waited for that must be there: the end that a broker tells lies before a transaction whose
# markers are still on their way.
_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """A message; `position` is None when it carries none, so that it is no event of ours."""

    position: int | None
    message: ConsumerRecord

    @property
    def place(self) -> str:
        return f"{self.message.topic}/{self.message.partition}@{self.message.offset}"


async def topic_log(
    bootstrap: str, prefix: str, after: int, upto: int, since: datetime | None = None
) -> AsyncGenerator[Found, None]:
    """What the topics have of the positions `after` + 1 to `upto`, and whatever else lies between in their partitions.

    Of two partitions, the one whose next message has the lower position comes first: where each partition is in order,
    so is the whole. With `since`, partitions are read from the first message of that time on.
    Raises aiokafka's `KafkaError`.
    """
    async with consuming(bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = topics.event_partitions(prefix)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        if since is not None:
            await _seek(consumer, partitions, since)
        merge = _Merge(consumer, partitions, after, upto)
        async for found in merge.run():
            yield found


async def _seek(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], since: datetime) -> None:
    """Messages bear the time at which their event was recorded, and that never goes back."""
    moment = int(since.timestamp() * 1000)
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, moment))
    ends = await consumer.end_offsets(partitions)
    for partition in partitions:
        start = found.get(partition)
        consumer.seek(partition, ends[partition] if start is None else start.offset)


class _Merge:
    """Takes messages from the partitions, each up to its end."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], after: int, upto: int) -> None:
        self._consumer, self._after, self._upto = consumer, after, upto
        self._waiting: dict[TopicPartition, deque[Found]] = {partition: deque() for partition in partitions}
        self._open = set(partitions)
        self._ends: dict[TopicPartition, int] = {}
        self._wanted = upto - after  # how many are still to come, if each is there once
        self._last_at = asyncio.get_running_loop().time()

    async def run(self) -> AsyncGenerator[Found, None]:
        self._ends = await self._consumer.end_offsets(list(self._open))
        while True:
            while any(not self._waiting[partition] for partition in self._open):
                await self._fetch()
            heads = [queue for queue in self._waiting.values() if queue]
            if not heads:
                return
            yield min(heads, key=_first).popleft()

    async def _fetch(self) -> None:
        hungry = [partition for partition in self._open if len(self._waiting[partition]) < _BUFFERED]
        for partition, messages in (await self._consumer.getmany(*hungry, timeout_ms=_POLL_MS)).items():
            self._last_at = asyncio.get_running_loop().time()
            for message in messages:
                self._take(partition, message)
        await self._close_ended(hungry)

    def _take(self, partition: TopicPartition, message: ConsumerRecord) -> None:
        if partition not in self._open or replayed(message.headers):
            return
        position = _position(message)
        if position is not None and position > self._upto:
            self._open.discard(partition)  # what follows is later still
        elif position is None or position > self._after:
            self._waiting[partition].append(Found(position, message))
            self._wanted -= position is not None

    async def _close_ended(self, partitions: Sequence[TopicPartition]) -> None:
        # A position moves over transaction markers too, but only while messages are asked for.
        ended = [p for p in partitions if p in self._open and await self._consumer.position(p) >= self._ends[p]]
        quiet = asyncio.get_running_loop().time() - self._last_at > _SETTLE_SECONDS
        if self._wanted <= 0 or quiet:
            self._open.difference_update(ended)
        elif ended:
            self._ends |= await self._consumer.end_offsets(ended)


def _position(message: ConsumerRecord) -> int | None:
    for name, value in message.headers:
        if name == "jobstream_position" and value.isdigit():
            return int(value)
    return None


def _first(queue: deque[Found]) -> int:
    return queue[0].position or 0
