"""`jobstream dlq`, as an operator runs it beside a system at work."""

import asyncio
from pathlib import Path
from uuid import UUID

import orjson

from commands.bus import Envelope
from commands.dispatch import RequestSync
from infra.recorded_rows import recorded
from streams.parking import Parking
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import Running, running


async def dlq(dsn: str, *arguments: str, **changes: str) -> tuple[int, str, str]:
    """Exit status, output and errors."""
    ended = await jobstream("dlq", *arguments, **({"DATABASE_URL": dsn} | changes))
    return ended.status, ended.output, ended.errors


async def park_the_routing(there: Running) -> str:
    """As if the agent had met a defect at the routing's first event; answers the stream's id."""
    system = there.system
    rows = await system.store.read(0, 1000)
    [created] = [
        recorded(row, system.store.epoch, system.codec.decode) for row in rows if row["type"] == "RoutingCreated"
    ]
    await Parking(system.database.pool, "pos_sync").park(created, KeyError("mock"), attempts=1)
    return str(created.stream_id)


async def test_an_operator_lists_the_dead_letters_and_redrives_them(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
        stream_id = await park_the_routing(there)
        status, output, _ = await dlq(database, "list", "--json")
        [listed] = orjson.loads(output)
        assert status == 0
        assert (listed["agent"], listed["stream_id"], listed["waiting"]) == ("pos_sync", stream_id, 1)
        assert listed["error"].startswith("builtins.KeyError")
        assert (await dlq(database, "redrive", "pos_sync", stream_id))[:2] == (0, "1 handled\n")
        await there.system.caught_up(await there.system.store.head())
        assert await trade.statuses(job_id) == ["synced"]
        assert await there.system.database.pool.fetchval("select redriven_at is not null from dead_letters")


async def test_a_redrive_that_fails_again_says_so_by_its_exit_status(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        trade = Trade(there.client)
        company_id = await trade.company("Receiver", "plumbing")
        await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
        stream_id = await park_the_routing(there)
        # No claim can be recorded any more: the event behind it is unreadable.
        await there.system.database.pool.execute(
            "update events set data = '\\x00' where stream_id = $1 and type = 'CompanyRegistered'", company_id
        )
        status, output, errors = await dlq(database, "redrive", "pos_sync", stream_id)
        assert (status, output) == (1, "0 handled\n")
        assert len(errors.strip().splitlines()[-1]) < 200
        left = await there.system.database.pool.fetchrow("select attempts, redriven_at from dead_letters")
        assert (left["attempts"], left["redriven_at"]) == (2, None)


async def test_an_operator_sees_what_a_stream_waits_for_and_gives_it_up_with_a_reason(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        trade = Trade(there.client)
        company_id = await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
        stream_id = await park_the_routing(there)
        system, owner = there.system, UUID(job_id)
        await system.bus.send(RequestSync(UUID(stream_id)), Envelope("tests", owner, "tests", any_owner=True))
        parking = Parking(system.database.pool, "pos_sync")
        for row in await system.store.read_stream(UUID(stream_id), 1):
            await parking.queue_behind(recorded(row, system.store.epoch, system.codec.decode))
        status, output, _ = await dlq(database, "show", "pos_sync", stream_id, "--json")
        shown = orjson.loads(output)
        first, behind = shown["waiting"]
        assert (status, shown["event"]["type"], behind["attempts"]) == (0, "dispatch.RoutingCreated", 0)
        assert shown["event"]["payload"]["company_id"] == company_id

        told = ("drop", "pos_sync", stream_id)
        status, _, errors = await dlq(database, *told, str(behind["position"]), "--reason", "in the wrong order")
        assert (status, f"waits for the event at position {first['position']}" in errors) == (1, True)
        status, output, _ = await dlq(database, *told, str(first["position"]), "--reason", "done by phone")
        assert (status, output) == (0, "dropped\n1 handled\n")
        [dropped] = orjson.loads((await dlq(database, "list", "--dropped", "--json"))[1])
        assert (dropped["position"], dropped["reason"]) == (first["position"], "done by phone")
        assert dropped["dropped_by"]
        assert orjson.loads((await dlq(database, "list", "--json"))[1]) == []
        await system.caught_up(await system.store.head())
        assert await trade.statuses(job_id) == ["synced"]  # by the wish that waited behind


async def test_what_an_operator_gets_wrong_is_named(database: str) -> None:
    stream_id = "01a2054f-19dc-72c0-8483-4c12dec9b5d9"
    misspelt, unset, unreachable = await asyncio.gather(
        dlq(database, "redrive", "no_such_agent", stream_id),
        dlq(database, "list", MASTER_KEY=""),
        dlq("postgresql://127.0.0.1:9/nowhere", "list"),
    )
    assert misspelt[0] == 1
    assert "agents are matching, pos_sync" in misspelt[2]
    assert unset[0] == 2
    assert "MASTER_KEY" in unset[2]
    assert unreachable[0] == 1
    assert "Traceback" not in unreachable[2]
