"""POST /jobs/{id}/sync: now, once, and safe to repeat."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR, SYNCED
from tests.grammar import StandingClock
from tests.integration.pos.conftest import Simulator
from tests.integration.tradeengage.conftest import Open
from tests.running import until

pytestmark = pytest.mark.usefixtures("soon")


async def titan_company(desk: Desk) -> str:
    return str((await desk.register(provider_type="servicetitan"))["id"])


async def sync(desk: Desk, job: dict[str, Any], company: str, **headers: str) -> httpx.Response:
    return await desk.client.post(f"/jobs/{job['id']}/sync", json={"company_id": company}, headers=headers)


async def test_a_job_is_synchronised_at_once_and_a_repetition_changes_nothing(
    open_desk: Open, titan: Simulator
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url) as desk:
        company = await titan_company(desk)
        job = await desk.post()
        first = await sync(desk, job, company)
        assert first.status_code == 200, first.text
        assert_like(SYNCED, first.json())
        head = await desk.head()
        again = await sync(desk, job, company)
        assert (again.status_code, again.json()) == (200, first.json())
        assert await desk.head() == head
        [at_titan] = await titan.jobs()
        assert str(at_titan["id"]) == first.json()["external_id"]


async def test_twenty_at_once_beside_the_agent_make_one_job(open_desk: Open, titan: Simulator) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url) as desk:
        company = await titan_company(desk)
        job = await desk.post()
        answers = await asyncio.gather(*(sync(desk, job, company) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["external_id"] for answer in answers}) == 1
        assert len(await titan.jobs()) == 1
        [routing] = await desk.routings(job)
        assert routing["retry_count"] == 0


async def test_a_job_that_was_not_routed_to_a_company_cannot_be_synchronised_to_it(open_desk: Open) -> None:
    async with open_desk() as desk:
        company = (await desk.register(service_area={"states": ["OH"]}))["id"]
        answer = await sync(desk, await desk.post(), company)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")


async def test_a_failing_provider_is_a_sync_error_and_a_later_retry_succeeds(
    open_desk: Open, titan: Simulator, clock: StandingClock
) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, clock=clock) as desk:
        company = await titan_company(desk)
        await titan.fail("create", "500", times=2)
        job = await desk.post()
        await desk.routing(job, "failed")
        answer = await sync(desk, job, company)
        assert (answer.status_code, answer.json()["error_code"]) == (502, "SYNC_ERROR")
        assert_like(ERROR, answer.json())
        assert answer.json()["detail"] == "servicetitan: create answered 500"
        failed = await desk.routing(job, "failed")
        assert (failed["retry_count"], failed["error_message"]) == (1, answer.json()["detail"])
        clock.move(timedelta(minutes=1))
        synced = await desk.routing(job, "synced")
        assert (synced["retry_count"], synced["error_message"]) == (2, None)


async def test_a_refused_job_is_a_sync_error_until_its_cause_is_mended(open_desk: Open, titan: Simulator) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url) as desk:
        company = await titan_company(desk)
        await titan.fail("create", "409", times=2)
        job = await desk.post()
        await desk.routing(job, "failed")
        refused = await sync(desk, job, company)
        assert (refused.status_code, refused.json()["error_code"]) == (502, "SYNC_ERROR")
        assert (await sync(desk, job, company)).json()["sync_status"] == "synced"


async def test_a_repeated_key_answers_with_the_first_failure(open_desk: Open, titan: Simulator) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url) as desk:
        company = await titan_company(desk)
        await titan.fail("create", "409", times=2)
        job = await desk.post()
        await desk.routing(job, "failed")
        key = {"Idempotency-Key": "once"}
        first = await sync(desk, job, company, **key)
        again = await sync(desk, job, company, **key)
        assert (again.status_code, again.json()["detail"]) == (502, first.json()["detail"])
        assert (await desk.routing(job, "failed"))["retry_count"] == 1


async def test_a_provider_that_does_not_answer_is_a_sync_error_in_time(
    open_desk: Open, titan: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.tradeengage.jobs.SYNC_SECONDS", 0.2)
    async with open_desk(SERVICETITAN_URL=titan.url) as desk:
        company = await titan_company(desk)
        await titan.fail("customers", "slow", seconds=1)
        answer = await sync(desk, await desk.post(), company)
        assert (answer.status_code, answer.json()["error_code"]) == (502, "SYNC_ERROR")
        assert "goes on by itself" in answer.json()["detail"]

        async def there() -> bool:
            return len(await titan.jobs()) == 1

        await until(there)
