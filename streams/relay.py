"""The relay: every event of the store, exactly once and in order, into Kafka.

Each batch of events and the record of how far they go are one Kafka transaction under one fixed transactional id.
Starting a producer under that id fences whoever used it before and settles their open transaction; only then is the
record read, so what it says is final. The PostgreSQL lock is for calm alone: it keeps one relay active, while others
wait to take over. A relay that lost it without noticing is fenced by the next one's start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from infra import store_proof
from infra.event_store import EventStore, Row, StoreHalted
from infra.kafka import client_logging
from infra.leadership import leadership
from streams import message, topics
from streams.backoff import Backoff
from streams.ending import ended
from streams.relay_record import KEY, HistoryDiffers, RelayHalted, RelayRecord, epoch_problem, settled_record
from streams.runner import INFRASTRUCTURE
from streams.topics import TopicsUnfit

log = structlog.get_logger(__name__)

BATCH = 1000
_POLL_SECONDS = 1.0  # how soon an event is found whose notification was lost
_LEAD_ANSWER_SECONDS = 2.0
_STOP_SECONDS = 3.0
# Larger than aiokafka's 16 kB, which holds some fifteen of our messages: each full one waits for a round trip.
BATCH_BYTES = 256 * 1024


class _Unproven(Exception):
    """The store is served by another server or table than the one that was compared: it has to be compared again."""


# After an error a producer may answer anything, a bare AssertionError included; it is discarded, whatever it was.
_RECOVERABLE = (KafkaError, AssertionError, TopicsUnfit, _Unproven, *INFRASTRUCTURE)

Wait = Callable[[int, float], Awaitable[None]]


class UndeclaredTopic(RelayHalted):
    def __init__(self, category: str) -> None:
        super().__init__(f"there are events of context {category!r}, but streams/topics.py declares no topic for it")


class Relay:
    """One process's relay: active, or waiting to take over."""

    def __init__(self, store: EventStore, wait: Wait, dsn: str, bootstrap: str, prefix: str = "") -> None:
        """`wait(after, timeout)` returns early when the store may have something after a position (see `Feed`)."""
        self._store, self._wait = store, wait
        self._dsn, self._bootstrap, self._prefix = dsn, bootstrap, prefix
        self._topics = topics.event_topics(prefix)
        self._positions = topics.positions_partition(prefix)
        self._backoff = Backoff()
        self.active = False
        self._last: RelayRecord | None = None

    @property
    def position(self) -> int:
        """The last position that is in Kafka."""
        return 0 if self._last is None else self._last.position

    async def run(self) -> None:
        """Relays until cancelled; outlasts outages of Kafka and PostgreSQL.

        Raises `RelayHalted` or `StoreHalted` when going on would lose or repeat events, so that an operator has to
        decide, and `EpochMismatch` when the store came into another epoch since it was opened.
        """
        client_logging.calm()
        while True:
            try:
                async with leadership(self._dsn, lead_name(self._prefix)) as lead:
                    await self._relay(lead)
            except StoreHalted:
                raise
            except _RECOVERABLE as error:
                log.warning("relay starts over", position=self.position, error=f"{type(error).__name__}: {error}")
            await self._backoff.pause()

    async def _relay(self, lead: "asyncpg.Connection[Any]") -> None:
        producer = transactional_producer(self._bootstrap, transactional_id(self._prefix))
        try:
            await producer.start()
            await self._refuse_unfit_topics()
            await self._resume(producer, lead)
            self.active = True
            log.info("relay is active", position=self.position)
            while True:
                await self._relay_next(producer, lead)
        finally:
            self.active = False
            await discard(producer)

    async def _resume(self, producer: AIOKafkaProducer, lead: "asyncpg.Connection[Any]") -> None:
        """Find out how far Kafka is, and that the store has it all; from then on the store takes events."""
        witness = await store_proof.witness(lead)
        self._last = await settled_record(producer, self._bootstrap, self._prefix)
        if self._last is not None:
            found = await store_proof.proof(lead)
            if problem := epoch_problem(self._last, self._store.epoch, found.past, self._prefix):
                raise problem
            await self._compare(await self._store.read(self.position - 1, 1), lead)
        await store_proof.prove(lead, witness, self._prefix)

    async def _compare(self, rows: Sequence[Row], lead: "asyncpg.Connection[Any]") -> None:
        """Halt the store unless `rows` begin with the last event that was relayed."""
        if self._last is not None and (not rows or rows[0]["event_id"] != self._last.event_id):
            differs = HistoryDiffers(self._last)
            await store_proof.halt(lead, str(differs))
            raise differs

    async def _refuse_unfit_topics(self) -> None:
        # A producer would wait 40 s for a missing one and not name it.
        report = await topics.check(self._bootstrap, self._prefix)
        if report.hindrances:
            raise TopicsUnfit("; ".join(report.hindrances))

    async def _relay_next(self, producer: AIOKafkaProducer, lead: "asyncpg.Connection[Any]") -> None:
        # From the last one on: a store that was restored under us has another event there, or none.
        rows = await self._store.read(max(self.position - 1, 0), BATCH + 1)
        if not await lead.fetchval(store_proof.PROVEN, timeout=_LEAD_ANSWER_SECONDS):
            raise _Unproven
        await self._compare(rows, lead)
        if self._last is not None:
            rows = rows[1:]
        if not rows:
            await self._wait(self.position, _POLL_SECONDS)
            return
        if rows[0]["position"] != self.position + 1:
            raise RelayHalted(f"the event store has no event at position {self.position + 1}, but later ones")
        self._last = await self._publish(producer, rows)
        self._backoff.reset()

    async def _publish(self, producer: AIOKafkaProducer, rows: Sequence[Row]) -> RelayRecord:
        last = rows[-1]
        record = RelayRecord(last["position"], last["event_id"], self._store.epoch)
        sent: list[asyncio.Future[Any]] = []
        await producer.begin_transaction()
        try:
            for row in rows:
                sent.append(await self._send(producer, row))
            sent.append(await producer.send(self._positions.topic, record.encode(), KEY, self._positions.partition))
        finally:
            delivered = asyncio.gather(*sent)  # also when sending broke off, or each one's error would be logged
        await delivered
        await producer.commit_transaction()
        return record

    async def _send(self, producer: AIOKafkaProducer, row: Row) -> asyncio.Future[Any]:
        topic = self._topics.get(row["category"])
        if topic is None:
            raise UndeclaredTopic(row["category"])
        headers = message.to_headers(row, self._store.epoch)
        moment = int(row["recorded_at"].timestamp() * 1000)
        sent: asyncio.Future[Any] = await producer.send(
            topic, row["data"], message.key(row), timestamp_ms=moment, headers=headers
        )
        return sent


def lead_name(prefix: str) -> str:
    """The lock that the active relay holds."""
    return f"{prefix}relay"


def transactional_id(prefix: str) -> str:
    """Of the one relay into the topics under a prefix."""
    return f"{prefix}jobstream.relay"


def transactional_producer(bootstrap: str, transactional_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        transactional_id=transactional_id,
        acks="all",
        max_batch_size=BATCH_BYTES,
        partitioner=_Partitioner(),
    )


class _Partitioner:
    """Kafka's own hash of the key, remembered: aiokafka computes it in Python, and streams come back."""

    def __init__(self) -> None:
        self._hash = lru_cache(65536)(DefaultPartitioner())

    def __call__(self, key: bytes, every: list[int], available: list[int]) -> int:
        return int(self._hash(key, tuple(every), None))


async def discard(producer: AIOKafkaProducer) -> None:
    """End a producer, whatever state it is in, in a few seconds."""
    # Stopping waits for what is still in its buffers, and a broker that is away takes nothing. What such a producer
    # leaves behind is aborted by the start of the next one, which also fences whatever it might still send.
    if not await ended(producer.stop(), _STOP_SECONDS, of="producer"):
        await ended(producer.client.close(), _STOP_SECONDS, of="producer's client")
        await ended(producer._sender.close(), _STOP_SECONDS, of="producer's sender")
