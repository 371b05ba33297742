import asyncio
from decimal import Decimal

import asyncpg
import pytest

from domain.clock import SystemClock
from infra.outbound import Outbound, Policy, Refused, Unavailable
from infra.pos.mock import MockProvider
from tests.integration.pos.conftest import Time, work_order


async def test_creating_the_same_order_again_answers_with_the_first_job(mock: MockProvider) -> None:
    order = work_order()
    again = await asyncio.gather(*(mock.create(None, order) for _ in range(5)))
    assert {job.external_id for job in again} == {(await mock.create(None, order)).external_id}
    assert len(await mock.find(None, order.routing_id)) == 1


async def test_ids_are_numbered_and_say_where_they_come_from(mock: MockProvider) -> None:
    assert (await mock.create(None, work_order())).external_id == "mock-10001"


async def test_no_personal_data_is_kept(mock: MockProvider, database: str) -> None:
    await mock.create(None, work_order())
    connection = await asyncpg.connect(database)
    (row,) = await connection.fetch("select t::text as everything from mock_pos_jobs t")
    await connection.close()
    for text in work_order().personal():
        assert text not in row["everything"]


async def test_completing_again_corrects_the_total_and_keeps_the_time(mock: MockProvider) -> None:
    order = work_order()
    job = await mock.create(None, order)
    await mock.complete(job.external_id, Decimal(100))
    (first,) = await mock.find(None, order.routing_id)
    await mock.complete(job.external_id, Decimal(120))
    (second,) = await mock.find(None, order.routing_id)
    assert (second.revenue, second.completed_at) == (Decimal(120), first.completed_at)


async def test_a_cancelled_job_cannot_be_completed(mock: MockProvider) -> None:
    job = await mock.create(None, work_order())
    await mock.cancel(None, job.external_id)
    with pytest.raises(Refused):
        await mock.complete(job.external_id, Decimal(100))


async def test_a_caller_that_goes_away_does_not_stop_the_others(mock: MockProvider) -> None:
    first, second = (asyncio.create_task(mock.create(None, work_order())) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).external_id.startswith("mock-")


async def test_without_its_database_it_is_unavailable_and_soon_degraded(database: str, time: Time) -> None:
    pool = await asyncpg.create_pool(database, min_size=1, max_size=1)
    await pool.close()
    mock = MockProvider(pool, SystemClock(), Outbound("mock", Policy(), now=time.now, sleep=time.sleep))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await mock.create(None, work_order())
    assert await mock.health() == "degraded"
