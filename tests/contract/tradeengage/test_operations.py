"""Each of the document's operations by its own example."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.pos.mock import MockProvider
from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import PLUMBER, Desk
from tests.contract.tradeengage.document import (
    ALIVE,
    COMPLETED_JOB,
    DETAILED_HEALTH,
    HEALTH,
    JOB,
    PENDING,
    READY,
    SECOND_JOB,
    SYNCED,
)
from tests.running import running, until


@pytest.fixture(scope="module")
async def receiver(desk: Desk) -> str:
    return str((await desk.register())["id"])


async def test_creating_a_job_answers_with_the_job(desk: Desk, receiver: str) -> None:
    sent = desk.job()
    answer = await desk.client.post("/jobs/", json=sent)
    assert answer.status_code == 201
    job = answer.json()
    assert_like(JOB, job)
    assert job["status"] == "pending"
    for name in ("summary", "address", "homeowner", "created_by_company_id", "created_by_technician_id"):
        assert job[name] == sent[name]
    assert job["created_at"] == job["updated_at"]


async def test_the_second_example_needs_a_company_in_its_own_state(desk: Desk, receiver: str) -> None:
    job = await desk.post(**SECOND_JOB)
    assert_like(JOB, job)
    assert await desk.routings(job) == []


async def test_a_job_is_read_as_it_was_created(desk: Desk) -> None:
    job = await desk.post()
    answer = await desk.client.get(f"/jobs/{job['id']}")
    assert (answer.status_code, answer.json()) == (200, job)


async def test_jobs_are_listed_newest_first_as_a_bare_array(desk: Desk) -> None:
    first, second = await desk.post(), await desk.post(**SECOND_JOB)
    page = (await desk.client.get("/jobs/", params={"skip": 0, "limit": 2})).json()
    assert [job["id"] for job in page] == [second["id"], first["id"]]
    assert (await desk.client.get("/jobs/", params={"skip": 1, "limit": 1})).json() == [page[1]]
    assert (await desk.client.get("/jobs/")).json()[:2] == page


async def test_at_most_a_hundred_jobs_are_listed_unless_more_are_asked_for(desk: Desk) -> None:
    document = (await desk.client.get("/openapi.json")).json()
    parameters = {one["name"]: one["schema"] for one in document["paths"]["/jobs/"]["get"]["parameters"]}
    assert (parameters["skip"]["default"], parameters["limit"]["default"]) == (0, 100)


async def test_a_synced_routing_is_shown_as_in_the_document(desk: Desk, receiver: str) -> None:
    job = await desk.post()
    routing = await desk.routing(job, "synced")
    assert_like(SYNCED, routing)
    assert (routing["job_id"], routing["company_id_received"], routing["retry_count"]) == (job["id"], receiver, 0)


async def test_a_pending_routing_has_nothing_but_its_ids(database: str, tmp_path: Any) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as started:
        desk = await Desk(started, started.client).open()
        await desk.register()
        [routing] = await desk.routings(await desk.post())
    assert_like(PENDING, routing)
    assert (routing["sync_status"], routing["retry_count"]) == ("pending", 0)


async def test_a_job_is_synced_to_a_company_by_hand(desk: Desk, receiver: str) -> None:
    job = await desk.post()
    answer = await desk.client.post(f"/jobs/{job['id']}/sync", json={"company_id": receiver})
    assert answer.status_code == 200
    assert_like(SYNCED, answer.json())
    assert answer.json()["sync_status"] == "synced"
    assert answer.json() == (await desk.routings(job))[0]


async def test_a_completed_job_shows_its_revenue_with_cents(desk: Desk, receiver: str) -> None:
    job = await desk.post()
    routing = await desk.routing(job, "synced")
    mock = desk.running.system.providers["mock"]
    assert isinstance(mock, MockProvider)
    await mock.complete(routing["external_id"], Decimal("450.00"))
    assert (await desk.routing(job, "completed"))["external_id"] == routing["external_id"]
    completed = await desk.completed(job)
    assert_like(COMPLETED_JOB, completed)
    assert completed["revenue"] == 450.0
    assert completed["updated_at"] > completed["created_at"]
    assert completed in (await desk.client.get("/jobs/")).json()


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("/health", HEALTH),
        ("/health/detailed", DETAILED_HEALTH),
        ("/health/ready", READY),
        ("/health/live", ALIVE),
    ],
)
async def test_health_answers_as_in_the_document(desk: Desk, path: str, example: dict[str, Any]) -> None:
    answer = await desk.client.get(path)
    assert answer.status_code == 200
    assert_like(example, answer.json())
    assert answer.json()["status"] == example["status"]
    assert "components" not in example or answer.json()["components"]["external_apis"] == {
        "status": "healthy",
        "providers": {"servicetitan": "healthy", "mock": "healthy"},
    }
    assert answer.json().get("version", "1.0.0") == "1.0.0"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
@pytest.mark.parametrize("place", ["", "/tradeengage/api/v1", "/api/v1"])
async def test_the_interactive_documents_are_at_the_root_and_at_every_mount(desk: Desk, place: str, path: str) -> None:
    answer = await desk.client.get(f"http://127.0.0.1{place}{path}")
    assert answer.status_code == 200
    if path == "/openapi.json":
        assert answer.json()["info"]["title"] == "TradeEngage Service Integration API"
        assert "/jobs/{job_id}/sync" in answer.json()["paths"]
    else:
        assert "text/html" in answer.headers["content-type"]
        assert ("swagger" if path == "/docs" else "redoc") in answer.text.lower()


async def test_the_product_named_as_root_is_also_at_the_documents_own_address(desk: Desk) -> None:
    job = await desk.post()
    answer = await desk.client.get(f"http://127.0.0.1/api/v1/jobs/{job['id']}")
    assert answer.json() == job


async def test_another_root_leaves_the_documents_address_to_another_product(database: str, tmp_path: Any) -> None:
    async with running(database, tmp_path, agents=False, timers=False, ROOT_API="automation") as started:
        await Desk(started, started.client).open()
        assert (await started.client.get("http://127.0.0.1/api/v1/jobs/")).json()["jobs"] == []
        assert (await started.client.get("/jobs/")).json() == []


@pytest.mark.parametrize("path", ["/jobs", "/jobs/"])
async def test_a_slash_at_the_end_makes_no_difference(desk: Desk, path: str) -> None:
    answer = await desk.client.post(path, json=desk.job())
    assert answer.status_code == 201
    assert (await desk.client.get(path)).status_code == 200


async def test_the_documented_flow_ends_with_a_synced_routing(desk: Desk) -> None:
    await desk.register(name="Springfield Pipes", service_area={"states": ["IL"]})
    job = await desk.post(**SECOND_JOB)
    assert len(await desk.routings(job)) == 1

    async def synced() -> bool:
        return all(routing["sync_status"] == "synced" for routing in await desk.routings(job))

    await until(synced)


async def test_a_companys_routes_show_what_was_registered(desk: Desk) -> None:
    company = await desk.register(name="Elsewhere", service_area={"states": ["HI"], "zip_prefixes": ["967"]})
    assert company.keys() == PLUMBER.keys() | {
        "id", "provider_type", "active", "credentials_ref", "created_at", "updated_at"
    }  # fmt: skip
    assert {name: company[name] for name in ("skills", "categories")} == {
        name: PLUMBER[name] for name in ("skills", "categories")
    }
    assert (await desk.client.get(f"/companies/{company['id']}")).json() == company
    assert company in (await desk.client.get("/companies/")).json()


async def test_nothing_is_redirected(desk: Desk) -> None:
    answers: list[httpx.Response] = [
        await desk.client.get(path, follow_redirects=False)
        for path in ("/jobs", "/jobs/", f"/jobs/{uuid4()}", "/companies", "/health", "/health/")
    ]
    assert all(not answer.is_redirect for answer in answers)
