"""What the tests of a whole system ask of it over TradeEngage's interface."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sender:
    """A company that hands on jobs, and the technician who finds them."""

    company_id: str
    technician_id: str


@dataclass(frozen=True, slots=True)
class Trade:
    """Speaks to the application at TradeEngage's own place. Raises httpx's errors for every answer but success."""

    client: httpx.AsyncClient

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """One request under one key, again for as long as it is answered with 503."""
        headers = {"Idempotency-Key": str(uuid4())}
        return await _insisting(lambda: self.client.post(path, json=body, headers=headers), 503)

    async def get(self, path: str) -> Any:
        """What is there, as soon as it is shown: while no projector runs, a read waits for none."""
        return await _insisting(lambda: self.client.get(path), 503, 404)

    async def company(self, name: str, *skills: str, provider: str = "mock") -> str:
        """A company that takes jobs which ask for these skills."""
        body = {"name": name, "provider_type": provider, "skills": dict.fromkeys(skills, "expert")}
        return str((await self.post("/companies/", body))["id"])

    async def sender(self, name: str) -> Sender:
        company_id = await self.company(name)
        technician = await self.post(f"/companies/{company_id}/technicians/", {"name": f"{name}'s technician"})
        return Sender(company_id, technician["id"])

    async def job(self, sender: Sender, summary: str, *skills: str) -> str:
        """The id of a new job."""
        return str((await self.post("/jobs/", job(sender, summary, skills)))["id"])

    async def routings(self, job_id: str) -> list[dict[str, Any]]:
        return list(await self.get(f"/jobs/{job_id}/routings"))

    async def statuses(self, job_id: str) -> list[str]:
        return sorted(routing["sync_status"] for routing in await self.routings(job_id))


async def _insisting(ask: Callable[[], Awaitable[httpx.Response]], *again: int) -> Any:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while (answer := await ask()).status_code in again:
            await asyncio.sleep(0.05)
    return answer.raise_for_status().json()


def job(sender: Sender, summary: str, skills: Sequence[str]) -> dict[str, Any]:
    return {
        "summary": summary,
        "address": {"street": "123 Main Street", "city": "Anytown", "state": "CA", "zip_code": "90210"},
        "homeowner": {"name": "John Doe", "phone": "(555) 123-4567", "email": "john.doe@example.com"},
        "created_by_company_id": sender.company_id,
        "created_by_technician_id": sender.technician_id,
        "required_skills": list(skills),
    }
