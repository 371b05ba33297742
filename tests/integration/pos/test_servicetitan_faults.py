"""ServiceTitan on a bad day: what the adapter concludes from each way of failing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from starlette.responses import JSONResponse

from infra.outbound import Ambiguous, CircuitOpen, Refused, Throttled, Unavailable
from infra.pos.servicetitan import ServiceTitan, adapter
from tests.integration.pos.conftest import ACME, Simulator, Time, served, titan_at, work_order


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


async def test_a_create_that_times_out_after_doing_it_is_ambiguous_and_then_found(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    order = work_order()
    await simulator.fail("create", "do_then_time_out")
    with pytest.raises(Ambiguous):
        await titan.create(ACME, order)
    assert len(await titan.find(ACME, order.routing_id)) == 1


async def test_a_create_that_times_out_before_doing_it_is_found_only_later(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    order = work_order()
    await simulator.fail("create", "time_out_then_do", seconds=2.0)
    with pytest.raises(Ambiguous):
        await titan.create(ACME, order)
    assert await titan.find(ACME, order.routing_id) == []

    async def there() -> bool:
        return len(await titan.find(ACME, order.routing_id)) == 1

    await until(there)


async def test_a_create_repeated_too_early_leaves_two_jobs_to_be_found(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    order = work_order()
    await simulator.fail("create", "time_out_then_do", seconds=0.5)
    with pytest.raises(Ambiguous):
        await titan.create(ACME, order)
    await titan.create(ACME, order)

    async def twice() -> bool:
        return len(await titan.find(ACME, order.routing_id)) == 2

    await until(twice)


@pytest.mark.parametrize("fault", ["drop", "html", "500", "slow"])
async def test_a_create_without_a_usable_answer_is_ambiguous(
    titan: ServiceTitan, simulator: Simulator, fault: str
) -> None:
    await simulator.fail("create", fault)
    with pytest.raises(Ambiguous):
        await titan.create(ACME, work_order())


@pytest.mark.parametrize("fault", ["drop", "html", "500", "slow"])
async def test_a_read_without_a_usable_answer_is_repeated(
    titan: ServiceTitan, simulator: Simulator, fault: str
) -> None:
    order = work_order()
    created = await titan.create(ACME, order)
    await simulator.fail("list", fault, times=2)
    assert await titan.find(ACME, order.routing_id) == [created]
    await simulator.fail("list", fault, times=3)
    with pytest.raises(Unavailable):
        await titan.find(ACME, order.routing_id)


@pytest.mark.parametrize("operation", ["customers", "locations"])
@pytest.mark.parametrize("fault", ["drop", "html", "500", "slow", "do_then_time_out"])
async def test_nothing_is_in_doubt_while_only_customer_and_location_were_asked_for(
    titan: ServiceTitan, simulator: Simulator, operation: str, fault: str
) -> None:
    order = work_order()
    await simulator.fail(operation, fault)
    with pytest.raises(Unavailable):
        await titan.create(ACME, order)
    assert await simulator.jobs() == []
    await titan.create(ACME, order)
    assert len(await simulator.jobs()) == 1


async def test_a_second_try_uses_the_customer_of_the_first(titan: ServiceTitan, simulator: Simulator) -> None:
    order, next_order = work_order(), work_order()
    await simulator.fail("create", "429")
    with pytest.raises(Throttled):
        await titan.create(ACME, order)
    first = await titan.create(ACME, order)
    second = await titan.create(ACME, next_order)
    # Ids count up: customer, location, job, and nothing between.
    assert int(second.external_id) - int(first.external_id) == 3


async def test_429_carries_its_retry_after_and_was_certainly_not_done(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    order = work_order()
    await simulator.fail("create", "429", seconds=17)
    with pytest.raises(Throttled) as caught:
        await titan.create(ACME, order)
    assert caught.value.retry_after == 17.0
    assert await simulator.jobs() == []


async def test_a_read_waits_as_long_as_it_is_told(titan: ServiceTitan, simulator: Simulator, time: Time) -> None:
    await simulator.fail("list", "429", seconds=9)
    assert await titan.find(ACME, work_order().routing_id) == []
    assert 9.0 in time.slept


async def test_a_conflict_is_refused_with_its_title(titan: ServiceTitan, simulator: Simulator) -> None:
    await simulator.fail("create", "409")
    with pytest.raises(Refused, match=r"create refused \(409\): Conflict"):
        await titan.create(ACME, work_order())


async def test_an_unreachable_provider_is_unavailable_because_nothing_was_sent() -> None:
    async with titan_at("http://127.0.0.1:1", Time()) as titan:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await titan.create(ACME, work_order())


async def test_a_refused_token_is_refused(titan: ServiceTitan, simulator: Simulator) -> None:
    await simulator.fail("token", "refuse_token")
    with pytest.raises(Refused, match="credentials of acme were refused"):
        await titan.find(ACME, work_order().routing_id)


@pytest.mark.parametrize("operation", ["list", "create"])
async def test_a_token_that_expires_early_is_renewed_once(
    titan: ServiceTitan, simulator: Simulator, operation: str
) -> None:
    order = work_order()
    await titan.create(ACME, work_order())
    await simulator.fail(operation, "401")
    created = await titan.create(ACME, order)
    assert await titan.find(ACME, order.routing_id) == [created]
    await simulator.fail(operation, "401", times=2)
    with pytest.raises(Refused, match="401"):
        await (titan.create(ACME, work_order()) if operation == "create" else titan.find(ACME, order.routing_id))


async def test_a_token_born_expired_is_renewed(titan: ServiceTitan, simulator: Simulator) -> None:
    await simulator.fail("token", "expire_token", seconds=0)
    assert await titan.find(ACME, work_order().routing_id) == []


async def test_many_calls_share_one_token_until_shortly_before_its_end(
    titan: ServiceTitan, simulator: Simulator, time: Time
) -> None:
    order = work_order()
    await simulator.fail("token", "refuse_token", times=2)
    results = await asyncio.gather(*(titan.find(ACME, order.routing_id) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, Refused) for result in results)  # one refusal for all five
    with pytest.raises(Refused):
        await titan.find(ACME, order.routing_id)
    assert await titan.find(ACME, order.routing_id) == []
    await simulator.fail("token", "refuse_token")
    time.skipped += 839
    assert await titan.find(ACME, order.routing_id) == []
    time.skipped += 2
    with pytest.raises(Refused):
        await titan.find(ACME, order.routing_id)


async def test_after_five_failures_nothing_is_sent_until_a_trial_a_minute_later(
    titan: ServiceTitan, simulator: Simulator, time: Time
) -> None:
    routing_id = work_order().routing_id
    await simulator.fail("list", "500", times=5)
    with pytest.raises(Unavailable, match="500"):
        await titan.find(ACME, routing_id)
    with pytest.raises(CircuitOpen):
        await titan.find(ACME, routing_id)  # its second attempt was the fifth failure
    assert await titan.health() == "degraded"
    with pytest.raises(CircuitOpen):
        await titan.create(ACME, work_order())
    time.skipped += 60
    assert await titan.find(ACME, routing_id) == []
    assert await titan.health() == "healthy"


async def test_creates_that_keep_failing_open_the_circuit_though_all_else_works(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    await simulator.fail("create", "500", times=5)
    for _ in range(5):
        order = work_order()
        assert await titan.find(ACME, order.routing_id) == []
        with pytest.raises(Ambiguous):
            await titan.create(ACME, order)
    with pytest.raises(CircuitOpen):
        await titan.create(ACME, work_order())


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "é", 7, None])
async def test_a_token_that_makes_no_sense_is_unavailable(token: object) -> None:
    answer = JSONResponse({"access_token": token, "expires_in": 900})
    async with served(answer) as url, titan_at(url, Time()) as titan:
        with pytest.raises(Unavailable, match="token answered something that makes no sense"):
            await titan.find(ACME, work_order().routing_id)


async def test_our_own_pace_stays_within_the_limit_of_sixty_a_second(
    titan: ServiceTitan, time: Time, simulator: Simulator
) -> None:
    for _ in range(60):
        await titan.find(ACME, work_order().routing_id)
    assert 1 <= len(time.slept) <= 5  # from the 56th request on
    assert all(0 < slept <= 1 for slept in time.slept)


async def test_all_pages_of_completed_jobs_are_read(
    titan: ServiceTitan, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PAGE_SIZE", 2)
    before = datetime.now(UTC)
    created = [await titan.create(ACME, work_order()) for _ in range(5)]
    for job in created:
        await simulator.complete("acme", job.external_id, Decimal("99.90"))
    done = await titan.completed_since(ACME, before)
    assert [job.external_id for job in done] == [job.external_id for job in created]


async def test_tenants_do_not_see_each_others_jobs(titan: ServiceTitan) -> None:
    order = work_order()
    await titan.create(ACME, order)
    assert await titan.find(replace(ACME, tenant="other"), order.routing_id) == []


async def test_a_company_without_credentials_uses_the_development_tenant_of_a_simulator(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    await titan.create(None, work_order())
    assert [job["tenant"] for job in await simulator.jobs()] == ["development"]


async def test_elsewhere_a_company_without_credentials_is_refused() -> None:
    async with titan_at("https://api.servicetitan.example", Time(), development=None) as titan:
        with pytest.raises(Refused, match="no credentials"):
            await titan.find(None, work_order().routing_id)
