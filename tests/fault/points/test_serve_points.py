"""`jobstream serve` is killed at named points, one after the other over one log: each job is there and done once."""

import asyncio
import signal
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from projections.routings.fold import routings
from tests.conformance.outcome import differences
from tests.conformance.trade import Sender, Trade, job
from tests.fault import proof
from tests.fault.processes.program import HASTY, Program, program
from tests.integration.streams.test_dlq_command import park_the_routing
from tests.jobstream import jobstream
from tests.running import running, until

DYING = "tests.fault.points.dying"
POINTS = ("appended", "rows and checkpoint written", "claimed", "created at the provider")
SKILL = "plumbing"

_WAITS_FOR_THE_TABLE = "select count(*) from pg_locks where relation = $1::regclass and not granted"

pytestmark = pytest.mark.usefixtures("as_hasty")


async def trading(dsn: str, home: Path) -> Sender:
    """A company that takes jobs, and one that hands them on."""
    async with running(dsn, home, agents=False, timers=False) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", SKILL)
        return await trade.sender("Sender")


async def post(url: str, sender: Sender, key: str) -> UUID | None:
    """The job's id; None when nobody lives to answer, or the read models do not show it yet."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        try:
            answer = await client.post("/jobs/", json=job(sender, "Drip", [SKILL]), headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None
    return None if answer.status_code == 503 else UUID(answer.raise_for_status().json()["id"])


async def test_serve_may_be_killed_at_any_named_point(database: str, tmp_path: Path) -> None:
    sender, keys = await trading(database, tmp_path), []
    for point in POINTS:
        keys.append(str(uuid4()))
        async with program("serve", tmp_path, HASTY, (DYING, point), DATABASE_URL=database) as dying:
            await died(dying, sender, keys[-1])
    async with program("serve", tmp_path, DATABASE_URL=database) as serve:
        await serve.ready()
        jobs = [await until(partial(post, serve.url, sender, key)) for key in keys]
        await proof.settled(database)
        await proof.assert_log_sound(database, jobs)
        assert await proof.assert_once_at_the_providers(database) == len(POINTS)
        assert await serve.stop() == 0, serve.log[-3000:]
    await proof.assert_read_models_are_one_fold(database, tmp_path)


async def died(dying: Program, sender: Sender, key: str) -> None:
    async def dead() -> bool:
        await post(dying.url, sender, key)
        return dying.ended_by_itself is not None

    await until(dead, 60)
    assert dying.ended_by_itself == -signal.SIGKILL, dying.log[-3000:]


async def test_a_projector_may_be_killed_between_the_rows_and_the_checkpoint_of_a_batch(
    database: str, tmp_path: Path
) -> None:
    """Its statement moves the checkpoint and then waits for a lock on the rows' table. PostgreSQL does not hear of the
    death before it answers: the statement goes on, holding the lease, while the next projector stands by.
    """
    sender, table = await trading(database, tmp_path), f"{routings.schema}.routing"
    other: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(database)
    async with program("serve", tmp_path, DATABASE_URL=database) as killed:
        await killed.ready()
        async with other.transaction():
            await other.execute(f"lock table {table} in share mode")
            answered = asyncio.create_task(post(killed.url, sender, str(uuid4())))

            async def waits() -> bool:
                return bool(await other.fetchval(_WAITS_FOR_THE_TABLE, table))

            await until(waits)
            await killed.kill()
            await answered
            async with program("serve", tmp_path, DATABASE_URL=database) as serve:
                await until(lambda: answers(serve))
                await other.execute("rollback")
                await serve.ready()
                await proof.settled(database)
                assert await serve.stop() == 0, serve.log[-3000:]
    await other.close()
    await proof.assert_read_models_are_one_fold(database, tmp_path)


async def answers(serve: Program) -> bool:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        try:
            return (await client.get(f"{serve.url}/health/live")).status_code == 200
        except httpx.TransportError:
            return False


async def test_a_rebuild_that_is_killed_in_the_middle_of_its_flip_leaves_the_live_generation(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", SKILL)
        sender = await trade.sender("Sender")
        jobs = [await trade.job(sender, "Dripping tap", SKILL) for _ in range(3)]
        replay = ("replay", "routings", "--yes")
        killed = await jobstream(*replay, through=(DYING, "exchanged, not committed"), DATABASE_URL=database)
        assert killed.status == -signal.SIGKILL

        async def synced() -> bool:
            return [await trade.statuses(job) for job in jobs] == [["synced"]] * len(jobs)

        await until(synced)
        jobs.append(await trade.job(sender, "Dripping tap", SKILL))
        resumed = await jobstream(*replay, "--resume", DATABASE_URL=database)
        assert resumed.status == 0, resumed.errors
        await until(synced)
        await there.system.caught_up(await there.system.store.head())
        assert await differences(there.system) == {}


async def test_a_redrive_that_is_killed_after_its_effect_has_no_second_one(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", SKILL)
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", SKILL)
        stream_id = await park_the_routing(there)
        redrive = ("dlq", "redrive", "pos_sync", stream_id)
        killed = await jobstream(*redrive, through=(DYING, "redriven"), DATABASE_URL=database)
        assert killed.status == -signal.SIGKILL
        assert (await jobstream(*redrive, DATABASE_URL=database)).output == "1 handled\n"
        await there.system.caught_up(await there.system.store.head())
        assert await trade.statuses(job_id) == ["synced"]
    await proof.assert_log_sound(database, [UUID(job_id)])
    assert await proof.assert_once_at_the_providers(database) == 1
