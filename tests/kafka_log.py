"""What Kafka tests share: an event store with many events, and what a consumer finds in the topics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.recorded import Decode, Recorded

STREAMS = 97

_FILL = """insert into events (position, stream_id, version, category, type, event_id, owner, data, metadata,
    occurred_at, recorded_at)
  select n, md5('stream' || n % $3)::uuid, n / $3 + 1, case when n % 5 = 0 then 'identity' else 'dispatch' end,
    'RoutingSynced', md5('event' || n)::uuid, md5('owner' || n % 7)::uuid,
    ('event ' || n)::bytea || decode(repeat('00', 300), 'hex'),
    jsonb_build_object('correlation_id', 'c' || n, 'traceparent', '00-' || md5('t' || n) || '-00f067aa0ba902b7-01'),
    clock_timestamp(), clock_timestamp()
  from generate_series($1::bigint, $2::bigint) n"""
_READ = "select * from events where position > $1 order by position limit $2"


class TableStore:
    """The events table, read as the relay and the feeds read it."""

    def __init__(self, pool: "asyncpg.Pool[Any]", epoch: UUID) -> None:
        self.pool, self.epoch = pool, epoch

    async def read(self, after: int, limit: int) -> Sequence[asyncpg.Record]:
        return await self.pool.fetch(_READ, after, limit)

    async def head(self) -> int:
        return int(await self.pool.fetchval("select coalesce(max(position), 0) from events"))

    async def wait(self, after: int, timeout: float) -> None:
        await eventually(lambda: self._beyond(after), timeout, quietly=True)

    async def append(self, count: int) -> int:
        """Adds events after the last; answers the new last position."""
        head = await self.head()
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(_FILL, head + 1, head + count, STREAMS)
            await connection.execute("select pg_notify('jobstream_events', $1)", str(head + count))
        return head + count

    async def _beyond(self, after: int) -> bool:
        return await self.head() > after


class PlainCodec:
    """Payloads that nobody decodes."""

    @property
    def decode(self) -> Decode:
        return lambda event: {"data": event.data}

    async def open(self, events: Sequence[Recorded]) -> None:
        return None


@asynccontextmanager
async def table_store(dsn: str) -> AsyncIterator[TableStore]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield TableStore(pool, await pool.fetchval("select epoch from store_epoch"))


async def messages(
    bootstrap: str, partitions: Sequence[TopicPartition], level: str = "read_committed"
) -> list[ConsumerRecord]:
    """Every message up to the partitions' present ends, in the order of partitions and offsets."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level=level, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for some in (await consumer.getmany(timeout_ms=200)).values():
                found += some
        return sorted(found, key=lambda each: (each.topic, each.partition, each.offset))
    finally:
        await consumer.stop()


async def eventually(true: Callable[[], Awaitable[bool]], timeout: float = 30.0, quietly: bool = False) -> None:
    """Polls until `true`; raises `TimeoutError` after `timeout` seconds unless `quietly`."""
    try:
        async with asyncio.timeout(timeout):
            while not await true():  # noqa: ASYNC110 (what is waited for is in another process)
                await asyncio.sleep(0.02)
    except TimeoutError:
        if not quietly:
            raise
