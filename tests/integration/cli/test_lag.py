"""`jobstream lag` beside a running system, and beside none."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.event_store import EventStore
from infra.recorded_rows import recorded
from runtime.lag import Lags
from runtime.parts import agents
from runtime.system import READ_MODELS, System
from streams.parking import Parking
from tests.appends import appending, happened, starting
from tests.conformance.trade import Trade
from tests.jobstream import Ended, jobstream, started
from tests.running import over_kafka, running, until

SECONDS = 150.0  # seven Faust apps in one process take their time on a busy machine


async def lag(dsn: str, *arguments: str, **changes: str) -> Ended:
    return await jobstream("lag", *arguments, DATABASE_URL=dsn, **changes)


async def nobody_behind(system: System) -> None:
    lags = Lags(system)

    async def none() -> bool:
        return not any(each.events or each.error for each in await lags.look())

    await until(none, SECONDS)


def names(system: System) -> set[str]:
    return {model.name for model in READ_MODELS} | {agent.name for agent in agents(system)}


async def test_nobody_is_behind_in_a_system_that_keeps_up(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path) as there:
        await Trade(there.client).company("Receiver", "plumbing")
        await nobody_behind(there.system)
        ended = await lag(database, "--json", "--max", "0", "--max-seconds", "0")
        found = ended.json
        assert {each["name"] for each in found} == names(there.system)
        assert {(each["error"], each["oldest"], each["seconds"]) for each in found} == {(None, None, 0.0)}
        assert {each["feed"] for each in found if each["kind"] == "agent"} == {"store"}
        assert ended.status == 0


async def test_what_nobody_runs_says_so_and_how_far_it_is_behind(database: str, store: EventStore) -> None:
    await store.append(starting(streams=2, events=3))
    allowed, told = await asyncio.gather(
        lag(database, "--max", "6", "--max-seconds", "3600"), lag(database, "--json", "--max", "5")
    )
    assert allowed.status == 0
    assert "no process runs it  dispatch.RoutingSynced at 1 waits since 20" in allowed.output
    assert {(each["events"], each["oldest"]["position"], each["error"]) for each in told.json} == {
        (6, 1, "no process runs it")
    }
    assert all(each["seconds"] > 0 for each in told.json)
    assert {each["name"] for each in told.json} >= {model.name for model in READ_MODELS} | {"matching", "pos_sync"}
    assert told.status == 1
    assert "too far behind: companies, " in told.errors


async def test_what_has_stopped_or_left_events_aside_says_so(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        store = there.system.store
        await store.append(appending(happened(uuid4(), 1, b"no event", "RoutingCreated")))
        poisoned = recorded((await store.read(0, 1))[0], store.epoch, there.system.codec.decode)
        await Parking(there.system.database.pool, "pos_sync").park(poisoned, KeyError("mock"), attempts=1)

        async def stopped() -> dict[str, Any] | None:
            found = {each["name"]: each for each in (await lag(database, "--json")).json}
            return found if found["routings"]["error"] else None

        found = await until(stopped, 60)
        assert found["routings"]["error"].endswith("dispatch.RoutingCreated at position 1")
        assert found["routings"]["oldest"]["type"] == "dispatch.RoutingCreated"
        assert found["companies"]["error"] is None
        assert found["pos_sync"]["error"] == "no process runs it; 1 parked: see jobstream dlq list"


async def test_watching_looks_again_and_again(database: str, store: EventStore) -> None:
    async with started("lag", "--watch", "--json", DATABASE_URL=database) as watching:
        assert b'"events":0' in await watching.output_line()
        await store.append(starting())

        async def seen() -> bool:
            return b'"events":1' in await watching.output_line()

        await until(seen, 60)
    refused = await lag(database, "--watch", "--max", "1")
    assert refused.status == 2
    assert "--watch goes on for ever" in refused.errors


@pytest.mark.timeout(2 * SECONDS)
async def test_agents_and_relay_over_kafka_are_told_as_well(
    database: str, tmp_path: Path, kafka: str, topic_prefix: str
) -> None:
    brokers = {"KAFKA_BOOTSTRAP_SERVERS": kafka, "KAFKA_TOPIC_PREFIX": topic_prefix}
    async with over_kafka(database, tmp_path, kafka, topic_prefix) as there:
        await Trade(there.client).company("Receiver", "plumbing")
        await nobody_behind(there.system)
        found = (await lag(database, "--json", **brokers)).json
        assert {each["name"] for each in found} == names(there.system) | {"relay"}
        assert {each["error"] for each in found} == {None}
        assert {each["feed"] for each in found if each["kind"] == "agent"} == {"kafka"}
    left = {each["name"]: each for each in (await lag(database, "--json", **brokers)).json}
    assert left["relay"]["error"] == "no process runs it"
    away = await lag(database, "--max-seconds", "3600", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")
    assert away.status == 1
    assert "Kafka does not answer: KafkaConnectionError" in away.output
    assert away.errors.rstrip().endswith("too far behind: relay")
