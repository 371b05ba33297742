"""A store takes nothing while it is unknown whether Kafka has seen more of it, or known that it has."""

import asyncio

import pytest

from infra import store_proof
from infra.append_lane import AppendLane
from infra.database import Database
from infra.event_store import EpochMismatch, EventStore, Status, StoreHalted, StoreRecovered
from tests.appends import starting

FINDING = "the store lacks events: jobstream recover"


async def prove(database: Database, prefix: str = "") -> None:
    await store_proof.prove(database.pool, await store_proof.witness(database.pool), prefix)


async def copied(database: Database) -> None:
    """As after a restore: the table that is served is another one."""
    await database.pool.execute("vacuum full events")


async def test_a_store_that_no_relay_has_carried_needs_no_proof(store: EventStore, connections: Database) -> None:
    await copied(connections)
    assert (await store.append(starting())).status is Status.OK


async def test_a_restored_store_takes_nothing_until_a_relay_has_compared_it(
    store: EventStore, connections: Database
) -> None:
    await prove(connections)
    assert (await store.append(starting())).status is Status.OK
    await copied(connections)
    appending = asyncio.create_task(store.append(starting()))
    impatient = AppendLane(connections.dsn, store.epoch, patience=0.1)
    with pytest.raises(StoreHalted, match="start a relay"):
        await impatient.append(starting())
    assert not appending.done()
    await prove(connections)
    assert (await appending).first == 2
    assert (await impatient.append(starting())).first == 3
    await impatient.close()


async def test_what_was_compared_before_the_restore_proves_nothing(store: EventStore, connections: Database) -> None:
    witness = await store_proof.witness(connections.pool)
    await copied(connections)
    await store_proof.prove(connections.pool, witness, "")
    assert not (await store_proof.proof(connections.pool)).proven


async def test_a_store_that_lacks_events_refuses_appends_and_reads_with_what_was_found(
    store: EventStore, connections: Database
) -> None:
    await store.append(starting())
    await store_proof.halt(connections.pool, FINDING)
    for asked in (store.append(starting()), store.read(0, 10), store.head()):
        with pytest.raises(StoreHalted, match="jobstream recover"):
            await asked


async def test_a_relay_that_finds_nothing_amiss_takes_no_finding_back(store: EventStore, connections: Database) -> None:
    await store_proof.halt(connections.pool, FINDING)
    await prove(connections)
    with pytest.raises(StoreHalted, match="jobstream recover"):
        await store.append(starting())


async def test_a_process_from_before_a_recovery_neither_appends_nor_reads(
    store: EventStore, connections: Database
) -> None:
    await store.append(starting())
    await connections.pool.execute("update store_epoch set recoveries = recoveries + 1")
    for asked in (store.append(starting()), store.read(0, 10), store.head()):
        with pytest.raises(StoreRecovered, match="start it again"):
            await asked
    again = await EventStore.open(connections)
    assert (await again.append(starting())).first == 2
    await again.close()


async def test_a_new_epoch_needs_no_proof_and_remembers_the_ones_before(
    store: EventStore, connections: Database
) -> None:
    await store_proof.halt(connections.pool, FINDING)
    epoch = await store_proof.begin_epoch(connections)
    with pytest.raises(EpochMismatch):
        await store.append(starting())
    found = await store_proof.proof(connections.pool)
    assert (found.epoch, found.past, found.proven, found.finding) == (epoch, (store.epoch,), True, None)
