"""Relays that are killed at named points of a transaction, and one that wakes after another took over."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import pytest

from streams import topics
from tests.fault.kafka.test_relay_crashes import (
    assert_each_stream_in_order,
    has_relayed,
    positions,
    said_active,
    start,
)
from tests.kafka_log import Log, messages, opened_log

DYING = "tests.fault.points.dying"
RELAY = "tests.fault.kafka.relay_process"
BATCH = 50  # of that program
POINTS = ("read to publish", "half of a batch sent", "events sent", "record sent", "committed")

_END_THE_LEAD = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
 where datname = current_database() and application_name = 'jobstream ' || $1 || 'relay' and pid in
  (select pid from pg_locks where locktype = 'advisory' and granted)"""


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


async def test_a_relay_may_be_killed_at_any_named_point(kafka: str, topic_prefix: str, log: Log) -> None:
    await topics.apply(kafka, topic_prefix)
    arguments = (log.database.dsn, kafka, topic_prefix)
    for point in POINTS:
        await log.append(120)
        dying = await asyncio.create_subprocess_exec(sys.executable, "-m", DYING, point, RELAY, *arguments, stdout=PIPE)
        async with asyncio.timeout(60):
            assert await dying.wait() == -signal.SIGKILL
    total = await log.append(10)
    last = await start(*arguments)
    await has_relayed(kafka, topic_prefix, total)
    await killed(last)
    found = await messages(kafka, topics.event_partitions(topic_prefix))
    assert positions(found) == list(range(1, total + 1))
    assert_each_stream_in_order(found)
    written = await messages(kafka, topics.event_partitions(topic_prefix), "read_uncommitted")
    assert len(written) - len(found) > 2 * BATCH  # of three transactions that were left open


async def test_a_relay_that_wakes_after_another_took_over_is_fenced_and_repeats_nothing(
    kafka: str,
    topic_prefix: str,
    log: Log,
) -> None:
    """It holds no lock any more and does not know it: nothing but Kafka's own fence keeps it from writing."""
    await topics.apply(kafka, topic_prefix)
    arguments = (log.database.dsn, kafka, topic_prefix)
    await log.append(20_000)
    first = await start(*arguments)
    await said_active(first)
    first.send_signal(signal.SIGSTOP)
    assert await log.database.pool.fetchval(_END_THE_LEAD, topic_prefix) == 1
    second = await start(*arguments)
    await said_active(second)
    first.send_signal(signal.SIGCONT)
    total = await log.append(1000)
    await has_relayed(kafka, topic_prefix, total)
    assert first.returncode is None
    await killed(second)
    total = await log.append(100)
    await has_relayed(kafka, topic_prefix, total)  # by the first one, which stood by again
    await killed(first)
    found = await messages(kafka, topics.event_partitions(topic_prefix))
    assert positions(found) == list(range(1, total + 1))
    assert_each_stream_in_order(found)


async def killed(process: Process) -> None:
    process.kill()
    await process.wait()
