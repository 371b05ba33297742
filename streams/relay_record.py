"""How far the relay has come: a record in a compacted topic, written in the same transaction as the events.

It names the store's epoch and the event at its position, so that a store that was restored or lost its tail is
recognised before anything is relayed out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition

from infra.event_store import EventStore
from streams import topics
from streams.consumer import consuming
from streams.message import replayed

KEY = b"relay"
MARK = b"relay started"
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


async def resume_after(store: EventStore, producer: AIOKafkaProducer, bootstrap: str, prefix: str) -> int:
    """The position to relay on from. `producer` has started: that settled what the one before left open.

    Raises `RelayHalted` when it cannot be told, and aiokafka's `KafkaError`.
    """
    positions = topics.positions_partition(prefix)
    value = await last_value(bootstrap, positions, KEY, await mark_end(producer, positions))
    if value is None:
        # End offsets alone would not tell: an aborted first transaction leaves its remains in the log.
        if await _any_relayed(bootstrap, topics.event_partitions(prefix)):
            raise PositionsMissing(positions.topic)
        return 0
    record = RelayRecord.of(value)
    if record.epoch != store.epoch:
        raise EpochDiffers(record.epoch, store.epoch)
    rows = await store.read(record.position - 1, 1)
    if not rows or rows[0]["event_id"] != record.event_id:
        raise HistoryDiffers(record)
    return record.position


async def mark_end(producer: AIOKafkaProducer, positions: TopicPartition) -> int:
    """Write a mark behind all records, and answer its offset: whoever has read up to it has read them all.

    A partition's end as the broker tells it may lie too early for a moment after the broker was killed; a relay that
    believed it would start before what it had relayed.
    """
    await producer.begin_transaction()
    sent = await producer.send(positions.topic, b"", MARK, positions.partition)
    offset: int = (await sent).offset
    await producer.commit_transaction()
    return offset


async def last_value(bootstrap: str, positions: TopicPartition, key: bytes, mark: int) -> bytes | None:
    """The latest record under `key` up to the offset `mark`."""
    last = None
    async with consuming(bootstrap) as consumer:
        consumer.assign([positions])
        await consumer.seek_to_beginning(positions)
        while await consumer.position(positions) <= mark:
            for message in (await consumer.getmany(timeout_ms=_POLL_MS)).get(positions, []):
                if message.key == key:
                    last = message.value
    return last


async def _any_relayed(bootstrap: str, partitions: Sequence[TopicPartition]) -> bool:
    async with consuming(bootstrap) as consumer:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        # A position moves over transaction markers too, but only while messages are asked for.
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            found = await consumer.getmany(timeout_ms=_POLL_MS)
            if any(not replayed(message.headers) for messages in found.values() for message in messages):
                return True
    return False
