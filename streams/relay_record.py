"""How far the relay has come: a record in a compacted topic, written in the same transaction as the events.

It names the store's epoch and the event at its position, so that a store that was restored or lost its tail is
recognised before anything is relayed out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from infra.event_store import EventStore
from streams import topics
from streams.consumer import consuming

KEY = b"relay"
_POLL_MS = 200
_RESTORED = "bring the lost events back from Kafka (it holds the same bytes), or relay under a new KAFKA_TOPIC_PREFIX"


class RelayHalted(Exception):
    """Relaying on would lose or repeat events. The message says what was found and what to do."""


class PositionsMissing(RelayHalted):
    def __init__(self, topic: str) -> None:
        super().__init__(
            f"{topic} is empty, but the event topics are not: how far they go cannot be guessed. Restore {topic}, or "
            "relay everything into new topics under another KAFKA_TOPIC_PREFIX"
        )


class EpochDiffers(RelayHalted):
    def __init__(self, relayed: UUID, stores: UUID) -> None:
        super().__init__(
            f"Kafka holds events of epoch {relayed}, the event store is in epoch {stores}: it was restored or failed "
            f"over, and its positions may mean other events now; {_RESTORED}"
        )


class HistoryDiffers(RelayHalted):
    def __init__(self, record: "RelayRecord") -> None:
        super().__init__(
            f"event {record.event_id} was relayed as position {record.position}, where the event store now has "
            f"another event or none: it lost its tail; {_RESTORED}"
        )


@dataclass(frozen=True, slots=True)
class RelayRecord:
    """The last event that was relayed."""

    position: int
    event_id: UUID
    epoch: UUID

    def encode(self) -> bytes:
        return orjson.dumps({"position": self.position, "event_id": str(self.event_id), "epoch": str(self.epoch)})

    @classmethod
    def of(cls, value: bytes) -> Self:
        fields = orjson.loads(value)
        return cls(fields["position"], UUID(fields["event_id"]), UUID(fields["epoch"]))


async def resume_after(store: EventStore, bootstrap: str, prefix: str) -> int:
    """The position to relay on from. Only after the producer has started: that settles what the last one left open.

    Raises `RelayHalted` when it cannot be told, and aiokafka's `KafkaError`.
    """
    positions = topics.positions_partition(prefix)
    record = await _last_record(bootstrap, positions)
    if record is None:
        # End offsets alone would not tell: an aborted first transaction leaves its remains in the log.
        if await _committed(bootstrap, topics.event_partitions(prefix), to_the_end=False):
            raise PositionsMissing(positions.topic)
        return 0
    if record.epoch != store.epoch:
        raise EpochDiffers(record.epoch, store.epoch)
    rows = await store.read(record.position - 1, 1)
    if not rows or rows[0]["event_id"] != record.event_id:
        raise HistoryDiffers(record)
    return record.position


async def _last_record(bootstrap: str, positions: TopicPartition) -> RelayRecord | None:
    last = None
    for message in await _committed(bootstrap, [positions], to_the_end=True):
        if message.key == KEY and message.value is not None:
            last = RelayRecord.of(message.value)
    return last


async def _committed(bootstrap: str, partitions: Sequence[TopicPartition], to_the_end: bool) -> list[ConsumerRecord]:
    async with consuming(bootstrap) as consumer:
        return await _read(consumer, partitions, to_the_end)


async def _read(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], to_the_end: bool
) -> list[ConsumerRecord]:
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    found: list[ConsumerRecord] = []
    # A position moves over transaction markers too, but only while messages are asked for.
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        for messages in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            found += messages
        if found and not to_the_end:
            break
    return found
