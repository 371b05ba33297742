"""The web socket and its operators' operations, by the document's own examples; each over a real server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams import deadlines
from tests.conformance.installation import SkippingClock
from tests.contract.automation.document import Example
from tests.contract.automation.document_calendar import NEW_EVENT
from tests.contract.automation.document_live import (
    BROADCAST,
    BROADCASTED,
    CONNECTED,
    CONNECTIONS,
    FOLLOWUP_DUE,
    INTERVIEW_SCHEDULED,
    JOB_CREATED,
    STATUS_CHANGED,
    SUBSCRIBED,
)
from tests.contract.automation.seeker import PLACE, Seeker
from tests.contract.likeness import assert_like
from tests.running import Running, running
from tests.web_sockets import Device, Site, site

QUERY = "user_id=user123&channels=jobs,applications"


@pytest.fixture(scope="module")
async def here(tracking: Running) -> AsyncIterator[Site]:
    async with site(tracking.system) as started:
        yield started


def assert_told(example: Example, message: dict[str, Any], **data: Any) -> None:
    """The document's message, with our position beside it, and these in its data."""
    assert isinstance(message.pop("position"), int)
    assert_like(example, message)
    assert message["type"] == example["type"]
    assert message["data"] | data == message["data"]


async def told(device: Device, type: str, job: int) -> dict[str, Any]:
    """The next message of that type about that job: other tests may have caused others."""
    while (message := await device.until(type))["data"]["job_id"] != job:
        pass
    return message


async def test_the_welcome(here: Site) -> None:
    async with here.raw(QUERY) as device:
        welcome = await device.next()
    del welcome["epoch"]
    assert_told(CONNECTED, welcome, user_id="user123", channels=["jobs", "applications"])


async def test_a_subscription(here: Site) -> None:
    async with here.device(QUERY) as device:
        await device.socket.send('{"action": "subscribe", "channel": "interviews"}')
        assert_told(SUBSCRIBED, await device.until("system.subscribed"), channel="interviews")


async def test_a_job_that_is_created(here: Site, seeker: Seeker) -> None:
    async with here.device("channels=jobs") as device:
        id = (await seeker.create())["id"]
        assert_told(JOB_CREATED, await told(device, "job.created", id), **dict(JOB_CREATED["data"]) | {"job_id": id})


async def test_a_status_that_changes(here: Site, seeker: Seeker) -> None:
    async with here.device("channels=applications") as device:
        id = await seeker.job("interviewing")
        steps = [await told(device, "application.status_changed", id) for _ in range(3)]
        for step, (old, new) in zip(
            steps, [("processing", "saved"), ("saved", "applied"), ("applied", "interviewing")], strict=True
        ):
            assert_told(STATUS_CHANGED, step, old_status=old, new_status=new)


@pytest.mark.parametrize("path", ["/ats/interviews", "/calendar/interview"])
async def test_an_interview_that_is_scheduled_either_way(here: Site, seeker: Seeker, path: str) -> None:
    id = await seeker.job("applied")
    async with here.device("channels=interviews") as device:
        if path == "/calendar/interview":
            await seeker.ask("POST", path, {**NEW_EVENT, "job_id": id}, 201)
        else:
            await seeker.interview(id, interview_type="technical", scheduled_date="2026-11-15T15:00:00+01:00")
        message = await told(device, "interview.scheduled", id)
    assert_told(INTERVIEW_SCHEDULED, message, interview_type="technical", scheduled_date="2026-11-15T14:00:00Z")


async def test_an_offer_that_is_received_accepted_and_its_victims(here: Site, seeker: Seeker) -> None:
    id, other = await seeker.job("interviewing"), await seeker.job("applied")
    async with here.device("channels=applications") as device:
        offer = await seeker.offer(id)
        about = {"job_id": id, "offer_id": offer["id"], "company": "Google", "job_title": "Senior Software Engineer"}
        assert (await told(device, "offer.received", id))["data"] == about
        await seeker.ask("PUT", f"/ats/offers/{offer['id']}", {"offer_status": "accepted"})
        assert (await told(device, "offer.accepted", id))["data"] == about
        withdrawn = await told(device, "application.status_changed", other)
        assert withdrawn["data"]["new_status"] == "withdrawn"


async def test_a_follow_up_that_comes_due_is_told_once(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "TICK_SECONDS", 0.02)  # the clock moves in leaps
    clock = SkippingClock()
    async with (
        running(database, tmp_path, clock=clock) as started,
        started.at(PLACE) as client,
        site(started.system) as here,
    ):
        seeker = Seeker(started, client)
        id = await seeker.job("applied")
        due = datetime.now(UTC) + timedelta(days=2)
        body = {"job_id": id, "followup_type": "custom", "scheduled_date": due.isoformat()}
        made = await seeker.ask("POST", "/followup/schedule", body, 201)
        async with here.device("channels=followups") as device:
            clock.skip(timedelta(days=2, minutes=1).total_seconds())
            message = await device.next()
            assert_told(FOLLOWUP_DUE, message, followup_id=made["id"], company="Google", hours_until_due=0)
            await here.broadcast("and nothing else")
            assert (await device.next())["type"] == "system.broadcast"


async def test_connection_statistics(here: Site) -> None:
    await here.empty()
    async with here.device(QUERY), here.device("user_id=ann"):
        found = (await here.http.get("/connections")).json()
    details = found.pop("channel_details")
    assert found.keys() == CONNECTIONS.keys() - {"channel_details"}
    assert (found["total_connections"], found["unique_users"]) == (2, 2)
    assert found["channels"].items() >= {"jobs": 2, "applications": 2, "recommendations": 1, "interviews": 1}.items()
    [jobs] = [each for each in details if each["channel"] == "jobs"]
    assert_like(CONNECTIONS["channel_details"][0], jobs)


async def test_a_broadcast(here: Site) -> None:
    await here.empty()
    async with here.device(QUERY) as device, here.device():
        answer = (await here.http.post("/broadcast", json=BROADCAST)).json()
        assert_like(BROADCASTED, answer)
        assert (answer["recipients"], answer["channel"]) == (2, "system")
        message = await device.until("system.broadcast")
        assert message["data"] == BROADCAST


@pytest.mark.parametrize("change", [{"message": ""}, {"channel": "gossip"}, {"severity": "mild"}, {"message": None}])
async def test_a_broadcast_that_says_nothing_or_to_nobody_is_refused(here: Site, change: dict[str, Any]) -> None:
    answer = await here.http.post("/broadcast", json={**BROADCAST, **change})
    assert answer.status_code == 400
    assert answer.json().keys() == {"detail"}
