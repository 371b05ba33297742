"""A job that suits nobody waits until a company joins or changes that it suits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.contract.tradeengage.desk import PLUMBER, Desk
from tests.running import until

STATES = ("CO", "CT", "DE", "FL", "GA", "HI", "IA", "ID")


def in_state(state: str) -> dict[str, Any]:
    return {"address": {"street": "1 Oak", "city": "Town", "state": state, "zip_code": "00501"}}


def area(state: str) -> dict[str, Any]:
    return {"name": f"Pipes of {state}", "service_area": {"states": [state]}}


async def routed(desk: Desk, job: dict[str, Any]) -> Sequence[dict[str, Any]]:
    async def there() -> list[dict[str, Any]]:
        return await desk.routings(job)

    found: Sequence[dict[str, Any]] = await until(there)
    return found


async def test_a_job_is_routed_when_a_company_joins(desk: Desk) -> None:
    job = await desk.post(**in_state("AL"))
    assert await desk.routings(job) == []
    assert job["status"] == "pending"
    company = await desk.register(**area("AL"))
    [routing] = await routed(desk, job)
    assert routing["company_id_received"] == company["id"]
    assert (await desk.routing(job, "synced"))["external_id"]


@pytest.mark.parametrize(
    ("state", "before", "change"),
    [
        ("AR", {"skills": {"tiling": "basic"}}, {"skills": PLUMBER["skills"]}),
        ("AZ", {"categories": ["tiling"]}, {"categories": []}),
        ("DC", {"active": False}, {"active": True}),
        ("IL", {"service_area": {"states": ["ME"]}}, {"service_area": {"states": ["IL"]}}),
    ],
)
async def test_a_job_is_routed_when_a_company_changes(
    desk: Desk, state: str, before: dict[str, Any], change: dict[str, Any]
) -> None:
    company = await desk.register(**{**area(state), **before})
    job = await desk.post(**in_state(state))
    assert await desk.routings(job) == []
    assert (await desk.client.patch(f"/companies/{company['id']}", json=change)).status_code == 200
    assert len(await routed(desk, job)) == 1


async def test_job_and_company_that_come_at_the_same_time_find_each_other_once(desk: Desk) -> None:
    posts = [desk.post(**in_state(state)) for state in STATES]
    joins = [desk.register(**area(state)) for state in STATES]
    answers = await asyncio.gather(*[one for pair in zip(posts, joins, strict=True) for one in pair])
    for job in answers[::2]:
        assert len(await routed(desk, job)) == 1
        await desk.routing(job, "synced")


async def test_a_company_and_its_change_at_the_same_time_route_a_job_once(desk: Desk) -> None:
    job = await desk.post(**in_state("KS"))
    await asyncio.gather(*(desk.register(**area("KS")) for _ in range(4)))
    found = await routed(desk, job)
    assert len({routing["company_id_received"] for routing in found}) == len(found)
