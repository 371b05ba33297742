import asyncio
import random
import signal
import sys
from uuid import UUID

from infra.append import Append
from infra.database import Database
from infra.event_store import EventStore
from tests.appends import assert_sound
from tests.fault.event_store.writing import write


class Acknowledged:
    """What writers were told is stored: each first position with the ids from there on."""

    def __init__(self) -> None:
        self._appends: list[tuple[int, list[UUID]]] = []

    def __call__(self, append: Append, first: int) -> None:
        self._appends.append((first, [event.event_id for event in append.events]))

    def parse(self, lines: list[str]) -> None:
        for words in (line.split() for line in lines):
            self._appends.append((int(words[0]), [UUID(word) for word in words[1:]]))

    def __len__(self) -> int:
        return len(self._appends)

    async def assert_all_stored_once(self, database: Database) -> int:
        """Answers how many events are stored."""
        stored = await database.pool.fetch("select event_id from events order by position")
        ids = [row["event_id"] for row in stored]
        assert len(set(ids)) == len(ids)
        for first, expected in self._appends:
            assert ids[first - 1 : first - 1 + len(expected)] == expected
        return await assert_sound(database.pool)


class Reader:
    """Polls `position > n` all the while, as feeds do, and would notice whatever it skipped."""

    def __init__(self, store: EventStore) -> None:
        self._store, self._task = store, asyncio.create_task(self._poll())
        self.seen = 0

    async def _poll(self) -> None:
        while True:
            for row in await self._store.read(self.seen, 50):
                assert row["position"] == self.seen + 1
                self.seen = row["position"]
            await asyncio.sleep(0)

    async def reach(self, position: int) -> None:
        """Wait until everything up to `position` has been read; fails if anything was skipped."""
        async with asyncio.timeout(60):
            while self.seen < position:
                await asyncio.wait({self._task}, timeout=0.01)
                if self._task.done():
                    self._task.result()
        self._task.cancel()


async def test_sixteen_writers_on_twenty_streams_lose_and_repeat_nothing(
    store: EventStore, connections: Database
) -> None:
    acknowledged, reader = Acknowledged(), Reader(store)
    await asyncio.gather(*(write(store, 30, acknowledged) for _ in range(16)))
    assert len(acknowledged) == 480
    await reader.reach(await acknowledged.assert_all_stored_once(connections))


async def test_cancelled_callers_harm_nobody(store: EventStore, connections: Database) -> None:
    acknowledged = Acknowledged()
    innocent = [asyncio.create_task(write(store, 40, acknowledged)) for _ in range(6)]
    while not all(task.done() for task in innocent):
        victims = [asyncio.create_task(write(store, 5, acknowledged)) for _ in range(8)]
        for victim in random.sample(victims, 8):
            await asyncio.sleep(random.random() * 0.004)
            victim.cancel()
        await asyncio.wait(victims)
    await asyncio.gather(*innocent)
    await acknowledged.assert_all_stored_once(connections)


async def test_a_lane_whose_backend_is_terminated_again_and_again_fails_nobody(
    store: EventStore, connections: Database
) -> None:
    acknowledged, reader = Acknowledged(), Reader(store)
    writers = [asyncio.create_task(write(store, 60, acknowledged)) for _ in range(8)]
    cuts = 0
    while not all(task.done() for task in writers):
        await asyncio.sleep(0.05 + random.random() * 0.1)
        cuts += await connections.pool.fetchval(
            """select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and application_name = 'jobstream append'"""
        )
    await asyncio.gather(*writers)
    assert cuts > 3
    assert len(acknowledged) == 480
    await reader.reach(await acknowledged.assert_all_stored_once(connections))


async def _writer(dsn: str, count: int) -> asyncio.subprocess.Process:
    arguments = ("-m", "tests.fault.event_store.writing", dsn, str(count))
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)


async def _lines(writer: asyncio.subprocess.Process, count: int | None = None) -> list[str]:
    """What the process says: all of it, or the first `count` lines; the last is left out if it was cut off."""
    assert writer.stdout is not None
    lines: list[bytes] = []
    while (count is None or len(lines) < count) and (line := await writer.stdout.readline()):
        lines.append(line)
    return [line.decode() for line in lines if line.endswith(b"\n")]


async def test_several_processes_write_one_gapless_log(store: EventStore, connections: Database) -> None:
    acknowledged, reader = Acknowledged(), Reader(store)
    writers = [await _writer(connections.dsn, 20) for _ in range(3)]
    for lines in await asyncio.gather(*map(_lines, writers)):
        acknowledged.parse(lines)
    assert [await writer.wait() for writer in writers] == [0, 0, 0]
    assert len(acknowledged) == 3 * 4 * 20
    await reader.reach(await acknowledged.assert_all_stored_once(connections))


async def test_a_killed_writer_loses_nothing_it_was_told_and_stops_nobody(
    store: EventStore, connections: Database
) -> None:
    acknowledged, reader = Acknowledged(), Reader(store)
    survivor = asyncio.create_task(write(store, 100, acknowledged))
    for count in (1, 20, 60):
        writer = await _writer(connections.dsn, 100_000)
        lines = await _lines(writer, count)
        writer.kill()
        acknowledged.parse(lines + await _lines(writer))
        await writer.wait()
    await survivor
    await reader.reach(await acknowledged.assert_all_stored_once(connections))


async def test_a_stopped_process_holds_up_no_other(store: EventStore, connections: Database) -> None:
    """The lock lives inside the function: a client that stops after sending its call holds nothing."""
    writer = await _writer(connections.dsn, 100_000)
    await _lines(writer, 1)
    writer.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(60):
        await write(store, 20, Acknowledged())
    writer.kill()
    await writer.wait()
