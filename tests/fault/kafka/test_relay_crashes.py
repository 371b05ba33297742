"""Relays that are killed, fenced or left without a broker: nothing is lost, nothing is relayed twice."""

import asyncio
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiokafka import ConsumerRecord

from infra.kafka.broker import Broker
from streams import topics
from streams.relay import Relay, transactional_producer
from streams.relay_record import KEY, RelayRecord
from tests.kafka_log import Log, eventually, messages, opened_log

KILLS = 12
MORE_KILLS = 48  # at most, until one has hit an open transaction: they are short


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


async def start(*arguments: str) -> Process:
    module = "tests.fault.kafka.relay_process"
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, stdout=PIPE)


async def said_active(process: Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while (await process.stdout.readline()).strip() != b"active":
            assert process.returncode is None


def positions(found: list[ConsumerRecord]) -> list[int]:
    return sorted(int(dict(each.headers)["jobstream_position"]) for each in found)


async def relayed_position(bootstrap: str, prefix: str) -> int:
    found = [each for each in await messages(bootstrap, [topics.positions_partition(prefix)]) if each.key == KEY]
    return RelayRecord.of(found[-1].value).position if found else 0


async def has_relayed(bootstrap: str, prefix: str, position: int) -> None:
    async def there() -> bool:
        return await relayed_position(bootstrap, prefix) >= position

    await eventually(there, 60)


async def left_something_open(bootstrap: str, prefix: str) -> bool:
    """Whether there is more than what was committed: what an aborted transaction wrote."""
    partitions = topics.event_partitions(prefix)
    return len(await messages(bootstrap, partitions, "read_uncommitted")) > len(await messages(bootstrap, partitions))


async def test_twelve_kills_at_any_moment_lose_and_repeat_nothing(kafka: str, topic_prefix: str, log: Log) -> None:
    await topics.apply(kafka, topic_prefix)
    moments, takeovers, hit = random.Random(7), [], False
    active = await start(log.database.dsn, kafka, topic_prefix)
    await said_active(active)
    standing_by = await start(log.database.dsn, kafka, topic_prefix)
    while len(takeovers) < KILLS or (not hit and len(takeovers) < KILLS + MORE_KILLS):
        total = await log.append(2500)  # there is always something under way, however fast the relays are
        await asyncio.sleep(moments.uniform(0, 0.05))
        active.kill()
        killed = time.monotonic()
        await active.wait()
        await said_active(standing_by)
        takeovers.append(time.monotonic() - killed)
        active, standing_by = standing_by, await start(log.database.dsn, kafka, topic_prefix)
        if len(takeovers) >= KILLS:
            await has_relayed(kafka, topic_prefix, total)
            hit = await left_something_open(kafka, topic_prefix)
    assert hit, "no kill hit an open transaction"
    for process in (active, standing_by):
        process.kill()
        await process.wait()
    found = await messages(kafka, topics.event_partitions(topic_prefix))
    assert positions(found) == list(range(1, total + 1))
    assert_each_stream_in_order(found)
    assert max(takeovers) < 30  # and not after the minute in which Kafka itself ends an open transaction


def assert_each_stream_in_order(found: list[ConsumerRecord]) -> None:
    latest: dict[bytes, int] = {}
    for each in found:
        version = int(dict(each.headers)["jobstream_version"])
        assert version == latest.get(each.key, 0) + 1
        latest[each.key] = version


async def test_a_rival_under_the_same_id_fences_the_relay_which_starts_over_and_repeats_nothing(
    kafka: str, topic_prefix: str, log: Log
) -> None:
    await topics.apply(kafka, topic_prefix)
    await log.append(100)
    relay = log.relay(kafka, topic_prefix)
    task = asyncio.create_task(relay.run())
    await has_relayed(kafka, topic_prefix, 100)
    rival = transactional_producer(kafka, f"{topic_prefix}jobstream.relay")
    await rival.start()
    await rival.begin_transaction()
    await rival.send_and_wait(topic_prefix + "dispatch.events.v1", b"from a rival", key=b"rival")
    await rival.stop()
    await log.append(100)
    await has_relayed(kafka, topic_prefix, 200)
    assert positions(await messages(kafka, topics.event_partitions(topic_prefix))) == list(range(1, 201))
    await cancelled(task)


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_broker_that_restarts_in_the_middle_costs_nothing(
    own_broker: Broker, topic_prefix: str, log: Log, how: str
) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    relay = log.relay(own_broker.bootstrap, topic_prefix)
    task = asyncio.create_task(relay.run())
    total = await log.append(20_000)
    await eventually(lambda: past(relay, 2_000))
    await (own_broker.stop() if how == "stop" else own_broker.kill())
    total = await log.append(500)
    await own_broker.start()
    await eventually(lambda: past(relay, total), 60)
    await cancelled(task)
    found = await messages(own_broker.bootstrap, topics.event_partitions(topic_prefix))
    assert positions(found) == list(range(1, total + 1))
    assert_each_stream_in_order(found)


async def test_a_relay_that_loses_its_lock_stops_relaying_until_it_has_it_again(
    kafka: str, topic_prefix: str, log: Log
) -> None:
    await topics.apply(kafka, topic_prefix)
    await log.append(10)
    relay = log.relay(kafka, topic_prefix)
    task = asyncio.create_task(relay.run())
    await eventually(lambda: past(relay, 10))
    ended = await log.database.pool.fetchval(
        "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    assert ended == 1
    await log.append(10)
    await eventually(lambda: past(relay, 20))
    await cancelled(task)
    assert positions(await messages(kafka, topics.event_partitions(topic_prefix))) == list(range(1, 21))


async def test_a_relay_can_be_stopped_in_the_middle_of_a_transaction_while_the_broker_is_away(
    own_broker: Broker, topic_prefix: str, log: Log
) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    relay = log.relay(own_broker.bootstrap, topic_prefix)
    task = asyncio.create_task(relay.run())
    total = await log.append(20_000)
    await eventually(lambda: past(relay, 1_000))
    await own_broker.kill()
    async with asyncio.timeout(60):
        await cancelled(task)
    await own_broker.start()
    task = asyncio.create_task(log.relay(own_broker.bootstrap, topic_prefix).run())
    await has_relayed(own_broker.bootstrap, topic_prefix, total)
    await cancelled(task)
    found = await messages(own_broker.bootstrap, topics.event_partitions(topic_prefix))
    assert positions(found) == list(range(1, total + 1))


async def past(relay: Relay, position: int) -> bool:
    return relay.position >= position


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
