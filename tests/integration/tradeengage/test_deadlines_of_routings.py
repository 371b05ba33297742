"""What time brings about: expired leases, retries, the promised five minutes, and giving up. The clock is moved."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.dispatch import ClaimRouting
from infra import telemetry
from infra.recorded_rows import recorded
from streams.agent import sender
from streams.agents.pos_sync import LEASE
from tests.contract.tradeengage.desk import Desk
from tests.grammar import StandingClock
from tests.integration.pos.conftest import Simulator
from tests.integration.tradeengage.conftest import Open
from tests.running import until

pytestmark = pytest.mark.usefixtures("soon")


async def events(desk: Desk, routing: dict[str, Any]) -> list[str]:
    rows = await desk.running.system.store.read_stream(UUID(routing["id"]))
    return [row["type"] for row in rows]


def recorded_in(desk: Desk, routing: dict[str, Any], type: str, times: int = 1) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return (await events(desk, routing)).count(type) == times

    return there


async def posted(desk: Desk) -> dict[str, Any]:
    await desk.register(provider_type="servicetitan")
    return await desk.post()


async def crashed_after_the_claim(desk: Desk, routing: dict[str, Any]) -> None:
    """What a worker leaves behind that dies between its claim and its call."""
    system = desk.running.system
    [row] = await system.store.read_stream(UUID(routing["id"]))
    created = recorded(row, system.store.epoch, system.codec.decode)
    claim = ClaimRouting(created.stream_id, "worker that died", LEASE)
    await sender(system.bus, "pos_sync", created)(claim, created.stream_id)


async def test_a_claim_whose_worker_died_is_taken_over_when_its_lease_has_run_out(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock, agents=False, timers=False) as desk:
        job = await posted(desk)
        [routing] = await desk.routings(job)
        await crashed_after_the_claim(desk, routing)
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        assert (await desk.routing(job, "processing"))["external_id"] is None
        clock.move(timedelta(seconds=49))
        await until_handled(desk)
        assert await titan.jobs() == []
        clock.move(timedelta(seconds=2))
        assert (await desk.routing(job, "synced"))["retry_count"] == 1
        assert len(await titan.jobs()) == 1
        assert await events(desk, routing) == [
            "RoutingCreated",
            "RoutingClaimed",
            "RoutingSyncRequested",
            "RoutingClaimed",
            "RoutingSynced",
        ]


async def until_handled(desk: Desk) -> None:
    """Until the agents have handled what is in the log by now, a redelivered event too."""
    head = await desk.head()

    async def handled() -> bool:
        # An agent's checkpoint is saved with what comes next.
        await desk.client.patch(f"/companies/{desk.company}", json={"name": uuid4().hex})
        query = "select position from agent_checkpoints where agent in ('matching', 'pos_sync')"
        rows = await desk.running.system.database.pool.fetch(query)
        return len(rows) == 2 and all(row["position"] >= head for row in rows)

    await until(handled)


async def test_a_failure_is_tried_again_when_its_time_has_come(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        await titan.fail("create", "500")
        job = await posted(desk)
        failed = await desk.routing(job, "failed")
        assert (failed["retry_count"], failed["error_message"]) == (0, "servicetitan: create answered 500")
        clock.move(timedelta(seconds=3))
        synced = await desk.routing(job, "synced")
        assert (synced["retry_count"], synced["error_message"]) == (1, None)


async def test_a_restart_forgets_no_deadline(open_desk: Open, titan: Simulator, clock: StandingClock) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        await titan.fail("create", "500")
        job = await posted(desk)
        await desk.routing(job, "failed")
    clock.move(timedelta(hours=1))
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        await desk.routing(job, "synced")


async def test_a_routing_that_is_not_synchronised_in_five_minutes_is_reported_once(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        await titan.fail("create", "409", times=1)  # refused: it is not tried again by itself
        job = await posted(desk)
        routing = await desk.routing(job, "failed")
        before = telemetry.SYNC_SLA_BREACHED._value.get()

        async def breached() -> bool:
            return bool(telemetry.SYNC_SLA_BREACHED._value.get() == before + 1)

        clock.move(timedelta(minutes=5))
        await until(breached)
        clock.move(timedelta(hours=1))
        answer = await desk.client.post(f"/jobs/{job['id']}/sync", json={"company_id": routing["company_id_received"]})
        assert answer.json()["sync_status"] == "synced"
        assert (await events(desk, routing)).count("RoutingSyncOverdue") == 1
        assert telemetry.SYNC_SLA_BREACHED._value.get() == before + 1


async def test_after_the_ninth_failure_a_routing_is_a_dead_letter(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        # After five failures the circuit breaker answers instead of the provider: those attempts count as well.
        await titan.fail("create", "500", times=20)
        job = await posted(desk)
        [routing] = await desk.routings(job)
        for attempt in range(1, 9):
            await until(recorded_in(desk, routing, "RoutingSyncFailed", attempt))
            clock.move(timedelta(minutes=13))
        await until(recorded_in(desk, routing, "RoutingDeadLettered"))
        assert (await desk.routing(job, "failed"))["retry_count"] == 8
        clock.move(timedelta(days=1))
        await until_handled(desk)
        assert (await events(desk, routing)).count("RoutingClaimed") == 9
        assert await titan.jobs() == []
