"""`jobstream replay`, as an operator runs it beside a system at work."""

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from projections.deadlines.fold import deadlines
from projections.generations import ensure_generations
from projections.read_model import ReadModel
from projections.service_jobs.fold import service_jobs
from runtime.system import READ_MODELS
from tests.conformance.trade import Trade
from tests.jobstream import Ended, jobstream
from tests.running import KEY, Running, running, until

_PERSONAL = "Jane Roe"


@pytest.fixture
async def there(database: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A system at work, with one job that was handed on and synchronised."""
    async with running(database, tmp_path) as found:
        trade = Trade(found.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")

        async def synced() -> bool:
            return await trade.statuses(job_id) == ["synced"]

        await until(synced, 60)
        await found.system.caught_up(await found.system.store.head())
        yield found


async def replay(there: Running, *arguments: str) -> Ended:
    return await jobstream("replay", *arguments, DATABASE_URL=there.system.database.dsn)


async def spoil(there: Running) -> None:
    """As a wrong fold might have left it."""
    pool = there.system.database.pool
    await pool.execute("update service_jobs_v1.service_job set homeowner_name = $1, routings = 7", _PERSONAL)
    await pool.execute("update routings_v1.routing set sync_status = 'failed'")


async def effects(there: Running) -> dict[str, Any]:
    """What the system has recorded and done to the world."""
    tables = ("events", "mock_pos_jobs", "fired_deadlines", "dead_letters", "idempotency_keys")
    return {table: await there.system.database.pool.fetch(f"select * from {table} order by 1") for table in tables}


async def test_a_difference_is_shown_repaired_and_taken_back(there: Running) -> None:
    same = await replay(there, "--all", "--dry-run")
    assert (same.status, same.output.count("no difference")) == (0, len(READ_MODELS))
    await spoil(there)
    shown = await replay(there, "service_jobs", "--dry-run")
    assert shown.status == 1
    assert "service_jobs_v1: 1 row differs\n" in shown.output
    assert "homeowner_name *** → ***; routings 7 → 1" in shown.output
    assert _PERSONAL not in shown.output + shown.errors
    repaired = await replay(there, "service_jobs", "routings", "--yes", "--json")
    assert repaired.status == 0
    jobs, routings = repaired.json
    assert (jobs["read_model"], jobs["rows"], jobs["exchanged"]) == ("service_jobs_v1", 1, True)
    assert routings["tables"]["routing"]["examples"]["changed"][0]["values"] == {
        "sync_status": {"live": "failed", "other": "synced"}
    }
    pool = there.system.database.pool
    assert await pool.fetchval("select routings from service_jobs_v1.service_job") == 1
    assert await pool.fetchval("select sync_status from routings_v1.routing") == "synced"
    back = await replay(there, "service_jobs", "--rollback", "--yes")
    assert (back.status, back.output.splitlines()[-1]) == (
        0,
        f"service_jobs_v1: exchanged at position {jobs['position']:,}; what was live is service_jobs_v1_old1",
    )
    assert await pool.fetchval("select routings from service_jobs_v1.service_job") == 7


async def test_too_large_a_difference_is_refused_and_the_work_is_not_lost(there: Running) -> None:
    await spoil(there)
    refused = await replay(there, "routings", "--yes", "--max-changes", "0")
    assert refused.status == 3
    assert "1 row differs, more than --max-changes 0; routings_v1_next stays for --resume" in refused.output
    resumed = await replay(there, "routings", "--yes", "--resume", "--keep", "0")
    assert resumed.status == 0
    kept = "select nspname from pg_namespace where nspname like 'routings%'"
    assert [row["nspname"] for row in await there.system.database.pool.fetch(kept)] == ["routings_v1"]


async def test_a_part_is_repaired_where_rows_come_from_one_stream_each(there: Running) -> None:
    await spoil(there)
    part = ["--type", "RoutingCreated", "--since", "1"]
    assert (await replay(there, "routings", *part, "--dry-run")).status == 1
    repaired = await replay(there, "routings", "deadlines", *part, "--yes")
    assert (repaired.status, repaired.output.splitlines()[-2:]) == (
        0,
        ["routings_v1: repaired, of 1 stream", f"{deadlines.schema}: no difference"],
    )
    row = await there.system.database.pool.fetchrow("select id, sync_status from routings_v1.routing")
    assert row is not None
    assert row["sync_status"] == "synced"
    same = await replay(there, "--all", "--stream", str(row["id"]), "--dry-run")
    assert same.status == 0
    assert "passed over: live_updates_v1: its rows do not come from one stream each" in same.errors
    alone = await replay(there, "live_updates", "--stream", str(row["id"]), "--yes")
    assert (alone.status, "jobstream replay live_updates" in alone.errors) == (4, True)


async def test_making_everything_again_sends_nothing(there: Running) -> None:
    before = await effects(there)
    assert len(before["mock_pos_jobs"]) == 1
    assert (await replay(there, "--all", "--yes")).status == 0
    assert (await replay(there, "routings", "--since", "1", "--yes")).status == 0
    assert await effects(there) == before
    # Agents and timers are at work: by the time that a later job is synchronised they would have done the rest too.
    trade = Trade(there.client)
    job_id = await trade.job(await trade.sender("Another"), "Blocked drain", "plumbing")

    async def synced() -> bool:
        return await trade.statuses(job_id) == ["synced"]

    await until(synced, 60)
    after = await effects(there)
    assert len(after["mock_pos_jobs"]) == 2
    assert [event["type"] for event in after["events"]].count("RoutingClaimed") == 2


async def test_a_person_who_is_erased_is_in_no_old_generation_and_no_earlier_version_either(there: Running) -> None:
    assert (await replay(there, "service_jobs", "--yes")).status == 0
    job_id = await there.system.database.pool.fetchval("select id from service_jobs_v1_old1.service_job")
    await earlier(there, service_jobs)
    home, dsn = str(there.system.settings.jobstream_home), there.system.database.dsn
    erase = ("erase", str(job_id), "--reason", "asked", "--yes")
    erased = await jobstream(*erase, DATABASE_URL=dsn, JOBSTREAM_HOME=home)
    assert (erased.status, "nothing is left" in erased.output) == (0, True), erased


async def earlier(there: Running, model: ReadModel) -> str:
    """The schema of a version before, as a deployment leaves it behind."""
    before = ReadModel(model.name, model.version - 1, model.tables)
    await ensure_generations(there.system.database.pool, [before], there.system.store.epoch)
    for table in model.tables:
        copied = f"insert into {before.schema}.{table.name} select * from {model.schema}.{table.name}"
        await there.system.database.pool.execute(copied)
    return before.schema


async def test_what_an_earlier_version_left_is_shown_and_dropped_when_somebody_says_so(there: Running) -> None:
    left = await earlier(there, deadlines)
    said = f"{deadlines.schema}: {left} is of an earlier version"
    made = await replay(there, "deadlines", "--yes")
    assert f"{said}: --drop-outdated drops what nobody needs any more" in made.output
    looked = await replay(there, "--all", "--drop-outdated", "--dry-run")
    assert (looked.status, looked.output) == (1, f"{said}\n")
    dropped = await replay(there, "--all", "--drop-outdated", "--yes", "--json")
    assert (dropped.status, [one["outdated"] for one in dropped.json if one["dropped"]]) == (0, [[left]])
    again = await replay(there, "--all", "--drop-outdated", "--yes")
    assert (again.status, again.output) == (0, "nothing of earlier versions is left\n")
    kept = "select nspname from pg_namespace where nspname like 'deadlines%' order by 1"
    names = [row["nspname"] for row in await there.system.database.pool.fetch(kept)]
    assert names == [deadlines.schema, f"{deadlines.schema}_old1"]


class Terminal:
    """A command that believes that a person sits there."""

    def __init__(self, *arguments: str, **changes: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            env=os.environ | {"MASTER_KEY": KEY, "COLUMNS": "100"} | changes,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.shown = ""

    def read_until(self, text: str) -> None:
        while text not in self.shown:
            self.shown += os.read(self._ours, 4096).decode()

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def ended(self) -> int:
        with suppress(OSError):  # what a terminal answers when nobody has it open any more
            while part := os.read(self._ours, 4096):
                self.shown += part.decode()
        os.close(self._ours)
        return self._process.wait(60)


async def test_on_a_terminal_it_shows_a_bar_and_asks(there: Running) -> None:
    await spoil(there)
    for answer, status, said in (("n", 3, "not exchanged: the answer was no"), ("y", 0, "exchanged at position")):
        terminal = Terminal("replay", "routings", "--resume", DATABASE_URL=there.system.database.dsn)
        await asyncio.to_thread(terminal.read_until, "Exchange routings_v1? [y/N]:")
        terminal.type(answer)
        assert await asyncio.to_thread(terminal.ended) == status
        assert f"routings_v1: {said}" in terminal.shown
        assert "routings_v1: comparing" in terminal.shown
        assert "sync_status failed → synced" in terminal.shown


async def test_on_a_terminal_it_asks_before_anything_is_dropped(there: Running) -> None:
    left = await earlier(there, deadlines)
    for answer, status, schema in (("n", 3, left), ("y", 0, None)):
        terminal = Terminal("replay", "deadlines", "--drop-outdated", DATABASE_URL=there.system.database.dsn)
        await asyncio.to_thread(terminal.read_until, "Drop them? [y/N]:")
        terminal.type(answer)
        assert await asyncio.to_thread(terminal.ended) == status
        name = await there.system.database.pool.fetchval("select to_regnamespace($1)::text", left)
        assert name == schema


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["routings"], "say --yes to go ahead, or --dry-run"),
        (["no_such_model", "--yes"], "'routings'"),
        (["--yes"], "or say --all"),
        (["routings", "--resume", "--dry-run"], "not with --dry-run"),
        (["routings", "--type", "RoutingSynced", "--rollback", "--yes"], "repaired in place"),
        (["routings", "--drop-outdated", "--rollback", "--yes"], "makes nothing"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_done(arguments: list[str], said: str) -> None:
    ended = CliRunner().invoke(main, ["replay", *arguments])
    assert (ended.exit_code, said in ended.output) == (2, True), ended.output
