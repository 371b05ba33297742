"""The Kafka feed while brokers and relays die."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from infra.kafka.broker import Broker
from streams import topics
from streams.kafka_feed import KafkaFeed
from tests.fault.kafka.test_relay_crashes import said_active, start
from tests.kafka_log import Log, PlainCodec, assert_same, eventually, opened_log, read_to


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


def kafka_feed_of(log: Log, bootstrap: str, prefix: str) -> KafkaFeed:
    return KafkaFeed(bootstrap, prefix, log.store.epoch, PlainCodec(), log.feed, log.store.head)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_feed_outlasts_a_broker_that_goes_and_comes_back(
    own_broker: Broker, topic_prefix: str, log: Log, how: str
) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    relaying = asyncio.create_task(log.relay(own_broker.bootstrap, topic_prefix).run())
    async with kafka_feed_of(log, own_broker.bootstrap, topic_prefix) as feed:
        await eventually(lambda: follows(feed))
        before = await read_to(feed, await log.append(500))
        await (own_broker.stop() if how == "stop" else own_broker.kill())
        last = await log.append(500)
        await own_broker.start()
        after = await read_to(feed, last, 500, timeout=60)
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying
    await assert_same(log, before + after, 1, last)


async def test_a_feed_that_starts_while_the_broker_is_away_has_the_old_events_and_goes_on_by_itself(
    own_broker: Broker, topic_prefix: str, log: Log
) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    await own_broker.stop()
    await log.append(100)
    async with kafka_feed_of(log, own_broker.bootstrap, topic_prefix) as feed:
        old = await read_to(feed, 100)
        await own_broker.start()
        relaying = asyncio.create_task(log.relay(own_broker.bootstrap, topic_prefix).run())
        last = await log.append(100)
        new = await read_to(feed, last, 100)
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying
    await assert_same(log, old + new, 1, last)


async def test_relays_that_are_killed_change_nothing_for_the_feed(kafka: str, topic_prefix: str, log: Log) -> None:
    await topics.apply(kafka, topic_prefix)
    async with kafka_feed_of(log, kafka, topic_prefix) as feed:
        await eventually(lambda: follows(feed))
        reading = asyncio.create_task(read_to(feed, 6000, timeout=60))
        relay = await start(log.database.dsn, kafka, topic_prefix)
        for _ in range(3):
            await said_active(relay)
            last = await log.append(2000)
            await asyncio.sleep(0.1)
            relay.kill()
            await relay.wait()
            relay = await start(log.database.dsn, kafka, topic_prefix)
        await assert_same(log, await reading, 1, last)
        relay.kill()
        await relay.wait()


async def follows(feed: KafkaFeed) -> bool:
    return feed.following
