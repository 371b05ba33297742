"""The store and Kafka's topics are compared event by event; whatever differs is told of by its place."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.registry import Registry
from streams import message, topics
from streams.topic_log import topic_log
from streams.verification import Fault, Report, Same, Sound, check_versions, rows
from tests.integration.kafka.test_relay import relayed
from tests.kafka_log import Log, opened_log

EVENTS = 2500


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


@pytest.fixture
async def prefix(kafka: str, topic_prefix: str, log: Log) -> str:
    """Of topics into which `EVENTS` events were relayed."""
    await topics.apply(kafka, topic_prefix)
    await log.append(EVENTS)
    await relayed(log.relay(kafka, topic_prefix), EVENTS)
    return topic_prefix


async def compared(kafka: str, prefix: str, log: Log, upto: int = EVENTS) -> Report:
    report = Report()
    async with aclosing(rows(log.database.pool, upto)) as ours, aclosing(topic_log(kafka, prefix, 0, upto)) as theirs:
        await Same(prefix, log.store.epoch, report).compare(ours, theirs)
    return report


async def send(kafka: str, topic: str, row: Any, log: Log, **changed: Any) -> None:
    """One more message of an event, as somebody else than the relay might write it."""
    headers = changed.pop("headers", message.to_headers(row, log.store.epoch))
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait(topic, row["data"], **{"key": message.key(row), "headers": headers} | changed)


async def test_what_a_relay_wrote_is_the_same(kafka: str, prefix: str, log: Log) -> None:
    report = await compared(kafka, prefix, log)
    assert (report.compared, report.faults) == (EVENTS, {})


async def test_comparing_goes_no_further_than_asked_beside_a_relay_at_work(kafka: str, prefix: str, log: Log) -> None:
    report = await compared(kafka, prefix, log, 1234)
    assert (report.compared, report.faults) == (1234, {})


async def test_each_kind_of_change_in_the_store_is_found_at_its_place(kafka: str, prefix: str, log: Log) -> None:
    for position, change in {
        10: "data = data || '\\x00'",
        20: "owner = gen_random_uuid()",
        30: 'metadata = metadata || \'{"actor": "somebody else"}\'',
        40: "recorded_at = recorded_at + interval '1 microsecond'",
    }.items():
        await log.database.pool.execute(f"update events set {change} where position = $1", position)
    await log.database.pool.execute("delete from events where position = 50")
    report = await compared(kafka, prefix, log)
    assert report.faults == {Fault.BYTES: 1, Fault.HEADERS: 3, Fault.FOREIGN: 1}
    assert report.examples[Fault.BYTES][0].startswith("position 10, ")
    assert [where.split(",")[0] for where in report.examples[Fault.HEADERS]] == [f"position {n}" for n in (20, 30, 40)]
    assert report.examples[Fault.FOREIGN][0].startswith("position 50, ")


async def test_what_somebody_else_wrote_into_the_topics_is_found(kafka: str, prefix: str, log: Log) -> None:
    topic = prefix + "dispatch.events.v1"
    [row] = [row for row in await log.store.read(EVENTS - 100, 50) if row["category"] == "dispatch"][:1]
    await send(kafka, topic, row, log)
    await send(kafka, topic, row, log, headers=[])
    await send(kafka, topic, row, log, headers=[*message.to_headers(row, log.store.epoch), (message.REPLAY, b"run")])
    report = await compared(kafka, prefix, log)
    assert report.faults == {Fault.AGAIN: 1, Fault.NO_EVENT: 1}
    assert report.examples[Fault.AGAIN][0].startswith(f"position {row['position']}, {topic}/")


async def test_events_that_kafka_lacks_or_has_elsewhere_or_late_are_found(
    kafka: str, prefix: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.topic_log._SETTLE_SECONDS", 1.0)
    head = await log.append(20)
    topic, added = prefix + "dispatch.events.v1", await log.store.read(EVENTS, 20)
    lost, late, elsewhere, *others = [row for row in added if row["category"] == "dispatch"]
    wrong = (await _partition(kafka, prefix, elsewhere) + 1) % topics.EVENTS["dispatch"].partitions
    await send(kafka, topic, elsewhere, log, partition=wrong, key=b"another")
    for row in [*(row for row in added if row["category"] != "dispatch"), *others]:
        await send(kafka, f"{prefix}{row['category']}.events.v1", row, log)
    await send(kafka, topic, late, log, partition=await _partition(kafka, prefix, others[-1]))
    report = await compared(kafka, prefix, log, head)
    assert report.faults == {Fault.MISSING: 1, Fault.ORDER: 1, Fault.PLACE: 1, Fault.KEY: 1}
    assert report.examples[Fault.MISSING] == [f"position {lost['position']}"]
    assert report.examples[Fault.ORDER][0].startswith(f"position {late['position']}, ")
    assert report.examples[Fault.PLACE][0].startswith(f"position {elsewhere['position']}, ")


async def _partition(kafka: str, prefix: str, row: Any) -> int:
    """Where the stream's events belong."""
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        sent = await producer.send_and_wait(
            prefix + "dispatch.events.v1", b"", message.key(row), headers=[(message.REPLAY, b"probe")]
        )
        return int(sent.partition)


async def test_a_store_that_is_not_sound_by_itself_is_found_out(log: Log) -> None:
    await log.append(300)
    pool = log.database.pool
    await pool.execute("delete from events where position = 100")
    await pool.execute("update events set recorded_at = recorded_at - interval '1 day' where position = 200")
    report = Report()
    sound = Sound(Registry(), report)
    async with aclosing(rows(pool, 300)) as every:
        async for row in every:
            sound.take(row)
    await check_versions(pool, report)
    assert report.events == 299
    assert report.faults[Fault.GAP] == 1
    assert report.examples[Fault.GAP] == ["position 100"]
    assert report.examples[Fault.TIME] == ["position 200"]
    assert report.faults[Fault.VERSION] == 1
    assert report.faults[Fault.SCHEMA] == 299  # these events' bytes are made up
