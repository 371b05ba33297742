"""The relay against a real broker and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer

from infra.event_store import StoreHalted
from infra.store_proof import begin_epoch
from streams import topics
from streams.message import to_recorded
from streams.relay import Relay
from streams.relay_record import KEY, EpochDiffers, EpochPast, HistoryDiffers, PositionsMissing, RelayRecord
from tests.appends import starting
from tests.kafka_log import Log, PlainCodec, eventually, messages, opened_log


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


@pytest.fixture
async def prefix(kafka: str, topic_prefix: str) -> str:
    await topics.apply(kafka, topic_prefix)
    return topic_prefix


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def relayed(relay: Relay, position: int) -> None:
    async def there() -> bool:
        return relay.position >= position

    relaying, waiting = asyncio.create_task(relay.run()), asyncio.create_task(eventually(there))
    done, pending = await asyncio.wait({relaying, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait(pending)
    for task in done:
        task.result()


async def test_every_event_reaches_its_contexts_topic_with_its_bytes_and_everything_recorded_with_it(
    kafka: str, prefix: str, log: Log
) -> None:
    await log.append(2500)
    await relayed(log.relay(kafka, prefix), 2500)
    found = await messages(kafka, topics.event_partitions(prefix))
    events = [to_recorded(each.headers, each.value, PlainCodec().decode) for each in found]
    rows = await log.store.read(0, 2500)
    assert [event.position for event in sorted(events, key=lambda event: event.position)] == list(range(1, 2501))
    for event in events:
        row = rows[event.position - 1]
        assert (event.stream_id, event.version, event.category, event.type) == (
            row["stream_id"], row["version"], row["category"], row["type"],
        )  # fmt: skip
        assert (event.event_id, event.owner, event.data) == (row["event_id"], row["owner"], row["data"])
        assert (event.occurred_at, event.recorded_at) == (row["occurred_at"], row["recorded_at"])
        assert event.epoch == log.store.epoch
        assert event.metadata["correlation_id"] == f"c{event.position}"


async def test_a_plain_kafka_client_reads_the_stream_as_key_and_cloudevents_headers(
    kafka: str, prefix: str, log: Log
) -> None:
    await log.append(1)
    await relayed(log.relay(kafka, prefix), 1)
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": prefix + "plain", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([prefix + "dispatch.events.v1"])
        message = await asyncio.to_thread(consumer.poll, 20.0)
    finally:
        consumer.close()
    assert message is not None
    assert message.error() is None
    (row,) = await log.store.read(0, 1)
    headers = dict(message.headers())
    assert message.key() == str(row["stream_id"]).encode()
    assert message.value() == row["data"]
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == str(row["event_id"]).encode()
    assert headers["ce_source"] == b"/jobstream/dispatch"
    assert headers["ce_type"] == b"dispatch.RoutingSynced"
    assert headers["ce_subject"] == str(row["stream_id"]).encode()
    assert headers["content-type"] == b"application/avro"
    assert headers["traceparent"].startswith(b"00-")
    assert headers["jobstream_position"] == b"1"


async def test_an_event_is_relayed_soon_after_it_is_appended(kafka: str, prefix: str, log: Log) -> None:
    relay = log.relay(kafka, prefix)
    async with running(relay):
        for position in (1, 2, 3):
            await log.append(1)

            async def there(position: int = position) -> bool:
                return relay.position == position

            await eventually(there)


async def test_the_largest_event_that_the_store_takes_can_be_relayed(kafka: str, prefix: str, log: Log) -> None:
    await log.append(2)
    await log.database.pool.execute("update events set data = decode(repeat('ab', 900000), 'hex') where position = 1")
    await relayed(log.relay(kafka, prefix), 2)
    sizes = {len(each.value) for each in await messages(kafka, topics.event_partitions(prefix))}
    assert 900_000 in sizes


async def test_a_relay_goes_on_where_the_last_one_stopped(kafka: str, prefix: str, log: Log) -> None:
    for last in (await log.append(40), await log.append(1), await log.append(30)):
        await relayed(log.relay(kafka, prefix), last)
    found = await messages(kafka, topics.event_partitions(prefix))
    assert sorted(int(dict(each.headers)["jobstream_position"]) for each in found) == list(range(1, 72))


async def test_a_second_relay_waits_and_takes_over_when_the_first_one_stops(kafka: str, prefix: str, log: Log) -> None:
    first, second = (log.relay(kafka, prefix) for _ in range(2))

    async def second_is_active() -> bool:
        return second.active

    async def first_is_active() -> bool:
        return first.active

    async with running(first):
        await eventually(first_is_active)
        taking_over = asyncio.create_task(second.run())
        await eventually(second_is_active, 1.0, quietly=True)
        assert not second.active
    await eventually(second_is_active)
    taking_over.cancel()


async def test_an_empty_position_topic_beside_events_is_refused(kafka: str, prefix: str, log: Log) -> None:
    await log.append(10)
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait(prefix + "dispatch.events.v1", b"somebody relayed this", key=b"stream")
    with pytest.raises(PositionsMissing, match=r"relay.positions.v1 is empty"):
        await log.relay(kafka, prefix).run()


async def test_what_an_aborted_first_transaction_left_behind_is_no_reason_to_refuse(
    kafka: str, prefix: str, log: Log
) -> None:
    await log.append(10)
    async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=prefix + "aborting") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(prefix + "dispatch.events.v1", b"never happened", key=b"stream")
        await producer.abort_transaction()
    await relayed(log.relay(kafka, prefix), 10)
    assert len(await messages(kafka, topics.event_partitions(prefix))) == 10


async def test_a_store_in_a_new_epoch_is_relayed_into_new_topics_only(kafka: str, prefix: str, log: Log) -> None:
    await log.append(5)
    await relayed(log.relay(kafka, prefix), 5)
    await begin_epoch(log.database)
    async with opened_log(log.database.dsn) as begun:
        with pytest.raises(EpochPast, match="another KAFKA_TOPIC_PREFIX"):
            await begun.relay(kafka, prefix).run()
        await begun.store.append(starting())


async def test_a_store_that_does_not_know_kafkas_epoch_halts_the_relay(kafka: str, prefix: str, log: Log) -> None:
    await log.append(5)
    await relayed(log.relay(kafka, prefix), 5)
    await log.database.pool.execute("update store_epoch set epoch = gen_random_uuid()")
    async with opened_log(log.database.dsn) as restored:
        with pytest.raises(EpochDiffers, match="jobstream recover"):
            await restored.relay(kafka, prefix).run()


async def test_a_store_that_a_relay_has_carried_waits_for_the_relay_after_each_restart(
    kafka: str, prefix: str, log: Log
) -> None:
    await log.append(5)
    await relayed(log.relay(kafka, prefix), 5)
    await log.database.pool.execute("vacuum full events")  # as a restart or a restore would change the witness
    appending = asyncio.create_task(log.store.append(starting()))
    await asyncio.sleep(0.2)
    assert not appending.done()
    await relayed(log.relay(kafka, prefix), 6)
    assert (await appending).first == 6


async def test_a_tail_that_is_lost_under_a_running_relay_halts_the_store(kafka: str, prefix: str, log: Log) -> None:
    await log.append(5)
    relay = log.relay(kafka, prefix)
    await relayed(relay, 5)
    running = asyncio.create_task(relay.run())
    await log.database.pool.execute("delete from events where position > 3")
    with pytest.raises((HistoryDiffers, StoreHalted), match="jobstream recover"):
        await asyncio.wait_for(running, 60)
    with pytest.raises(StoreHalted, match="jobstream recover"):
        await log.store.append(starting())


@pytest.mark.parametrize(
    "loss", ["delete from events where position = 5", "update events set event_id = gen_random_uuid()"]
)
async def test_a_store_that_lost_or_replaced_its_tail_halts_the_relay(
    kafka: str, prefix: str, log: Log, loss: str
) -> None:
    await log.append(5)
    await relayed(log.relay(kafka, prefix), 5)
    await log.database.pool.execute(loss)
    with pytest.raises(HistoryDiffers, match="position 5"):
        await log.relay(kafka, prefix).run()
    with pytest.raises(StoreHalted, match="position 5"):
        await log.store.append(starting())


async def test_missing_topics_are_waited_for(kafka: str, topic_prefix: str, log: Log) -> None:
    await log.append(3)
    async with running(log.relay(kafka, topic_prefix)) as relay:
        await asyncio.sleep(0)
        await topics.apply(kafka, topic_prefix)

        async def there() -> bool:
            return relay.position == 3

        await eventually(there)


async def test_the_record_names_the_last_event_and_the_epoch(kafka: str, prefix: str, log: Log) -> None:
    await log.append(1500)
    await relayed(log.relay(kafka, prefix), 1500)
    found = await messages(kafka, [topics.positions_partition(prefix)])
    records = [RelayRecord.of(each.value) for each in found if each.key == KEY]
    (row,) = await log.store.read(1499, 1)
    assert records[-1] == RelayRecord(1500, row["event_id"], log.store.epoch)
