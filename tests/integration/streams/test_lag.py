"""What waits for an agent that is run from Kafka, as the database tells it: against a look at every single event."""

import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from aiokafka.partitioner import DefaultPartitioner

from infra.database import Database
from streams import kafka_lag, topics
from streams.lag import AgentProgress, Waiting
from tests.kafka_log import Log, opened_log

TOPIC = topics.EVENTS["dispatch"]
_MOVED = """insert into agent_checkpoints (agent, feed, partition, position, next_offset) values ('one', $1, $2, $3, 0)
    on conflict (agent, feed, partition) do update set position = excluded.position"""


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        yield log


def partition(stream_id: UUID) -> int:
    return int(DefaultPartitioner()(str(stream_id).encode(), list(range(TOPIC.partitions)), []))


async def positions(log: Log) -> dict[int, list[int]]:
    """Of the context's events, by partition."""
    found: dict[int, list[int]] = {number: [] for number in range(TOPIC.partitions)}
    for row in await log.store.read(0, 100_000):
        if row["category"] == "dispatch":
            found[partition(row["stream_id"])].append(row["position"])
    return found


async def move(database: Database, checkpoints: dict[int, int]) -> None:
    for number, position in checkpoints.items():
        await database.pool.execute(_MOVED, f"prefix.{TOPIC.name}", number, position)


async def waiting(progress: AgentProgress) -> Waiting | None:
    found = await progress.of("one", ("dispatch",))
    assert (found.feed, found.running) == ("kafka", None)
    return found.waiting


async def test_the_oldest_waiting_event_is_found_whatever_each_partition_has_passed(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_lag, "_CHUNK", 7)  # so that there are many
    await log.append(600)
    by_partition, chance, progress = await positions(log), random.Random(5), AgentProgress(log.database.pool)
    passed = dict.fromkeys(by_partition, 0)
    while any(passed[number] < at[-1] for number, at in by_partition.items()):
        for number, at in by_partition.items():
            passed[number] = max(passed[number], chance.choice([at[-1], chance.choice(at)]))
        await move(log.database, passed)
        open_ = [position for number, at in by_partition.items() for position in at if position > passed[number]]
        found = await waiting(progress)
        assert (found.position if found else None) == min(open_, default=None)


async def test_events_of_other_contexts_do_not_wait_for_an_agent(log: Log) -> None:
    await log.append(60)
    by_partition, progress = await positions(log), AgentProgress(log.database.pool)
    await move(log.database, {number: at[-1] for number, at in by_partition.items()})
    await log.database.pool.execute("update events set category = 'identity' where position > 50")
    assert await waiting(progress) is None
    first = await log.append(50) - 50 + 1
    found = await waiting(progress)
    assert found is not None
    assert found.position == min(at for ats in (await positions(log)).values() for at in ats if at >= first)
    assert found.type == "dispatch.RoutingSynced"


async def test_an_agent_that_nobody_ever_ran_has_everything_before_it(log: Log) -> None:
    await log.append(3)
    found = await AgentProgress(log.database.pool).of("one", ("dispatch",))
    assert (found.feed, found.running) == ("store", False)
    assert found.waiting is not None
    assert found.waiting.position == 1
