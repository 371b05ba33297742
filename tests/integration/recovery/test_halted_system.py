"""A system at work whose store turns out to lack events: it says so, and ends once the store is recovered."""

import asyncio
from pathlib import Path

import pytest

from infra import store_proof
from infra.database import Database
from infra.event_store import EventStore, StoreRecovered
from runtime.guard import watch
from tests.running import running

FINDING = "events are missing; run jobstream recover"
COMPANY = {"name": "Acme", "provider_type": "mock", "skills": {"plumbing": "expert"}}


async def test_commands_are_refused_with_what_to_do_and_reads_go_on(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        made = (await there.client.post("/companies/", json=COMPANY)).json()
        await store_proof.halt(there.system.database.pool, FINDING)
        refused = await there.client.post("/companies/", json=COMPANY)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
        assert refused.json()["detail"] == FINDING
        assert (await there.client.get(f"/companies/{made['id']}")).status_code == 200
        health = (await there.client.get("/health/detailed")).json()
        assert health["components"]["database"]["event_store"] == "takes no commands, see the log"


async def test_a_process_from_before_a_recovery_ends(store: EventStore, connections: Database) -> None:
    watching = asyncio.create_task(watch(store))
    await store_proof.halt(connections.pool, FINDING)
    await asyncio.sleep(0.1)
    assert not watching.done()
    await connections.pool.execute("update store_epoch set recoveries = recoveries + 1, finding = null")
    with pytest.raises(StoreRecovered):
        await asyncio.wait_for(watching, 30)
