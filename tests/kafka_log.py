"""What Kafka tests share: an event store with many events, and what a consumer finds in the topics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import ConsumerRecord, TopicPartition

from infra.database import Database
from infra.event_store import CHANNEL, EventStore
from schemas.recorded import Decode, Recorded
from streams.consumer import consuming
from streams.feeds import Feed, StoreFeed
from streams.relay import Relay

STREAMS = 97

_FILL = """insert into events (position, stream_id, version, category, type, event_id, owner, data, metadata,
    occurred_at, recorded_at)
  select n, md5('stream' || n % $3)::uuid, (n - 1) / $3 + 1,
    case when n % $3 % 5 = 0 then 'identity' else 'dispatch' end,
    'RoutingSynced', md5('event' || n)::uuid, md5('owner' || n % 7)::uuid,
    ('event ' || n)::bytea || decode(repeat('00', 300), 'hex'),
    jsonb_build_object('correlation_id', 'c' || n, 'traceparent', '00-' || md5('t' || n) || '-00f067aa0ba902b7-01'),
    clock_timestamp(), clock_timestamp()
  from generate_series($1::bigint, $2::bigint) n"""


class PlainCodec:
    """Payloads that nobody decodes."""

    @property
    def decode(self) -> Decode:
        return lambda event: {"data": event.data}

    async def open(self, events: Sequence[Recorded]) -> None:
        return None


@dataclass(frozen=True)
class Log:
    """An event store and its feed, with as many events as a test wants."""

    database: Database
    store: EventStore
    feed: StoreFeed

    async def append(self, count: int) -> int:
        """Adds events after the last; answers the new last position."""
        head = await self.store.head()
        async with self.database.pool.acquire() as connection, connection.transaction():
            await connection.execute(_FILL, head + 1, head + count, STREAMS)
            await connection.execute("select pg_notify($1, $2)", CHANNEL, str(head + count))
        return head + count

    def relay(self, bootstrap: str, prefix: str) -> Relay:
        return Relay(self.store, self.feed.wait, self.database.dsn, bootstrap, prefix)


@asynccontextmanager
async def opened_log(dsn: str) -> AsyncIterator[Log]:
    database = await Database.open(dsn, size=4)
    store = await EventStore.open(database)
    try:
        async with StoreFeed(store, PlainCodec()) as feed:  # type: ignore[arg-type]
            database.listen(CHANNEL, feed.heard)
            yield Log(database, store, feed)
    finally:
        await store.close()
        await database.close()


async def messages(
    bootstrap: str, partitions: Sequence[TopicPartition], level: str = "read_committed"
) -> list[ConsumerRecord]:
    """Every message up to the partitions' present ends, in the order of partitions and offsets."""
    # A transaction is committed a moment before every partition has its marker; until then it lies behind the end
    # that a consumer of committed messages is told.
    async with consuming(bootstrap, isolation_level="read_uncommitted") as consumer:
        ends = await consumer.end_offsets(partitions)
    async with consuming(bootstrap, isolation_level=level) as consumer:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for some in (await consumer.getmany(timeout_ms=200)).values():
                found += some
        return sorted(found, key=lambda each: (each.topic, each.partition, each.offset))


async def read_to(feed: Feed, last: int, after: int = 0, limit: int = 500, timeout: float = 60) -> list[Recorded]:
    """What the feed hands out after `after` up to `last`; raises `TimeoutError`."""
    found: list[Recorded] = []
    async with asyncio.timeout(timeout):
        while after < last:
            events = await feed.read(after, limit)
            found += events
            after = events[-1].position if events else after
            if not events:
                await feed.wait(after, 1.0)
    return found


async def assert_same(log: Log, found: list[Recorded], first: int, last: int) -> None:
    rows = await log.store.read(first - 1, last - first + 1)
    assert [event.position for event in found] == list(range(first, last + 1))
    assert [(e.event_id, e.data, e.stream_id, e.version) for e in found] == [
        (row["event_id"], row["data"], row["stream_id"], row["version"]) for row in rows
    ]


async def eventually(true: Callable[[], Awaitable[bool]], timeout: float = 60.0, quietly: bool = False) -> None:
    """Polls until `true`; raises `TimeoutError` after `timeout` seconds unless `quietly`."""
    try:
        async with asyncio.timeout(timeout):
            while not await true():
                await asyncio.sleep(0.02)
    except TimeoutError:
        if not quietly:
            raise
