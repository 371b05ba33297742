"""What Google really answered, against our reading of it and the simulator's answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.calendar.google import GoogleCalendar
from infra.calendar.google.messages import Event
from infra.calendar.simulator.state import eid
from tests.integration.calendar.conftest import Simulator, entry

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "google_calendar" / "payloads.json"


def events(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("kind") == "calendar#event":
            yield value
        for inner in value.values():
            yield from events(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from events(inner)


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, Any]]:
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not there: recorded answers are no part of the project")
    found = list(events(json.loads(RECORDED.read_text())))
    assert len(found) > 30
    return found


def test_every_recorded_event_is_understood(recorded: list[dict[str, Any]]) -> None:
    for payload in recorded:
        read = Event.model_validate(payload).external()
        assert (read.external_id, read.version, read.link) == (payload["id"], payload["etag"], payload.get("htmlLink"))
        assert read.removed == (payload["status"] == "cancelled")
        assert read.revision is None  # none of them is ours


async def test_the_simulator_answers_with_the_fields_and_forms_of_a_recorded_event(
    recorded: list[dict[str, Any]], google: GoogleCalendar, simulator: Simulator
) -> None:
    await google.put(entry(), None)
    [ours] = await simulator.events()
    # A plain timed event: neither part of a series nor brought in from elsewhere.
    theirs = next(
        event
        for event in recorded
        if "dateTime" in event.get("start", {}) and "recurringEventId" not in event and event["status"] == "confirmed"
    )
    assert set(theirs) - {"recurrence", "extendedProperties", "description", "hangoutLink"} <= set(ours)
    for name in ("kind", "status", "eventType", "sequence"):
        assert type(ours[name]) is type(theirs[name])
    assert set(theirs["start"]) == set(ours["start"])
    assert set(theirs["creator"]) == set(ours["creator"])
    assert len(ours["updated"]) == len(theirs["updated"])
    assert ours["etag"].startswith('"')
    assert ours["iCalUID"] == f"{ours['id']}@google.com"


def test_links_carry_event_and_calendar_as_the_recorded_ones_do(recorded: list[dict[str, Any]]) -> None:
    plain = [event for event in recorded if "htmlLink" in event and "recurringEventId" not in event]
    begun = [event["htmlLink"].partition("eid=")[2] for event in plain if "recurrence" not in event]
    assert begun
    for event, shown in zip((one for one in plain if "recurrence" not in one), begun, strict=True):
        # As far as the event's id goes; the calendar's owner differs.
        length = len(event["id"]) * 4 // 3 - 1
        assert shown[:length] == eid(event["id"])[:length]
