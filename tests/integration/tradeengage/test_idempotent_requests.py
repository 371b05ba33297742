"""An Idempotency-Key makes two requests one."""

import asyncio
from uuid import uuid4

import pytest

from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR, JOB


@pytest.fixture
def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_a_repeated_key_answers_with_the_first_job(desk: Desk, key: dict[str, str]) -> None:
    first = await desk.post(key)
    head = await desk.head()
    again = await desk.client.post("/jobs/", json=desk.job(), headers=key)
    assert (again.status_code, again.json()) == (201, first)
    assert_like(JOB, again.json())
    assert await desk.head() == head


async def test_a_key_that_was_used_for_another_body_is_refused(desk: Desk, key: dict[str, str]) -> None:
    await desk.post(key)
    head = await desk.head()
    answer = await desk.client.post("/jobs/", json=desk.job(summary="Another"), headers=key)
    assert (answer.status_code, answer.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert_like(ERROR, answer.json())
    assert await desk.head() == head


async def test_posts_with_one_key_at_the_same_time_create_one_job(desk: Desk, key: dict[str, str]) -> None:
    answers = await asyncio.gather(*(desk.client.post("/jobs/", json=desk.job(), headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    job = answers[0].json()
    assert all(answer.json() == job for answer in answers)


async def test_posts_with_one_key_and_different_bodies_create_one_job(desk: Desk, key: dict[str, str]) -> None:
    bodies = [desk.job(summary=f"Job {number}") for number in range(10)]
    answers = await asyncio.gather(*(desk.client.post("/jobs/", json=body, headers=key) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 9


async def test_one_key_may_be_used_for_different_operations(desk: Desk, key: dict[str, str]) -> None:
    await desk.post(key)
    answer = await desk.client.post(
        "/companies/", json={"name": "Any", "service_area": {"states": ["AK"]}}, headers=key
    )
    assert answer.status_code == 201


async def test_a_refused_request_does_not_use_the_key_up(desk: Desk, key: dict[str, str]) -> None:
    refused = await desk.client.post("/jobs/", json=desk.job(created_by_company_id=str(uuid4())), headers=key)
    assert refused.status_code == 404
    assert (await desk.post(key))["id"]


async def test_companies_and_technicians_are_registered_once_too(desk: Desk, key: dict[str, str]) -> None:
    company = {"name": "Once", "service_area": {"states": ["AK"]}}
    first = (await desk.client.post("/companies/", json=company, headers=key)).json()
    assert (await desk.client.post("/companies/", json=company, headers=key)).json() == first
    path = f"/companies/{first['id']}/technicians/"
    hired = (await desk.client.post(path, json={"name": "Ada"}, headers=key)).json()
    assert (await desk.client.post(path, json={"name": "Ada"}, headers=key)).json() == hired
    assert (await desk.client.get(path)).json() == [hired]


@pytest.mark.parametrize("bad", ["", "x" * 256, "schlüssel".encode()])
async def test_a_key_that_is_none_is_refused(desk: Desk, bad: str | bytes) -> None:
    answer = await desk.client.post("/jobs/", json=desk.job(), headers={"Idempotency-Key": bad})
    assert answer.status_code == 422
    assert_like(ERROR, answer.json())
