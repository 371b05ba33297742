"""The simulator is as strict as the documentation, so that an adapter that passes here passes there."""

import asyncio
import sys
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.integration.pos.conftest import Simulator

FORM = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}
ADDRESS = {"street": "1 Main", "city": "Anytown", "state": "CA", "zip": "90210", "country": "USA"}
APPLICATION = "5d3c1f0e-6a52-4c1e-9b57-0f6c9a1e7d21"


@dataclass
class Caller:
    http: httpx.AsyncClient
    headers: dict[str, str]

    async def __call__(self, method: str, path: str, **content: Any) -> httpx.Response:
        return await self.http.request(method, path, headers=self.headers, **content)


@pytest.fixture
async def call(simulator: Simulator) -> Caller:
    token = (await simulator.control.post("/connect/token", data=FORM)).json()["access_token"]
    return Caller(simulator.control, {"Authorization": f"Bearer {token}", "ST-App-Key": "key"})


async def a_job(call: Caller, **changes: object) -> dict[str, Any]:
    customer = {"name": "Jane", "type": "Residential", "address": ADDRESS}
    customer_id = (await call("POST", "/crm/v2/tenant/t/customers", json=customer)).json()["id"]
    location = {"customerId": customer_id, "name": "Home", "address": ADDRESS}
    location_id = (await call("POST", "/crm/v2/tenant/t/locations", json=location)).json()["id"]
    return {
        "customerId": customer_id,
        "locationId": location_id,
        "businessUnitId": 1,
        "jobTypeId": 1,
        "campaignId": 1,
        "priority": "Normal",
        "appointments": [{"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T12:00:00Z"}],
        "externalData": {"applicationGuid": APPLICATION, "externalData": [{"key": "ours", "value": "7"}]},
    } | changes


def is_envelope(response: httpx.Response, status: int) -> bool:
    keys = {"type", "title", "status", "traceId", "errors", "data"}
    return response.status_code == status and set(response.json()) == keys and response.json()["status"] == status


async def test_a_token_is_given_for_a_form_and_not_for_json(simulator: Simulator) -> None:
    assert (await simulator.control.post("/connect/token", json=FORM)).status_code == 400
    answer = (await simulator.control.post("/connect/token", data=FORM)).json()
    assert (answer["expires_in"], answer["token_type"]) == (900, "Bearer")


@pytest.mark.parametrize("missing", ["Authorization", "ST-App-Key"])
async def test_a_call_without_token_or_application_key_is_unauthorised(call: Caller, missing: str) -> None:
    call.headers.pop(missing)
    assert is_envelope(await call("GET", "/jpm/v2/tenant/t/jobs"), 401)


async def test_a_location_needs_a_known_customer(call: Caller) -> None:
    location = {"customerId": 1, "name": "Home", "address": ADDRESS}
    assert is_envelope(await call("POST", "/crm/v2/tenant/t/locations", json=location), 409)


@pytest.mark.parametrize(
    "field", ["customerId", "locationId", "businessUnitId", "jobTypeId", "priority", "campaignId", "appointments"]
)
async def test_a_job_needs_its_required_fields(call: Caller, field: str) -> None:
    job = await a_job(call)
    del job[field]
    refused = await call("POST", "/jpm/v2/tenant/t/jobs", json=job)
    assert is_envelope(refused, 400)
    assert list(refused.json()["errors"]) == [field]


async def test_a_created_job_is_answered_with_number_and_status(call: Caller) -> None:
    answer = await call("POST", "/jpm/v2/tenant/t/jobs", json=await a_job(call))
    assert answer.status_code == 200
    assert answer.json()["jobStatus"] == "Scheduled"
    assert answer.json()["jobNumber"] == str(answer.json()["id"])


async def test_jobs_are_looked_up_by_external_data_of_the_application(call: Caller) -> None:
    await call("POST", "/jpm/v2/tenant/t/jobs", json=await a_job(call))
    query = {"externalDataApplicationGuid": APPLICATION, "externalDataKey": "ours", "externalDataValues": "6,7"}
    found = (await call("GET", "/jpm/v2/tenant/t/jobs", params=query)).json()
    assert [job["externalData"] for job in found["data"]] == [[{"key": "ours", "value": "7"}]]
    other = query | {"externalDataApplicationGuid": "00000000-0000-0000-0000-000000000000"}
    assert (await call("GET", "/jpm/v2/tenant/t/jobs", params=other)).json()["data"] == []
    assert is_envelope(await call("GET", "/jpm/v2/tenant/t/jobs", params={"externalDataKey": "ours"}), 400)


async def test_lists_come_in_pages(call: Caller) -> None:
    for _ in range(3):
        await call("POST", "/jpm/v2/tenant/t/jobs", json=await a_job(call))
    page = (await call("GET", "/jpm/v2/tenant/t/jobs", params={"page": 2, "pageSize": 2, "includeTotal": True})).json()
    assert len(page.pop("data")) == 1
    assert page == {"page": 2, "pageSize": 2, "hasMore": False, "totalCount": 3}


async def test_more_than_sixty_requests_a_second_are_too_many(call: Caller) -> None:
    answers = [await call("GET", "/jpm/v2/tenant/busy/jobs") for _ in range(70)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert is_envelope(refused[0], 429)
    assert refused[0].headers["Retry-After"] == "1"
    assert answers.index(refused[0]) >= 60
    assert (await call("GET", "/jpm/v2/tenant/quiet/jobs")).status_code == 200


async def test_a_reset_forgets_jobs_and_planned_faults(call: Caller, simulator: Simulator) -> None:
    await call("POST", "/jpm/v2/tenant/t/jobs", json=await a_job(call))
    await simulator.fail("token", "500")
    await simulator.control.delete("/_simulator")
    assert await simulator.jobs() == []
    assert (await simulator.control.post("/connect/token", data=FORM)).status_code == 200


async def test_it_runs_as_a_program(unused_port: int) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "infra.pos.simulator", "--port", str(unused_port)
    )
    try:
        async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    answer = await http.get(f"http://127.0.0.1:{unused_port}/_simulator/jobs")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        assert answer.json() == []
    finally:
        program.terminate()
        await program.wait()


@pytest.mark.parametrize("changes", [{"operation": "creat"}, {"fault": "418"}, {"fault": "500 or so"}])
async def test_a_fault_that_it_does_not_have_is_refused(simulator: Simulator, changes: dict[str, str]) -> None:
    plan = [{"operation": "create", "fault": "500"} | changes]
    assert (await simulator.control.post("/_simulator/faults", json=plan)).status_code == 400
