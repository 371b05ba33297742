"""AUTH=enforced: keys, their scopes and their revocation, and what one tenant sees of another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.api_keys import ApiKeys
from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR
from tests.running import Running, running, until

READ, WRITE = ("read",), ("read", "write")
UNKNOWN = "0192f0c10000700080000000000000aa"


@dataclass
class Office:
    """A system that asks for keys, and somebody who makes them."""

    started: Running
    keys: ApiKeys

    async def key(self, scopes: tuple[str, ...], owner: UUID | None = None) -> tuple[UUID, dict[str, str]]:
        made, text = await self.keys.create("tests", scopes, owner or uuid4())
        return made.id, {"X-API-Key": text}

    async def desk(self, scopes: tuple[str, ...] = WRITE, owner: UUID | None = None) -> Desk:
        """A client of a tenant of its own."""
        _, headers = await self.key(scopes, owner)
        shared = self.started.client
        client = httpx.AsyncClient(transport=shared._transport, base_url=shared.base_url, headers=headers)
        return await Desk(self.started, client).open()


@pytest.fixture(scope="module")
async def office(enforced_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with running(enforced_database, tmp_path_factory.mktemp("enforced"), AUTH="enforced") as started:
        yield Office(started, ApiKeys(started.system.database.pool, started.system.clock))


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert_like(ERROR, answer.json())


@pytest.mark.parametrize("key", [None, "", "nonsense", "js_nonsense", f"js_{UNKNOWN}_secret"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/jobs/"), ("POST", "/jobs/"), ("GET", "/companies/")])
async def test_without_a_valid_key_nothing_is_answered(office: Office, key: str | None, method: str, path: str) -> None:
    headers = {} if key is None else {"X-API-Key": key}
    answer = await office.started.client.request(method, path, headers=headers)
    refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "ApiKey"


@pytest.mark.parametrize("path", ["/health", "/health/detailed", "/health/ready", "/health/live", "/openapi.json"])
async def test_health_and_the_document_ask_for_no_key(office: Office, path: str) -> None:
    assert (await office.started.client.get(path)).status_code == 200


async def test_a_key_for_reading_cannot_write(office: Office) -> None:
    _, key = await office.key(READ)
    client = office.started.client
    head = await office.started.system.store.head()
    assert (await client.get("/jobs/", headers=key)).status_code == 200
    refused(await client.post("/companies/", json={"name": "x"}, headers=key), 403, "FORBIDDEN")
    refused(await client.patch(f"/companies/{uuid4()}", json={"name": "x"}, headers=key), 403, "FORBIDDEN")
    assert await office.started.system.store.head() == head


async def test_a_key_for_writing_alone_cannot_read(office: Office) -> None:
    _, key = await office.key(("write",))
    refused(await office.started.client.get("/jobs/", headers=key), 403, "FORBIDDEN")


async def test_a_revoked_key_is_refused_within_seconds(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.api_keys.REMEMBERED", 0.05)
    id, key = await office.key(READ)
    client = office.started.client
    assert (await client.get("/jobs/", headers=key)).status_code == 200
    assert await office.keys.revoke(id)

    async def refused_by_now() -> bool:
        return (await client.get("/jobs/", headers=key)).status_code == 401

    await until(refused_by_now)


async def test_naming_credentials_takes_the_scope_admin(office: Office) -> None:
    tenant, admin = await office.desk(), await office.desk((*WRITE, "admin"))
    wish: dict[str, Any] = {"name": "Mine", "service_area": {"states": ["AK"]}, "credentials_ref": "env:SOMEBODY_ELSES"}
    refused(await tenant.client.post("/companies/", json=wish), 403, "FORBIDDEN")
    change = {"credentials_ref": "env:SOMEBODY_ELSES"}
    refused(await tenant.client.patch(f"/companies/{tenant.company}", json=change), 403, "FORBIDDEN")
    assert (await admin.client.post("/companies/", json=wish)).status_code == 201
    assert (await admin.client.patch(f"/companies/{tenant.company}", json=change)).status_code == 200


async def test_another_tenants_things_might_as_well_not_exist(office: Office) -> None:
    mine, other = await office.desk(), await office.desk()
    job = await mine.post(required_skills=["unheard of"])
    for path in (f"/jobs/{job['id']}", f"/jobs/{job['id']}/routings", f"/companies/{mine.company}"):
        assert (await mine.client.get(path)).status_code == 200
        refused(await other.client.get(path), 404, "NOT_FOUND")
    company = {"company_id": mine.company}
    refused(await other.client.post(f"/jobs/{job['id']}/sync", json=company), 404, "NOT_FOUND")
    refused(await other.client.patch(f"/companies/{mine.company}", json={"name": "x"}), 404, "NOT_FOUND")
    technicians = f"/companies/{mine.company}/technicians/"
    refused(await other.client.get(technicians), 404, "NOT_FOUND")
    refused(await other.client.post(technicians, json={"name": "x"}), 404, "NOT_FOUND")


async def test_a_job_cannot_be_asked_for_in_another_tenants_name(office: Office) -> None:
    mine, other = await office.desk(), await office.desk()
    refused(await other.client.post("/jobs/", json=mine.job()), 404, "NOT_FOUND")
    with_own_company = other.job(created_by_technician_id=mine.technician)
    refused(await other.client.post("/jobs/", json=with_own_company), 404, "NOT_FOUND")


async def test_lists_show_ones_own_and_an_administrator_everybodys(office: Office) -> None:
    mine, other, admin = await office.desk(), await office.desk(), await office.desk((*WRITE, "admin"))
    jobs = [await desk.post(required_skills=["unheard of"]) for desk in (mine, other)]
    for desk, job in zip((mine, other), jobs, strict=True):
        assert (await desk.client.get("/jobs/")).json() == [job]
        assert [company["id"] for company in (await desk.client.get("/companies/")).json()] == [desk.company]
    everybodys = (await admin.client.get("/jobs/")).json()
    assert [job for job in everybodys if job in jobs] == jobs[::-1]


async def test_keys_of_one_tenant_see_the_same(office: Office) -> None:
    owner = uuid4()
    desk, colleague = await office.desk(owner=owner), await office.desk(owner=owner)
    job = await desk.post(required_skills=["unheard of"])
    assert (await colleague.client.get(f"/jobs/{job['id']}")).json() == job


async def test_one_keys_idempotency_does_not_reach_into_anothers(office: Office) -> None:
    key = {"Idempotency-Key": "the same"}
    mine, other = await office.desk(), await office.desk()
    assert (await mine.post(key))["id"] != (await other.post(key))["id"]


async def test_a_tenants_job_stays_its_own_when_another_tenants_company_joins(office: Office) -> None:
    mine, other = await office.desk(), await office.desk()
    job = await mine.post()
    assert await mine.routings(job) == []
    company = await other.register()

    async def routed() -> list[dict[str, Any]]:
        return await mine.routings(job)

    [routing] = await until(routed)
    answer = await mine.client.post(f"/jobs/{job['id']}/sync", json={"company_id": company["id"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == routing["id"]
