"""The simulator over real HTTP, and the provider as it runs in production but for shorter deadlines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from google.oauth2.credentials import Credentials

from infra.calendar.google import GoogleCalendar, Session
from infra.calendar.google.token import SCOPES, TokenFile
from infra.calendar.provider import Entry
from infra.calendar.simulator import build
from infra.outbound import Outbound, Policy
from tests.integration.pos.conftest import Time, served
from tests.running import until

SECRET = "GOCSPX-never-to-be-seen"
STARTS = datetime(2026, 11, 15, 14, 0, tzinfo=UTC)


@dataclass
class Simulator:
    url: str
    control: httpx.AsyncClient

    @property
    def api(self) -> str:
        return f"{self.url}/calendar/v3/"

    async def fail(self, operation: str, fault: str, times: int = 1, seconds: float = 1.0) -> None:
        plan = [{"operation": operation, "fault": fault, "times": times, "seconds": seconds}]
        (await self.control.post("/_simulator/faults", json=plan)).raise_for_status()

    async def events(self, *, cancelled: bool = False) -> list[dict[str, Any]]:
        answer = await self.control.get("/_simulator/events")
        return [event for event in answer.json() if cancelled or event["status"] != "cancelled"]

    async def quiet(self) -> None:
        """Once every late request has been carried out."""

        async def none_waits() -> bool:
            return (await self.control.get("/_simulator/late")).json() == 0

        await until(none_waits)

    async def sign_in(self, client: Path) -> None:
        """What `jobstream calendar connect` leaves behind."""
        client.parent.mkdir(parents=True, exist_ok=True)
        client.write_text(json.dumps(client_of(self.url)))
        asked = {"redirect_uri": "http://127.0.0.1:1/", "client_id": "id", "response_type": "code", "scope": SCOPES[0]}
        there = await self.control.get("/o/oauth2/auth", params=asked)
        code = httpx.URL(there.headers["location"]).params["code"]
        token = (await self.control.post("/token", data={"grant_type": "authorization_code", "code": code})).json()
        TokenFile(client).save(
            Credentials(  # type: ignore[no-untyped-call]
                token["access_token"],
                refresh_token=token["refresh_token"],
                token_uri=f"{self.url}/token",
                client_id="id",
                client_secret=SECRET,
                scopes=list(SCOPES),
                expiry=datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1),
            )
        )


def client_of(url: str) -> dict[str, Any]:
    """An OAuth client as Google's console gives it."""
    installed = {
        "client_id": "id",
        "project_id": "jobs",
        "auth_uri": f"{url}/o/oauth2/auth",
        "token_uri": f"{url}/token",
        "client_secret": SECRET,
        "redirect_uris": ["http://localhost"],
    }
    return {"installed": installed}


def hasty(seconds: float) -> AbstractAsyncContextManager[object]:
    """A hard timeout twenty times shorter: 10 s become 0.5 s."""
    return asyncio.timeout(seconds / 20)


@pytest.fixture(scope="session")
async def simulator_url() -> AsyncIterator[str]:
    async with served(build()) as url:
        yield url


@pytest.fixture
async def simulator(simulator_url: str) -> AsyncIterator[Simulator]:
    async with httpx.AsyncClient(base_url=simulator_url, trust_env=False) as control:
        yield Simulator(simulator_url, control)
        await control.delete("/_simulator")


@asynccontextmanager
async def google_at(root: str, client: Path, time: Time, attempts: int = 3) -> AsyncIterator[GoogleCalendar]:
    timeout = httpx.Timeout(None, connect=1.0)
    async with httpx.AsyncClient(base_url=root, timeout=timeout, trust_env=False) as http:
        outbound = Outbound("google", Policy(attempts=attempts), now=time.now, sleep=time.sleep, within=hasty)
        yield GoogleCalendar(Session(http, TokenFile(client)), "primary", outbound)


@pytest.fixture
def client_file(tmp_path: Path) -> Path:
    return tmp_path / "credentials" / "google_oauth_credentials.json"


@pytest.fixture
async def google(simulator: Simulator, client_file: Path) -> AsyncIterator[GoogleCalendar]:
    await simulator.sign_in(client_file)
    async with google_at(simulator.api, client_file, Time()) as provider:
        yield provider


def entry(id: UUID | None = None, **changes: Any) -> Entry:
    fields = {
        "revision": 1,
        "summary": "Technical Interview: Senior Software Engineer at Google",
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=90),
        "all_day": False,
        "location": "Zoom - https://zoom.us/j/123456789",
        "description": "System design focus",
        "reminders": (1440, 60, 15),
    }
    return Entry(id=id or uuid4(), **(fields | changes))
