"""Old events published again, over a real broker: as they were, marked, once, and new to none of ours."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from infra.event_store import StoreHalted
from infra.store_proof import begin_epoch, halt
from streams import message, topics
from streams.kafka_feed import KafkaFeed
from streams.relay import transactional_producer
from streams.republish import Republication, Run, RunDiffers, Wanted
from tests.kafka_agent import TABLE, effects, handled, run_counting
from tests.kafka_log import Log, PlainCodec, assert_same, eventually, messages, opened_log, read_to

UNLIMITED = 1e9


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        await log.database.pool.execute(TABLE)
        yield log


@pytest.fixture
async def prefix(kafka: str, topic_prefix: str) -> str:
    await topics.apply(kafka, topic_prefix)
    return topic_prefix


@pytest.fixture
async def target(kafka: str, prefix: str) -> str:
    name = f"{prefix}for-the-new-one"
    assert await topics.ensure(kafka, name, 6)
    assert not await topics.ensure(kafka, name, 6)
    return name


def partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(6)]


def position(each: ConsumerRecord) -> int:
    return int(dict(each.headers)["jobstream_position"])


async def republish(log: Log, kafka: str, prefix: str, rate: float = UNLIMITED, **wanted: Any) -> list[Run]:
    """What was told of the progress."""
    told: list[Run] = []
    await Republication(log.store, kafka, prefix, Wanted(name="run", **wanted), rate).run(told.append)
    return told


async def test_a_range_is_published_with_the_bytes_keys_headers_and_times_that_the_relay_gave_them(
    kafka: str, prefix: str, target: str, log: Log
) -> None:
    await log.append(700)
    relaying = asyncio.create_task(log.relay(kafka, prefix).run())
    await republish(log, kafka, prefix, topic=target, first=101, last=650)

    async def relayed() -> list[ConsumerRecord]:
        found = await messages(kafka, topics.event_partitions(prefix))
        return found if len(found) == 700 else []

    await eventually(relayed)  # type: ignore[arg-type]
    relaying.cancel()
    first_time = {position(each): each for each in await relayed()}
    again = await messages(kafka, partitions(target))
    assert sorted(map(position, again)) == list(range(101, 651))
    for each in again:
        before = first_time[position(each)]
        assert (each.key, each.value, each.timestamp) == (before.key, before.value, before.timestamp)
        assert each.headers == (*before.headers, (message.REPLAY, b"run"))


async def test_only_the_types_that_are_asked_for_are_published(kafka: str, prefix: str, target: str, log: Log) -> None:
    await log.append(300)
    told = await republish(log, kafka, prefix, topic=target, types=("identity.RoutingSynced", "NoSuchEvent"))
    again = await messages(kafka, partitions(target))
    assert {dict(each.headers)["ce_type"] for each in again} == {b"identity.RoutingSynced"}
    assert (told[-1].position, told[-1].published) == (300, len(again))


async def test_a_run_that_was_finished_publishes_nothing_again(kafka: str, prefix: str, target: str, log: Log) -> None:
    await log.append(50)
    await republish(log, kafka, prefix, topic=target)
    await log.append(50)
    told = await republish(log, kafka, prefix, topic=target)
    assert [(run.position, run.published) for run in told] == [(50, 50)]
    assert len(await messages(kafka, partitions(target))) == 50


async def test_a_name_stands_for_one_run_in_one_epoch(kafka: str, prefix: str, target: str, log: Log) -> None:
    await log.append(20)
    await republish(log, kafka, prefix, topic=target, last=10)
    with pytest.raises(RunDiffers, match="begun with last 10, not 20"):
        await republish(log, kafka, prefix, topic=target, last=20)
    await begin_epoch(log.database)
    async with opened_log(log.database.dsn) as restored:
        with pytest.raises(RunDiffers, match="belongs to epoch"):
            await republish(restored, kafka, prefix, topic=target)
    assert len(await messages(kafka, partitions(target))) == 10


async def test_nothing_is_published_out_of_a_halted_store(kafka: str, prefix: str, target: str, log: Log) -> None:
    await log.append(20)
    await halt(log.database.pool, "events are missing")
    with pytest.raises(StoreHalted, match="events are missing"):
        await republish(log, kafka, prefix, topic=target)
    assert await messages(kafka, partitions(target)) == []


async def test_no_more_is_published_in_a_second_than_allowed(kafka: str, prefix: str, target: str, log: Log) -> None:
    await log.append(60)
    began = time.monotonic()
    told = await republish(log, kafka, prefix, topic=target, rate=100)
    assert time.monotonic() - began >= 0.6
    assert [run.published for run in told] == [0, 50, 60]


async def marked_in_our_own_topics(log: Log, kafka: str, prefix: str, until: int) -> None:
    """Marked copies of events in the topics that ours read, with bytes by which they are known."""
    mark = (message.REPLAY, b"run")
    async with transactional_producer(kafka, prefix + "again") as producer:
        await producer.begin_transaction()
        for row in await log.store.read(0, until):
            topic, headers = topics.event_topics(prefix)[row["category"]], message.to_headers(row, log.store.epoch)
            await producer.send_and_wait(topic, b"published again", message.key(row), headers=[*headers, mark])
        await producer.commit_transaction()


async def test_agents_pass_over_what_was_published_again(kafka: str, prefix: str, log: Log) -> None:
    last = await log.append(100)
    await marked_in_our_own_topics(log, kafka, prefix, last)
    agent = asyncio.create_task(run_counting(log, kafka, prefix))
    relaying = asyncio.create_task(log.relay(kafka, prefix).run())
    try:
        await eventually(lambda: handled(log, last), 60)
    finally:
        for task in (agent, relaying):
            task.cancel()
        await asyncio.gather(agent, relaying, return_exceptions=True)
    assert await effects(log) == list(range(1, last + 1))
    assert await log.database.pool.fetchval("select count(*) from effects where data = 'published again'") == 0


async def test_the_kafka_feed_passes_over_what_was_published_again(kafka: str, prefix: str, log: Log) -> None:
    feed = KafkaFeed(kafka, prefix, log.store.epoch, PlainCodec(), log.feed, log.store.head)  # type: ignore[arg-type]
    async with feed:

        async def following() -> bool:
            return feed.following

        await eventually(following)
        last = await log.append(40)
        await marked_in_our_own_topics(log, kafka, prefix, last)
        relaying = asyncio.create_task(log.relay(kafka, prefix).run())
        try:
            await assert_same(log, await read_to(feed, last), 1, last)
        finally:
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
