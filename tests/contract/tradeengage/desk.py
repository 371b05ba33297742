"""A company that hands on jobs, as a client of the HTTP interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.contract.tradeengage.document import NEW_JOB
from tests.running import Running, until

PLUMBER: Mapping[str, Any] = {
    "name": "Golden State Plumbing",
    "skills": {"plumbing": "expert", "electrical": "expert"},
    "categories": ["plumbing"],
    "service_area": {"states": ["CA"], "zip_prefixes": ["902"]},
}


@dataclass
class Desk:
    """`company` is the requesting one, `technician` works for it."""

    running: Running
    client: httpx.AsyncClient
    company: str = ""
    technician: str = ""

    async def open(self) -> "Desk":
        # Far away, so that it suits none of the tests' jobs.
        self.company = (await self.register(name="Requester", service_area={"states": ["AK"]}))["id"]
        answer = await self.client.post(f"/companies/{self.company}/technicians/", json={"name": "Ada Pipe"})
        assert answer.status_code == 201, answer.text
        self.technician = answer.json()["id"]
        return self

    async def register(self, **fields: Any) -> dict[str, Any]:
        answer = await self.client.post("/companies/", json={**PLUMBER, **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def job(self, **changes: Any) -> dict[str, Any]:
        """The document's own request, from this company."""
        ids = {"created_by_company_id": self.company, "created_by_technician_id": self.technician}
        return {**NEW_JOB, **ids, **changes}

    async def post(self, headers: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post("/jobs/", json=self.job(**changes), headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def routings(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/jobs/{job['id']}/routings")
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    async def routing(self, job: Mapping[str, Any], status: str, seconds: float = 30.0) -> dict[str, Any]:
        """The job's only routing, once it has come to this status."""

        async def there() -> dict[str, Any] | None:
            [one] = await self.routings(job)
            return one if one["sync_status"] == status else None

        found: dict[str, Any] = await until(there, seconds)
        return found

    async def completed(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The job once it is shown as completed, which may be later than its routing is: they are two read models."""

        async def there() -> dict[str, Any] | None:
            found = (await self.client.get(f"/jobs/{job['id']}")).json()
            return found if found["status"] == "completed" else None

        found: dict[str, Any] = await until(there)
        return found

    async def head(self) -> int:
        return await self.running.system.store.head()
