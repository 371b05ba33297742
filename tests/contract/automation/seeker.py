"""Somebody who looks for work, as a client of the HTTP interface."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.principal import DEVELOPMENT
from infra.api_keys import ApiKeys
from tests.conformance.installation import SkippingClock
from tests.contract.automation.document import NEW_INTERVIEW, NEW_JOB, NEW_OFFER
from tests.running import Running, until

PLACE = "/automation/api/v1"
# The way from a saved job to each status that a person may name.
WAYS: Mapping[str, tuple[str, ...]] = {
    "saved": (),
    "applied": ("applied",),
    "interview_scheduled": ("applied", "interview_scheduled"),
    "interviewing": ("applied", "interviewing"),
    "offer_received": ("applied", "interviewing", "offer_received"),
    "accepted": ("applied", "interviewing", "offer_received", "accepted"),
    "declined": ("applied", "interviewing", "offer_received", "declined"),
    "rejected": ("rejected",),
    "withdrawn": ("withdrawn",),
}


@dataclass
class Seeker:
    running: Running
    client: httpx.AsyncClient
    owner: UUID = DEVELOPMENT.owner

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
        """What is answered, which must be with this status."""
        answer = await self.client.request(method, path, json=body, **more)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> str:
        """The sentence with which it is refused, the only thing in the answer."""
        answer = await self.ask(method, path, body, status)
        assert answer.keys() == {"detail"}
        return str(answer["detail"])

    async def create(self, **changes: Any) -> dict[str, Any]:
        return dict(await self.ask("POST", "/jobs", {**NEW_JOB, **changes}, 201))

    async def job(self, status: str = "saved", **changes: Any) -> int:
        """The id of a new job whose application has come so far."""
        id = int((await self.create(**changes))["id"])
        await self.until(id, "saved")
        for step in WAYS[status]:
            await self.move(id, step)
        return id

    async def shown(self, id: int) -> dict[str, Any]:
        return dict(await self.ask("GET", f"/jobs/{id}"))

    async def until(self, id: int, status: str) -> dict[str, Any]:
        """The job, once it has this status."""

        async def there() -> dict[str, Any] | None:
            job = await self.shown(id)
            return job if job["status"] == status else None

        found: dict[str, Any] = await until(there, 30)
        return found

    async def move(self, id: int, status: str, notes: str | None = None) -> dict[str, Any]:
        return dict(await self.ask("POST", f"/ats/jobs/{id}/status", {"status": status, "notes": notes}))

    async def interview(self, id: int, **changes: Any) -> dict[str, Any]:
        return dict(await self.ask("POST", "/ats/interviews", {**NEW_INTERVIEW, "job_id": id, **changes}, 201))

    async def offer(self, id: int, **changes: Any) -> dict[str, Any]:
        # The document's own would be over at once.
        body = {**NEW_OFFER, "job_id": id, "expiration_date": "2035-11-27T17:00:00Z", **changes}
        return dict(await self.ask("POST", "/ats/offers", body, 201))

    async def timeline(self, id: int) -> dict[str, Any]:
        return dict(await self.ask("GET", f"/ats/jobs/{id}/timeline"))

    async def follow_ups(self, id: int, count: int) -> list[dict[str, Any]]:
        """The job's follow-ups, once there are so many."""

        async def there() -> list[dict[str, Any]] | None:
            found = await self.ask("GET", f"/followup/jobs/{id}")
            return found if len(found) == count else None

        found: list[dict[str, Any]] = await until(there, 30)
        return found

    async def calendar(self, id: int, events: list[str]) -> None:
        """Waits until exactly these events of the job are in the calendar."""

        async def there() -> bool:
            found = await self.ask("GET", f"/calendar/job/{id}")
            return [event["event_id"] for event in found] == events

        await until(there, 30)

    async def caused(self) -> int:
        """How many events people have caused; what agents do for earlier ones goes on meanwhile."""
        query = "select count(*) from events where metadata->>'actor' not like 'agent:%'"
        return int(await self.running.system.database.pool.fetchval(query))


@dataclass
class People:
    """A system that asks for keys, and gives one to whoever comes. `clock` is its time, `dsn` its database."""

    running: Running
    clock: SkippingClock
    keys: ApiKeys
    dsn: str
    stack: AsyncExitStack

    async def somebody(self, scopes: tuple[str, ...] = ("read", "write")) -> Seeker:
        """A new person, with nothing yet."""
        owner = uuid4()
        _, key = await self.keys.create("tests", scopes, owner)
        client = await self.stack.enter_async_context(self.running.at(PLACE))
        client.headers["X-API-Key"] = key
        return Seeker(self.running, client, owner)
