"""A provider that times out may have done it, or may do it later: in the end it has one job."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from infra.recorded_rows import recorded
from projections.deadlines.fold import deadlines
from tests.contract.tradeengage.desk import Desk
from tests.grammar import StandingClock
from tests.integration.pos.conftest import Simulator
from tests.integration.tradeengage.conftest import Open
from tests.running import until

pytestmark = pytest.mark.usefixtures("soon")


async def test_a_job_that_was_created_before_the_timeout_is_found_and_not_made_twice(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        await desk.register(provider_type="servicetitan")
        await titan.fail("create", "do_then_time_out")
        job = await desk.post()
        await desk.routing(job, "failed")
        [created] = await titan.jobs()
        clock.move(timedelta(seconds=3))
        synced = await desk.routing(job, "synced")
        assert synced["external_id"] == str(created["id"])
        clock.move(timedelta(minutes=6))
        assert await _reconciled(desk, synced["id"]) == []
        assert [one["jobStatus"] for one in await titan.jobs()] == ["Scheduled"]


async def test_a_job_that_is_created_after_the_timeout_is_noticed_and_cancelled(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        await desk.register(provider_type="servicetitan")
        await titan.fail("create", "time_out_then_do", seconds=2)
        job = await desk.post()
        await desk.routing(job, "failed")
        clock.move(timedelta(seconds=3))
        synced = await desk.routing(job, "synced")

        async def two_of_them() -> bool:
            return len(await titan.jobs()) == 2

        await until(two_of_them)
        clock.move(timedelta(minutes=6))
        [removed] = await _reconciled(desk, synced["id"])
        statuses = {str(one["id"]): one["jobStatus"] for one in await titan.jobs()}
        assert statuses == {synced["external_id"]: "Scheduled", removed: "Canceled"}
        assert (await desk.routing(job, "synced"))["external_id"] == synced["external_id"]
        waiting = await desk.running.system.database.pool.fetch(f"select kind from {deadlines.schema}.deadline")
        assert [row["kind"] for row in waiting] == []


async def _reconciled(desk: Desk, routing_id: str) -> list[str]:
    """What was removed, once it is recorded that the provider has one job only."""
    system = desk.running.system

    async def reconciled() -> list[Any]:
        rows = await system.store.read_stream(UUID(routing_id))
        return [row for row in rows if row["type"] == "RoutingReconciled"]

    [row] = await until(reconciled)
    return list(recorded(row, system.store.epoch, system.codec.decode)["removed"])
