"""Agents hosted by Faust against a real broker."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from infra.event_store import EpochMismatch
from infra.store_proof import begin_epoch
from schemas.recorded import Recorded
from streams import message, topics
from streams.relay import Relay, transactional_producer
from tests.kafka_agent import TABLE, effects, handled, run_counting
from tests.kafka_log import Log, PlainCodec, eventually, opened_log


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        await log.database.pool.execute(TABLE)
        yield log


@pytest.fixture
async def prefix(kafka: str, topic_prefix: str) -> str:
    await topics.apply(kafka, topic_prefix)
    return topic_prefix


@asynccontextmanager
async def running(*tasks: "asyncio.Task[None]") -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def test_every_event_has_its_effect_and_aborted_ones_have_none(kafka: str, prefix: str, log: Log) -> None:
    last = await log.append(1000)
    async with transactional_producer(kafka, prefix + "aborting") as producer:
        for row in await log.store.read(0, 30):
            await producer.begin_transaction()
            headers = message.to_headers(row, log.store.epoch)
            topic = topics.event_topics(prefix)[row["category"]]
            await producer.send_and_wait(topic, b"never happened", message.key(row), headers=headers)
            await producer.abort_transaction()
    relaying = asyncio.create_task(log.relay(kafka, prefix).run())
    agent = asyncio.create_task(run_counting(log, kafka, prefix))
    async with running(relaying, agent):
        await eventually(lambda: handled(log, last))
        more = await log.append(500)
        await eventually(lambda: handled(log, more))
    assert await effects(log) == list(range(1, more + 1))
    assert await log.database.pool.fetchval("select count(*) from effects where data = 'never happened'") == 0


async def test_a_stopped_agent_goes_on_at_its_own_checkpoint(kafka: str, prefix: str, log: Log) -> None:
    relaying = asyncio.create_task(log.relay(kafka, prefix).run())
    async with running(relaying):
        for count in (200, 300):
            last = await log.append(count)
            async with running(asyncio.create_task(run_counting(log, kafka, prefix))):
                await eventually(lambda last=last: handled(log, last))  # type: ignore[misc]
    assert await effects(log) == list(range(1, last + 1))


async def test_agents_in_one_process_have_apps_of_their_own(kafka: str, prefix: str, log: Log) -> None:
    last = await log.append(100)
    relaying = asyncio.create_task(log.relay(kafka, prefix).run())
    sound = asyncio.create_task(run_counting(log, kafka, prefix, "sound"))
    failing = asyncio.create_task(run_counting(log, kafka, prefix, "failing", FailsAtFirst(10**9)))
    async with running(relaying, sound, failing):
        await eventually(lambda: handled(log, last, "sound"))
    assert await effects(log, "failing") == []


class FailsAtFirst(PlainCodec):
    """As a key that is not there yet."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def open(self, events: Sequence[Recorded]) -> None:
        if self.times:
            self.times -= 1
            raise RuntimeError("not yet")


async def test_an_event_that_could_not_be_handed_over_comes_again_in_a_new_app(
    kafka: str, prefix: str, log: Log
) -> None:
    last = await log.append(50)
    relaying = asyncio.create_task(log.relay(kafka, prefix).run())
    agent = asyncio.create_task(run_counting(log, kafka, prefix, codec=FailsAtFirst(2)))
    async with running(relaying, agent):
        await eventually(lambda: handled(log, last), 40)
    assert await effects(log) == list(range(1, last + 1))


async def test_an_event_of_another_epoch_halts_the_agent(kafka: str, prefix: str, log: Log) -> None:
    last = await log.append(5)
    relay = log.relay(kafka, prefix)
    async with running(asyncio.create_task(relay.run())):
        await eventually(lambda: relayed(relay, last))
    await begin_epoch(log.database)
    async with opened_log(log.database.dsn) as restored:
        with pytest.raises(EpochMismatch):
            await asyncio.wait_for(run_counting(restored, kafka, prefix), 40)


async def relayed(relay: Relay, position: int) -> bool:
    return relay.position == position


def test_faust_is_not_imported_before_an_agent_runs_from_kafka() -> None:
    program = "import sys, streams.kafka_runner; sys.exit('faust' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
