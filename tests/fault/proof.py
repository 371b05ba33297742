"""What must be true after any number of faults."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from infra.pos.servicetitan.messages import ROUTING_KEY
from projections.columns import quote
from projections.deadlines.fold import deadlines
from projections.routings.fold import routings
from projections.service_jobs.fold import service_jobs
from runtime.system import open_system
from tests.conformance.outcome import differences
from tests.fault.processes.program import HASTY, environment
from tests.integration.pos.conftest import Simulator
from tests.running import settings_for, until

_PATIENCE_SECONDS = 300.0

# Nothing left to do: every service job is routed and shown so, every routing synced, no doubt left to settle.
_OPEN = f"""
select (select count(*) from events where type = 'ServiceJobCreated')
     - (select count(*) from {service_jobs.schema}.service_job where routings > 0) as jobs,
 (select count(*) from events where type = 'RoutingCreated')
     - (select count(*) from {routings.schema}.routing where sync_status = 'synced') as routings,
 (select count(*) from {quote(deadlines.schema)}.deadline where kind like 'routing%') as deadlines"""
_UNSOUND = {
    "positions with a gap": "select count(*) - coalesce(max(position), 0) from events",
    "events out of their stream's order": """select count(*) from (select version,
        lag(version, 1, 0) over (partition by stream_id order by position) as before from events) v
        where version <> before + 1""",
    "events recorded before their predecessor": """select count(*) from (select recorded_at,
        lag(recorded_at) over (order by position) as before from events) r where recorded_at < before""",
    "parked events": "select count(*) from dead_letters where redriven_at is null",
    "streams synced twice": """select count(*) from (select stream_id from events where type = 'RoutingSynced'
        group by 1 having count(*) > 1) twice""",
}
_JOBS = "select stream_id from events where type = 'ServiceJobCreated'"
_ROUTINGS = "select stream_id from events where type = 'RoutingCreated'"
_EVENTS = "select position, recorded_at, type from events where stream_id = $1 order by position"
_AT_MOCK = "select routing_id from mock_pos_jobs where status <> 'canceled'"


async def settled(dsn: str) -> None:
    """Wait until everything that was begun has come to its end."""
    connection = await asyncpg.connect(dsn)
    try:

        async def nothing_open() -> bool:
            return set((await connection.fetchrow(_OPEN)).values()) == {0}  # type: ignore[union-attr]

        try:
            await until(nothing_open, _PATIENCE_SECONDS)
        except AssertionError:
            raise AssertionError(f"still open: {dict(await connection.fetchrow(_OPEN))}") from None  # type: ignore[arg-type]
    finally:
        await connection.close()


async def assert_log_sound(dsn: str, acknowledged: Collection[UUID]) -> int:
    """Nothing is lost that was acknowledged, nothing there twice, each stream in order; how many events there are."""
    connection = await asyncpg.connect(dsn)
    try:
        assert {name: await connection.fetchval(query) for name, query in _UNSOUND.items()} == dict.fromkeys(
            _UNSOUND, 0
        )
        jobs = [row[0] for row in await connection.fetch(_JOBS)]
        assert sorted(jobs) == sorted(acknowledged)
        return int(await connection.fetchval("select count(*) from events"))
    finally:
        await connection.close()


async def assert_once_at_the_providers(dsn: str, simulator: Simulator | None = None) -> int:
    """Each routing has one job that stands, at one provider; how many there are."""
    connection = await asyncpg.connect(dsn)
    try:
        wanted = Counter(row[0] for row in await connection.fetch(_ROUTINGS))
        found = Counter(row[0] for row in await connection.fetch(_AT_MOCK))
    finally:
        await connection.close()
    if simulator is not None:
        found.update(_routing(job) for job in await simulator.jobs() if job["jobStatus"] != "Canceled")
    wrong = {routing: count for routing in wanted | found if (count := found[routing]) != 1 or routing not in wanted}
    if wrong:
        told = "\n".join(
            [f"{count} at the providers: {await _story(dsn, routing)}" for routing, count in wrong.items()]
        )
        raise AssertionError(told)
    return len(found)


async def _story(dsn: str, routing: UUID) -> str:
    """What the log has of one routing."""
    connection = await asyncpg.connect(dsn)
    try:
        events = await connection.fetch(_EVENTS, routing)
    finally:
        await connection.close()
    return f"{routing} " + "".join(f"\n  {e['position']} {e['recorded_at']:%H:%M:%S.%f} {e['type']}" for e in events)


def _routing(job: dict[str, Any]) -> UUID:
    data = job["externalData"]["externalData"]
    return UUID(next(datum["value"] for datum in data if datum["key"] == ROUTING_KEY))


async def assert_verified(home: Path, **settings: str) -> list[str]:
    """`jobstream verify`, beside the system at work, finds store, topics and read models the same; what it says."""
    command = [sys.executable, "-m", HASTY, "verify"]
    process = await asyncio.create_subprocess_exec(*command, env=environment(home, settings), stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    assert process.returncode == 0, (output + errors).decode()
    return output.decode().splitlines()


async def assert_read_models_are_one_fold(dsn: str, home: Path) -> None:
    async with open_system(settings_for(dsn, home), dsn) as system:
        assert await differences(system) == {}
