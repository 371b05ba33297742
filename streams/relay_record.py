"""How far the relay has come: a record in a compacted topic, written in the same transaction as the events.

It names the store's epoch and the event at its position, so that a store that was restored or lost its tail is
recognised before anything is relayed out of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition

from infra.append import OperatorNeeded
from streams import topics
from streams.consumer import consuming
from streams.message import replayed

KEY = b"relay"
MARK = b"relay started"
_POLL_MS = 200
_RECOVER = "run jobstream recover, which brings lost events back from Kafka or begins a new epoch"


class RelayHalted(OperatorNeeded):
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
            f"Kafka holds events of epoch {relayed}, which the event store, in epoch {stores}, does not know: it was "
            "restored from before that epoch, or KAFKA_TOPIC_PREFIX names another system's topics. If it was "
            f"restored, {_RECOVER}"
        )


class EpochPast(RelayHalted):
    def __init__(self, relayed: UUID, topic: str) -> None:
        super().__init__(
            f"{topic} belongs to epoch {relayed}, which the event store has left for a new one: relay into new topics, "
            "with another KAFKA_TOPIC_PREFIX and jobstream topics apply"
        )


class HistoryDiffers(RelayHalted):
    def __init__(self, record: "RelayRecord") -> None:
        super().__init__(
            f"event {record.event_id} was relayed as position {record.position}, where the event store now has "
            f"another event or none: it was restored from a backup, or failed over and lost its tail; {_RECOVER}"
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


async def settled_record(producer: AIOKafkaProducer, bootstrap: str, prefix: str) -> RelayRecord | None:
    """How far a relay has come, for good: `producer` has started, which settled what the one before left open.

    None when nothing was relayed. Raises `PositionsMissing`, and aiokafka's `KafkaError`.
    """
    positions = topics.positions_partition(prefix)
    value = await last_value(bootstrap, positions, KEY, await mark_end(producer, positions))
    # End offsets alone would not tell: an aborted first transaction leaves its remains in the log.
    if value is None and await _any_relayed(bootstrap, topics.event_partitions(prefix)):
        raise PositionsMissing(positions.topic)
    return None if value is None else RelayRecord.of(value)


async def committed_record(bootstrap: str, prefix: str) -> RelayRecord | None:
    """How far a relay has come at least; it goes on undisturbed. Raises aiokafka's `KafkaError`."""
    positions = topics.positions_partition(prefix)
    async with consuming(bootstrap) as consumer:
        consumer.assign([positions])
        end = (await consumer.end_offsets([positions]))[positions]
    value = await last_value(bootstrap, positions, KEY, end - 1) if end else None
    return None if value is None else RelayRecord.of(value)


def epoch_problem(record: RelayRecord, epoch: UUID, past: Collection[UUID], prefix: str) -> RelayHalted | None:
    """Why nothing of the store may be relayed after this record, if so; `past` are the epochs that it has left."""
    if record.epoch in past:
        return EpochPast(record.epoch, topics.positions_partition(prefix).topic)
    return None if record.epoch == epoch else EpochDiffers(record.epoch, epoch)


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
