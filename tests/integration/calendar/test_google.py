"""Google Calendar on good days: what it is told, and what it shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx

from infra.calendar.google import GoogleCalendar
from infra.calendar.provider import Entry, ExternalEvent
from tests.integration.calendar.conftest import STARTS, Simulator, entry, google_at
from tests.integration.pos.conftest import Time


async def put(google: GoogleCalendar, wanted: Entry) -> ExternalEvent:
    return await google.put(wanted, await google.find(wanted.id))


async def test_an_event_has_our_id_its_times_and_its_reminders(google: GoogleCalendar, simulator: Simulator) -> None:
    wanted = entry()
    made = await put(google, wanted)
    [event] = await simulator.events()
    assert event["id"] == made.external_id == wanted.id.hex
    assert event["summary"] == "Technical Interview: Senior Software Engineer at Google"
    assert event["start"] == {"dateTime": "2026-11-15T14:00:00Z", "timeZone": "UTC"}
    assert event["end"] == {"dateTime": "2026-11-15T15:30:00Z", "timeZone": "UTC"}
    assert event["reminders"] == {
        "useDefault": False,
        "overrides": [{"method": "popup", "minutes": minutes} for minutes in (1440, 60, 15)],
    }


async def test_an_all_day_event_is_of_dates_and_ends_before_its_end(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    await put(google, entry(starts_at=day, ends_at=day + timedelta(days=1), all_day=True))
    [event] = await simulator.events()
    assert (event["start"], event["end"]) == ({"date": "2026-11-20"}, {"date": "2026-11-21"})


async def test_what_was_put_is_found_with_its_revision_and_a_link_that_opens(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    wanted = entry(revision=3)
    made = await put(google, wanted)
    assert await google.find(wanted.id) == made
    assert (made.revision, made.removed) == (3, False)
    assert made.link is not None
    page = await simulator.control.get(made.link)
    assert (page.status_code, wanted.summary in page.text) == (200, True)


async def test_a_moved_event_stays_one_event(google: GoogleCalendar, simulator: Simulator) -> None:
    wanted = entry()
    first = await put(google, wanted)
    later = STARTS + timedelta(days=1)
    moved = entry(wanted.id, revision=2, starts_at=later, ends_at=later + timedelta(hours=1), location=None)
    second = await put(google, moved)
    [event] = await simulator.events()
    assert (second.external_id, second.revision) == (first.external_id, 2)
    assert event["start"]["dateTime"] == "2026-11-16T14:00:00Z"
    assert "location" not in event


async def test_an_event_that_its_owner_deleted_there_comes_back_when_it_is_put_again(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    wanted = entry()
    await put(google, wanted)
    await google.remove(wanted.id)
    found = await google.find(wanted.id)
    assert found is not None
    assert found.removed
    assert not (await put(google, entry(wanted.id, revision=2))).removed
    assert len(await simulator.events()) == 1


async def test_removing_twice_and_removing_nothing_change_nothing(google: GoogleCalendar, simulator: Simulator) -> None:
    wanted = entry()
    await put(google, wanted)
    await google.remove(wanted.id)
    await google.remove(wanted.id)
    await google.remove(uuid4())
    assert await simulator.events() == []


async def test_nothing_is_found_for_an_event_that_never_was(google: GoogleCalendar) -> None:
    assert await google.find(uuid4()) is None


async def test_a_token_that_ran_out_is_refreshed_and_kept(
    google: GoogleCalendar, simulator: Simulator, client_file: Path
) -> None:
    token = client_file.with_name("calendar_token.json")
    await google.find(uuid4())
    before = token.read_text()
    await simulator.fail("get", "401")
    assert await google.find(uuid4()) is None
    assert token.read_text() != before
    assert token.stat().st_mode & 0o777 == 0o600
    # Whoever starts next opens the calendar with what was kept.
    async with google_at(simulator.api, client_file, Time()) as another:
        assert await another.find(uuid4()) is None


async def test_another_calendar_of_the_account_can_be_written(simulator: Simulator, client_file: Path) -> None:
    await simulator.sign_in(client_file)
    asked: list[str] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.raw_path.decode())

    async with google_at(simulator.api, client_file, Time()) as provider:
        provider._session._client.event_hooks = {"request": [note]}
        provider._events = provider._events.replace("primary", "a1@group.calendar.google.com")
        await provider.find(uuid4())
    assert asked[0].startswith("/calendar/v3/calendars/a1@group.calendar.google.com/events/")
