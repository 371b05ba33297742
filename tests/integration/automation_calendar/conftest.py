"""Systems with our own calendar and with Google's, simulated; the same tests for both."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from streams import deadlines
from tests.conformance.installation import SkippingClock
from tests.contract.automation.seeker import PLACE, Seeker
from tests.integration.calendar.conftest import Simulator, simulator, simulator_url  # noqa: F401 (fixtures)
from tests.running import running, until

Open = Callable[..., AbstractAsyncContextManager[Seeker]]


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def open_seeker(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A system over a database of the test's own. Takes what `running` takes."""
    # The clock moves in leaps, so that deadlines are looked for more often.
    monkeypatch.setattr(deadlines, "TICK_SECONDS", 0.05)

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Seeker]:
        async with running(database, tmp_path, **more) as started, started.at(PLACE) as client:
            yield Seeker(started, client)

    return opened


@dataclass(frozen=True)
class Desk:
    """A person, and the calendar that they look at."""

    seeker: Seeker
    simulator: Simulator | None

    async def shows(self) -> dict[str, str]:
        """The summaries by event id, as the calendar itself shows them."""
        if self.simulator is not None:
            return {f"cal_{event['id']}": event["summary"] for event in await self.simulator.events()}
        url = (await self.seeker.ask("POST", "/calendar/feed", status=201))["url"]
        events = Calendar.from_ical((await self.seeker.client.get(url)).text).events
        there = [event for event in events if event["status"] != "CANCELLED"]
        return {f"cal_{str(event['uid']).partition('@')[0].replace('-', '')}": str(event["summary"]) for event in there}

    async def showing(self, *events: str) -> None:
        """Once the calendar shows exactly these events."""

        async def so() -> bool:
            return set(await self.shows()) == set(events)

        await until(so, 60)

    async def opens(self, link: str) -> bool:
        """Whether a link leads to a page that is there."""
        if self.simulator is None:
            return (await self.seeker.client.get(link)).status_code == 200
        async with httpx.AsyncClient(trust_env=False) as browser:
            return (await browser.get(link)).status_code == 200


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


def google_settings(simulator: Simulator, client: Path) -> dict[str, Any]:  # noqa: F811
    return {
        "CALENDAR_PROVIDER": "google",
        "GOOGLE_CALENDAR_URL": simulator.api,
        "GOOGLE_CALENDAR_CREDENTIALS": str(client),
    }


@pytest.fixture(params=["local", "google"])
def open_desk(request: pytest.FixtureRequest, open_seeker: Open, tmp_path: Path) -> OpenDesk:
    google: Simulator | None = request.getfixturevalue("simulator") if request.param == "google" else None

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Desk]:
        settings = {}
        if google is not None:
            client = tmp_path / "credentials" / "google_oauth_credentials.json"
            await google.sign_in(client)
            settings = google_settings(google, client)
        async with open_seeker(**settings, **more) as seeker:
            yield Desk(seeker, google)

    return opened


@pytest.fixture
def moment(clock: SkippingClock) -> Callable[..., str]:
    """A time from now on the tests' clock, as requests write it."""

    def after(**time: float) -> str:
        return (clock.now() + timedelta(**time)).replace(microsecond=0).isoformat().replace("+00:00", "Z")

    return after
