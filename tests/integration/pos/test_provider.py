"""What every provider does, the embedded one and ServiceTitan alike."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from infra.outbound import Refused
from infra.pos.provider import ExternalStatus
from tests.integration.pos.conftest import Shop, at_start, work_order


async def test_a_created_job_is_found_by_our_own_id(shop: Shop) -> None:
    order = work_order()
    created = await shop.provider.create(shop.credentials, order)
    assert (created.routing_id, created.status) == (order.routing_id, ExternalStatus.SCHEDULED)
    assert await shop.provider.find(shop.credentials, order.routing_id) == [created]


async def test_nothing_is_found_for_an_order_that_was_never_created(shop: Shop) -> None:
    await shop.provider.create(shop.credentials, work_order())
    assert await shop.provider.find(shop.credentials, uuid4()) == []


async def test_a_completed_job_comes_with_its_revenue_and_time(shop: Shop) -> None:
    before = datetime.now(UTC)
    order = work_order()
    created = await shop.provider.create(shop.credentials, order)
    assert await shop.provider.completed_since(shop.credentials, before) == []
    await shop.complete(created, Decimal("450.25"))
    (done,) = await shop.provider.completed_since(shop.credentials, before)
    assert (done.external_id, done.routing_id) == (created.external_id, order.routing_id)
    assert (done.status, done.revenue) == (ExternalStatus.COMPLETED, Decimal("450.25"))
    assert done.completed_at is not None
    assert before <= done.completed_at <= datetime.now(UTC)
    assert await shop.provider.completed_since(shop.credentials, datetime.now(UTC) + timedelta(minutes=1)) == []


async def test_a_cancelled_job_can_be_cancelled_again(shop: Shop) -> None:
    order = work_order()
    created = await shop.provider.create(shop.credentials, order)
    for _ in range(2):
        await shop.provider.cancel(shop.credentials, created.external_id)
    (found,) = await shop.provider.find(shop.credentials, order.routing_id)
    assert found.status is ExternalStatus.CANCELED


async def test_a_completed_job_cannot_be_cancelled(shop: Shop) -> None:
    created = await shop.provider.create(shop.credentials, work_order())
    await shop.complete(created, Decimal(100))
    with pytest.raises(Refused):
        await shop.provider.cancel(shop.credentials, created.external_id)


@pytest.mark.parametrize("external_id", ["999999", "mock-999999", "../secrets", "", "mock-", "１２"])
async def test_cancelling_what_does_not_exist_is_refused(shop: Shop, external_id: str) -> None:
    with pytest.raises(Refused):
        await shop.provider.cancel(shop.credentials, external_id)


async def test_concurrent_orders_get_a_job_each(shop: Shop) -> None:
    orders = [work_order() for _ in range(10)]
    created = await asyncio.gather(*(shop.provider.create(shop.credentials, order) for order in orders))
    assert [job.routing_id for job in created] == [order.routing_id for order in orders]
    assert len({job.external_id for job in created}) == 10


async def test_a_provider_that_answers_is_healthy(shop: Shop) -> None:
    await shop.provider.completed_since(shop.credentials, at_start())
    assert await shop.provider.health() == "healthy"


async def test_a_provider_says_how_long_a_create_may_take(shop: Shop) -> None:
    assert 10 < shop.provider.create_seconds < 300
