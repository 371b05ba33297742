import asyncio
import time
from collections.abc import Iterator
from unittest.mock import patch

import asyncpg
import pytest

from infra.append import EpochMismatch
from infra.event_store import CHANNEL, EventStore, Row
from infra.log_ranges import GapInLog
from infra.store_proof import begin_epoch
from streams.feeds import StoreFeed
from tests.integration.projections.recording import Recording


@pytest.fixture
def reads(recording: Recording) -> Iterator[list[int]]:
    """The positions after which the recording's store is read; it answers as ever."""
    seen: list[int] = []
    read = EventStore.read

    async def noted(store: EventStore, after: int, limit: int) -> list[Row]:
        if store is recording.store:
            seen.append(after)
        return await read(store, after, limit)

    with patch.object(EventStore, "read", noted):
        yield seen


def quiet(recording: Recording) -> StoreFeed:
    """A feed that does not poll within a test's time."""
    return recording.feed(poll_seconds=60)


async def test_events_come_in_order_and_without_a_gap_whatever_the_limit(recording: Recording) -> None:
    await recording.life(1000)
    for limit in (1, 7, 1000, 2000, 5000):
        feed, positions = quiet(recording), list[int]()
        while len(positions) < 2500 and (events := await feed.read(len(positions), limit)):
            assert len(events) <= limit
            positions += [event.position for event in events]
            if limit == 1 and len(positions) == 20:
                break
        assert positions == list(range(1, len(positions) + 1))
    assert len(positions) == 2500


async def test_several_readers_share_one_read_and_one_decoding(recording: Recording, reads: list[int]) -> None:
    await recording.life(10)
    feed = quiet(recording)
    batches = await asyncio.gather(*(feed.read(0, 100) for _ in range(5)))
    assert reads == [0]
    assert all(one[0] is batches[0][0] for one in batches)
    assert batches[0][0].payload is batches[1][0].payload
    assert [event.position for event in await feed.read(7, 100)] == list(range(8, 26))
    assert reads == [0]


async def test_the_events_in_memory_are_bounded(recording: Recording, reads: list[int]) -> None:
    for _ in range(3):
        await recording.life(1000)
    feed = quiet(recording)
    position = 0
    while events := await feed.read(position, 2000):
        position = events[-1].position
    assert position == 7500
    assert sum(len(block.events) for block in feed._blocks.values()) <= 3000
    del reads[:]
    assert (await feed.read(6900, 10))[0].position == 6901
    assert reads == []
    assert (await feed.read(0, 10))[0].position == 1
    assert reads == [0]


async def test_a_hint_wakes_whoever_waits_for_something_new(recording: Recording) -> None:
    feed = quiet(recording)
    waiting = asyncio.create_task(feed.wait(0, timeout=30))
    await asyncio.sleep(0)
    feed.hint(await recording.append(recording.created(recording.companies[0])))
    await asyncio.wait_for(waiting, 25)
    assert len(await feed.read(0, 10)) == 1


async def test_a_notification_wakes_whoever_waits(recording: Recording) -> None:
    async with quiet(recording) as feed:
        recording.database.listen(CHANNEL, feed.heard)
        waiting = asyncio.create_task(feed.wait(0, timeout=30))
        await recording.append(recording.created(recording.companies[0]))
        await asyncio.wait_for(waiting, 25)
        assert len(await feed.read(0, 10)) == 1


async def test_what_was_missed_while_not_listening_is_asked_for(recording: Recording) -> None:
    async with quiet(recording) as feed:
        waiting = asyncio.create_task(feed.wait(0, timeout=30))
        await recording.append(recording.created(recording.companies[0]))
        feed.heard(None)
        await asyncio.wait_for(waiting, 25)


async def test_a_lost_notification_is_made_up_for_by_the_slow_poll(recording: Recording) -> None:
    async with recording.feed(poll_seconds=0.05) as feed:
        waiting = asyncio.create_task(feed.wait(0, timeout=30))
        await asyncio.sleep(0)
        await recording.append(recording.created(recording.companies[0]))
        await asyncio.wait_for(waiting, 25)


async def test_a_hint_that_does_not_come_true_wakes_nobody_twice(recording: Recording) -> None:
    feed = quiet(recording)
    feed.hint(99)
    assert await feed.read(0, 10) == []
    started = time.monotonic()
    await feed.wait(0, timeout=0.05)
    assert time.monotonic() - started >= 0.045


async def test_a_wait_ends_after_its_time(recording: Recording) -> None:
    await asyncio.wait_for(quiet(recording).wait(0, timeout=0.01), 25)


async def test_a_reader_that_is_cancelled_does_not_stop_the_others(recording: Recording) -> None:
    await recording.life(10)
    feed = quiet(recording)
    first, second = (asyncio.create_task(feed.read(0, 100)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 25


async def test_a_gap_is_never_passed_over(recording: Recording) -> None:
    await recording.life(10)
    await recording.pool.execute("delete from events where position = 5")
    with pytest.raises(GapInLog, match="gap after position 0"):
        await quiet(recording).read(0, 100)


async def test_a_new_epoch_of_the_store_reaches_whoever_reads(recording: Recording) -> None:
    await recording.life(10)
    async with recording.feed(poll_seconds=0.05) as feed:
        await begin_epoch(recording.database)
        await asyncio.wait_for(feed.wait(0, timeout=30), 25)
        with pytest.raises(EpochMismatch):
            await feed.read(0, 100)


async def test_the_poll_outlives_a_lost_connection(recording: Recording) -> None:
    async with recording.feed(poll_seconds=0.02) as feed:
        waiting = asyncio.create_task(feed.wait(0, timeout=30))
        connection = await asyncpg.connect(recording.dsn)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await connection.close()
        await recording.append(recording.created(recording.companies[0]))
        await asyncio.wait_for(waiting, 25)
