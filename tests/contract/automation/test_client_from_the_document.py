"""A client that knows nothing but the document: its addresses, its requests, its web socket, at /api/v1."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.contract.automation.document import (
    ACCEPTANCE,
    NEW_INTERVIEW,
    NEW_JOB,
    NEW_OFFER,
)
from tests.integration.pos.conftest import served
from tests.running import running, until


@dataclass
class Browser:
    """A page of the browser extension, and the web socket that it listens to."""

    http: httpx.AsyncClient
    socket: ClientConnection
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def listen(self) -> None:
        async for message in self.socket:
            self.seen.append(json.loads(message))

    async def told(self, type: str, **data: Any) -> dict[str, Any]:
        """The first message of this type with this data, once it has come."""

        async def there() -> dict[str, Any] | None:
            fitting = [one for one in self.seen if one["type"] == type and data.items() <= one["data"].items()]
            return fitting[0] if fitting else None

        found: dict[str, Any] = await until(there, 30)
        return found

    async def fetch(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
async def browser(database: str, tmp_path: Path) -> AsyncIterator[Browser]:
    async with (
        running(database, tmp_path, ROOT_API="automation") as on,
        served(on.client._transport.app) as url,  # type: ignore[attr-defined]
        httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60) as http,
        connect(f"{url.replace('http', 'ws')}/api/v1/ws?user_id=user123&channels=jobs,applications") as socket,
    ):
        page = Browser(http, socket)
        listening = asyncio.create_task(page.listen())
        yield page
        listening.cancel()


async def test_the_documents_flow_is_seen_live_in_the_timeline_and_in_the_figures(browser: Browser) -> None:
    welcome = await browser.told("system.connected", user_id="user123")
    assert welcome["data"]["channels"] == ["jobs", "applications"] or set(welcome["data"]["channels"]) >= {"jobs"}
    await browser.socket.send(json.dumps({"action": "subscribe", "channel": "interviews"}))
    await browser.told("system.subscribed", channel="interviews")

    ids = []
    for company in ("Google", "Netflix", "Spotify"):
        job = await browser.fetch("POST", "/jobs", {**NEW_JOB, "company": company})
        ids.append(job["id"])
        await browser.told("job.created", job_id=job["id"], company=company, job_title=NEW_JOB["job_title"])
    chosen, applied, merely_saved = ids
    for id in (chosen, applied):
        await browser.fetch("POST", f"/ats/jobs/{id}/status", {"status": "applied"})
        await browser.told("application.status_changed", job_id=id, new_status="applied")
    await browser.told("application.status_changed", job_id=merely_saved, new_status="saved")

    interview = await browser.fetch("POST", "/ats/interviews", {**NEW_INTERVIEW, "job_id": chosen})
    scheduled = await browser.told("interview.scheduled", job_id=chosen)
    assert scheduled["data"]["scheduled_date"] == NEW_INTERVIEW["scheduled_date"]
    await browser.fetch("POST", f"/ats/jobs/{chosen}/status", {"status": "interviewing"})

    offer = await browser.fetch(
        "POST", "/ats/offers", {**NEW_OFFER, "job_id": chosen, "expiration_date": "2035-11-27T17:00:00Z"}
    )
    await browser.told("offer.received", job_id=chosen)
    await browser.fetch("PUT", f"/ats/offers/{offer['id']}", ACCEPTANCE)
    await browser.told("offer.accepted", job_id=chosen)
    await browser.told("application.status_changed", job_id=applied, old_status="applied", new_status="withdrawn")

    positions = [one["position"] for one in browser.seen if not one["type"].startswith("system.")]
    assert positions == sorted(set(positions))
    timeline = await browser.fetch("GET", f"/ats/jobs/{chosen}/timeline")
    moves = [event["to_status"] for event in timeline["events"] if event["event_type"] == "status_change"]
    assert moves[-4:] == ["interview_scheduled", "interviewing", "offer_received", "accepted"]
    assert timeline["interviews"][0]["calendar_event_id"] == interview["calendar_event_id"]
    statistics = await browser.fetch("GET", "/ats/statistics")
    assert statistics["by_status"] == {"accepted": 1, "withdrawn": 1, "saved": 1}
    listed = await browser.fetch("GET", "/jobs?status_filter=withdrawn")
    assert [job["id"] for job in listed["jobs"]] == [applied]
