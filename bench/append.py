"""Appends a second, against the recorder that comes with the eventsourcing library: `python -m bench.append`.

An append is 4 events of 120 bytes over 2 new streams; ours carries a command id and metadata too. Both are on one
embedded server with fsync on, in alternate rounds, at 128 callers: tasks for ours, threads for the library's, which
blocks. The library's application recorder, with its factory's default settings, is the one that orders events as ours.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from infra.event_store import Append, EventStore, NewEvent, Status
from infra.identifiers import new_id
from infra.migrations import migrate

CALLERS = 128
ROUNDS = 5
OURS_EACH, THEIRS_EACH = 40, 8  # appends of each caller in a round
PROCESSES = 4
_DATA = bytes(120)
_POOL, _OVERFLOW = 5, 10  # the library's factory's defaults


def _append() -> Append:
    now, owner = datetime.now(UTC), UUID(int=1)
    events = [
        NewEvent(stream, version, "dispatch", "RoutingSynced", new_id(), owner, _DATA, now)
        for stream in (new_id(), new_id())
        for version in (1, 2)
    ]
    metadata = {"correlation_id": str(new_id()), "actor": "bench", "command": "RecordSync"}
    return Append(tuple(events), metadata, command_id=new_id())


def _stored() -> list[StoredEvent]:
    topic = "dispatch.RoutingSynced"
    return [StoredEvent(id, version, topic, _DATA) for id in (new_id(), new_id()) for version in (1, 2)]


async def ours(store: EventStore, callers: int = CALLERS, each: int = OURS_EACH) -> float:
    """Seconds that the callers take."""
    work = [[_append() for _ in range(each)] for _ in range(callers)]

    async def call(appends: list[Append]) -> None:
        for append in appends:
            assert (await store.append(append)).status is Status.OK

    started = time.perf_counter()
    await asyncio.gather(*map(call, work))
    return time.perf_counter() - started


def theirs(recorder: PostgresApplicationRecorder) -> float:
    """Seconds that the callers take."""
    work = [[_stored() for _ in range(THEIRS_EACH)] for _ in range(CALLERS)]

    def call(appends: list[list[StoredEvent]]) -> None:
        for events in appends:
            recorder.insert_events(events)

    with ThreadPoolExecutor(CALLERS) as callers:
        started = time.perf_counter()
        list(callers.map(call, work))
        return time.perf_counter() - started


def _recorder(dsn: str, functions: bool) -> PostgresApplicationRecorder:
    host = unquote(dsn.split("host=")[1])
    sizes: dict[str, Any] = {"pool_size": _POOL, "max_overflow": _OVERFLOW, "enable_db_functions": functions}
    store = PostgresDatastore("postgres", host, 5432, "postgres", "", **sizes)
    recorder = PostgresApplicationRecorder(store, events_table_name=f"stored_events_{functions}".lower())
    recorder.create_table()
    return recorder


async def _side_by_side(store: EventStore, dsn: str) -> dict[str, Any]:
    recorders = [_recorder(dsn, functions) for functions in (False, True)]
    rates: list[tuple[float, float, float]] = []
    await ours(store, each=5)
    for _ in range(ROUNDS):
        mine = CALLERS * OURS_EACH / await ours(store)
        plain, fast = [CALLERS * THEIRS_EACH / await asyncio.to_thread(theirs, recorder) for recorder in recorders]
        rates.append((mine, plain, fast))
    for recorder in recorders:
        recorder.datastore.close()
    mine, plain, fast = (round(statistics.median(column)) for column in zip(*rates, strict=True))
    return {
        "name": "appends a second, 4 events over 2 streams, 128 callers",
        "ours": mine,
        "theirs": plain,
        "ratio": round(statistics.median(one[0] / one[1] for one in rates), 1),
        "target": 20,
        "theirs with database functions": fast,
    }


async def _processes(dsn: str, count: int) -> float:
    """Appends a second of so many processes that share the callers."""
    command = (sys.executable, "-m", "bench.append", dsn, str(CALLERS // count))
    pipe = asyncio.subprocess.PIPE
    started = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(count)]
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in started))
    return CALLERS * OURS_EACH / max(float(out) for out, _ in answers)


async def _one_process(dsn: str, callers: int) -> None:
    database = await Database.open(dsn)
    store = await EventStore.open(database)
    await ours(store, callers, 5)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(await ours(store, callers))
    await store.close()
    await database.close()


async def measure() -> dict[str, Any]:
    """Ours and theirs, and how much competing processes cost."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        dsn = await server.start()
        await migrate(dsn)
        database = await Database.open(dsn)
        store = await EventStore.open(database)
        result = await _side_by_side(store, dsn)
        await store.close()
        await database.close()
        for count in (1, PROCESSES):
            rounds = [await _processes(dsn, count) for _ in range(3)]
            result[f"{count} process{'es' if count > 1 else ''}"] = round(statistics.median(rounds))
        await server.stop()
    return result


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_one_process(sys.argv[1], int(sys.argv[2])))
    else:
        print(asyncio.run(measure()))
