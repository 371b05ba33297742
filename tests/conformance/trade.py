"""What the tests of a whole system ask of it over TradeEngage's interface."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Sender:
    """A company that hands on jobs, and the technician who finds them."""

    company_id: str
    technician_id: str


@dataclass(frozen=True, slots=True)
class Trade:
    """Speaks to the application at TradeEngage's own place. Raises httpx's errors for every answer but success."""

    client: httpx.AsyncClient

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        answer = await self.client.post(path, json=body, headers=headers)
        return answer.raise_for_status().json()

    async def get(self, path: str) -> Any:
        return (await self.client.get(path)).raise_for_status().json()

    async def company(self, name: str, *skills: str, provider: str = "mock") -> str:
        """A company that takes jobs which ask for these skills."""
        body = {"name": name, "provider_type": provider, "skills": dict.fromkeys(skills, "expert")}
        return str((await self.post("/companies/", body))["id"])

    async def sender(self, name: str) -> Sender:
        company_id = await self.company(name)
        technician = await self.post(f"/companies/{company_id}/technicians/", {"name": f"{name}'s technician"})
        return Sender(company_id, technician["id"])

    async def job(self, sender: Sender, summary: str, *skills: str, key: str | None = None) -> str:
        """The id of a new job; `key` is an Idempotency-Key."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return str((await self.post("/jobs/", job(sender, summary, skills), **headers))["id"])

    async def routings(self, job_id: str) -> list[dict[str, Any]]:
        return list(await self.get(f"/jobs/{job_id}/routings"))

    async def statuses(self, job_id: str) -> list[str]:
        return sorted(routing["sync_status"] for routing in await self.routings(job_id))


def job(sender: Sender, summary: str, skills: Sequence[str]) -> dict[str, Any]:
    return {
        "summary": summary,
        "address": {"street": "123 Main Street", "city": "Anytown", "state": "CA", "zip_code": "90210"},
        "homeowner": {"name": "John Doe", "phone": "(555) 123-4567", "email": "john.doe@example.com"},
        "created_by_company_id": sender.company_id,
        "created_by_technician_id": sender.technician_id,
        "required_skills": list(skills),
    }
