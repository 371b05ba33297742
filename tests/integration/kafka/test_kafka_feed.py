"""The Kafka feed against a real broker: the store's order, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest

from infra.event_store import EpochMismatch
from streams import kafka_feed, message, topics
from streams.kafka_feed import KafkaFeed
from streams.relay import transactional_producer
from tests.kafka_log import Log, PlainCodec, assert_same, eventually, opened_log, read_to


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


@pytest.fixture
async def prefix(kafka: str, topic_prefix: str) -> str:
    await topics.apply(kafka, topic_prefix)
    return topic_prefix


def kafka_feed_of(log: Log, bootstrap: str, prefix: str) -> KafkaFeed:
    return KafkaFeed(bootstrap, prefix, log.store.epoch, PlainCodec(), log.feed, log.store.head)  # type: ignore[arg-type]


@asynccontextmanager
async def relaying(log: Log, bootstrap: str, prefix: str) -> AsyncIterator[None]:
    task = asyncio.create_task(log.relay(bootstrap, prefix).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def following(feed: KafkaFeed) -> None:
    async def there() -> bool:
        return feed.following

    await eventually(there)


async def test_old_events_come_from_the_store_and_new_ones_through_kafka_in_one_order(
    kafka: str, prefix: str, log: Log
) -> None:
    await log.append(3000)
    async with relaying(log, kafka, prefix), kafka_feed_of(log, kafka, prefix) as feed:
        old = await read_to(feed, 3000)
        await following(feed)
        last = await log.append(2000)
        new = await read_to(feed, last, 3000)
    await assert_same(log, old + new, 1, last)


async def test_events_pass_through_kafka_and_not_around_it(kafka: str, prefix: str, log: Log) -> None:
    async with kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        last = await log.append(10)
        await feed.wait(0, 1.0)
        assert await feed.read(0, 10) == []
        async with relaying(log, kafka, prefix):
            await assert_same(log, await read_to(feed, last), 1, last)


async def test_aborted_transactions_of_the_relay_are_never_seen(kafka: str, prefix: str, log: Log) -> None:
    async with kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        last = await log.append(300)
        async with transactional_producer(kafka, prefix + "aborting") as producer:
            for row in await log.store.read(0, 40):
                await producer.begin_transaction()
                headers = message.to_headers(row, log.store.epoch)
                topic = topics.event_topics(prefix)[row["category"]]
                await producer.send_and_wait(topic, b"never happened", message.key(row), headers=headers)
                await producer.abort_transaction()
        assert await feed.read(0, 10) == []
        async with relaying(log, kafka, prefix):
            await assert_same(log, await read_to(feed, last), 1, last)


async def test_readers_at_different_places_share_one_feed(
    kafka: str, prefix: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_feed, "KEPT", 100)
    async with relaying(log, kafka, prefix), kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        last = await log.append(1200)
        live = await read_to(feed, last, limit=70)
        behind, further = await asyncio.gather(read_to(feed, last, 5, 33), read_to(feed, last, 1150, 7))
    await assert_same(log, live, 1, last)
    await assert_same(log, behind, 6, last)
    await assert_same(log, further, 1151, last)


async def test_a_gap_that_kafka_does_not_fill_is_read_from_the_store(
    kafka: str, prefix: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_feed, "GAP_SECONDS", 0.2)
    async with kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        last = await log.append(60)
        await relay_only(log, kafka, prefix, {1, 2, 30, 31, 60})
        await assert_same(log, await read_to(feed, last), 1, last)


async def test_a_partition_far_ahead_is_paused_until_the_others_have_come_up(
    kafka: str, prefix: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_feed, "AHEAD", 50)
    async with kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        last = await log.append(3000)
        await relay_only(log, kafka, prefix, set(range(2, last + 1)))
        await eventually(lambda: held_back(feed))
        await relay_only(log, kafka, prefix, {1})
        await assert_same(log, await read_to(feed, last), 1, last)


async def held_back(feed: KafkaFeed) -> bool:
    return len(feed._early) > 50


async def relay_only(log: Log, kafka: str, prefix: str, positions: set[int]) -> None:
    async with transactional_producer(kafka, prefix + "some") as producer:
        await producer.begin_transaction()
        for row in await log.store.read(0, 5000):
            if row["position"] in positions:
                headers = message.to_headers(row, log.store.epoch)
                topic = topics.event_topics(prefix)[row["category"]]
                await producer.send(topic, row["data"], message.key(row), headers=headers)
        await producer.commit_transaction()


async def test_a_message_of_somebody_else_is_passed_over(kafka: str, prefix: str, log: Log) -> None:
    async with relaying(log, kafka, prefix), kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        await log.append(1)
        await read_to(feed, 1)
        async with transactional_producer(kafka, prefix + "other") as producer:
            await producer.begin_transaction()
            await producer.send(prefix + "dispatch.events.v1", b"not an event", b"key")
            await producer.commit_transaction()
        last = await log.append(20)
        await assert_same(log, await read_to(feed, last), 1, last)


async def test_an_event_of_another_epoch_halts_the_feed(kafka: str, prefix: str, log: Log) -> None:
    async with kafka_feed_of(log, kafka, prefix) as feed:
        await following(feed)
        await log.append(1)
        (row,) = await log.store.read(0, 1)
        async with transactional_producer(kafka, prefix + "other") as producer:
            await producer.begin_transaction()
            headers = message.to_headers(row, uuid4())
            await producer.send(prefix + "dispatch.events.v1", row["data"], message.key(row), headers=headers)
            await producer.commit_transaction()
        with pytest.raises(EpochMismatch):
            await read_to(feed, 1)
