"""The calendar's operations, by the document's own examples."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from tests.contract.automation.document_calendar import (
    DEADLINE,
    EVENT,
    FOLLOW_UP,
    NEW_DEADLINE,
    NEW_EVENT,
    NEW_FOLLOW_UP,
    UPCOMING,
)
from tests.contract.automation.seeker import PLACE, People, Seeker
from tests.contract.likeness import assert_like
from tests.running import until

SOON = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)


def spoken(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def schedule(seeker: Seeker, id: int, **changes: Any) -> dict[str, Any]:
    return dict(await seeker.ask("POST", "/calendar/interview", {**NEW_EVENT, "job_id": id, **changes}, 201))


async def test_an_interview_in_the_calendar(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    event = await schedule(seeker, id)
    assert_like(EVENT, event)
    same = EVENT.keys() - {"event_id", "calendar_link", "created_at"}
    assert {name: event[name] for name in same} == {name: EVENT[name] for name in same}
    [recorded] = await seeker.ask("GET", f"/ats/jobs/{id}/interviews")
    assert recorded["calendar_event_id"] == event["event_id"]
    assert recorded["interviewer_email"] == "interviewer@company.com"
    assert recorded["preparation_notes"] == "Technical round - system design focus"
    assert (await seeker.shown(id))["status"] == "interview_scheduled"


async def test_an_interview_by_the_other_way_is_in_the_calendar_too(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    interview = await seeker.interview(id, scheduled_date=spoken(SOON))
    await seeker.calendar(id, [interview["calendar_event_id"]])


async def test_a_follow_up_reminder(seeker: Seeker) -> None:
    id = await seeker.job()
    event = await seeker.ask("POST", "/calendar/follow-up-reminder", {**NEW_FOLLOW_UP, "job_id": id}, 201)
    assert_like(FOLLOW_UP, event)
    same = FOLLOW_UP.keys() - {"event_id", "calendar_link"}
    assert {name: event[name] for name in same} == {name: FOLLOW_UP[name] for name in same}


async def test_a_deadline_reminder(seeker: Seeker) -> None:
    id = await seeker.job()
    event = await seeker.ask("POST", "/calendar/deadline-reminder", {**NEW_DEADLINE, "job_id": id}, 201)
    assert_like(DEADLINE, event)
    same = DEADLINE.keys() - {"event_id", "calendar_link"}
    assert {name: event[name] for name in same} == {name: DEADLINE[name] for name in same}


async def test_upcoming_events_come_in_their_order_and_within_the_days(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    later = await schedule(seeker, id, start_time=spoken(SOON + timedelta(days=1)))
    sooner = await schedule(seeker, id, start_time=spoken(SOON))
    await schedule(seeker, id, start_time=spoken(SOON + timedelta(days=30)))
    answer = await seeker.ask("GET", "/calendar/upcoming?days=7&limit=1000")
    assert_like(UPCOMING, answer)
    ours = [event["event_id"] for event in answer["events"] if event["job_id"] == id]
    assert ours == [sooner["event_id"], later["event_id"]]
    one = await seeker.ask("GET", "/calendar/upcoming?days=3650&limit=1")
    assert len(one["events"]) == 1


async def test_a_day_that_has_begun_is_still_to_come(seeker: Seeker) -> None:
    id, today = await seeker.job(), datetime.now(UTC).date().isoformat()
    made = await seeker.ask("POST", "/calendar/deadline-reminder", {"job_id": id, "deadline": today}, 201)
    events = (await seeker.ask("GET", "/calendar/upcoming?days=1&limit=1000"))["events"]
    assert made["event_id"] in [event["event_id"] for event in events]


async def test_the_events_of_a_job_are_an_array_or_a_page_of_it(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    made = await schedule(seeker, id)
    [event] = await seeker.ask("GET", f"/calendar/job/{id}")
    assert_like(UPCOMING["events"][0], event)
    assert event["event_id"] == made["event_id"]
    page = await seeker.ask("GET", f"/calendar/job/{id}?form=generic")
    assert page == {"total": 1, "items": [event], "skip": 0, "limit": 100, "has_more": False}


async def test_a_deleted_event_is_gone_and_the_interview_stays(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    made = await schedule(seeker, id)
    path = f"/calendar/event/{made['event_id']}"
    await seeker.ask("DELETE", path, status=204)
    assert await seeker.ask("GET", f"/calendar/job/{id}") == []
    assert await seeker.refused("DELETE", path, status=404) == "Event not found"
    assert len(await seeker.ask("GET", f"/ats/jobs/{id}/interviews")) == 1


@pytest.mark.parametrize("event_id", ["cal_abc123", "cal_" + "0" * 32, "nonsense"])
async def test_what_is_no_event_cannot_be_deleted(seeker: Seeker, event_id: str) -> None:
    assert await seeker.refused("DELETE", f"/calendar/event/{event_id}", status=404) == "Event not found"


@pytest.mark.parametrize(
    ("path", "body"),
    [("interview", NEW_EVENT), ("follow-up-reminder", NEW_FOLLOW_UP), ("deadline-reminder", NEW_DEADLINE)],
)
async def test_what_is_asked_for_wrongly_is_told_in_the_documents_words(
    seeker: Seeker, path: str, body: dict[str, Any]
) -> None:
    post = f"/calendar/{path}"
    assert await seeker.refused("POST", post, {**body, "job_id": 10**9}, 404) == "Job not found"
    assert await seeker.refused("POST", post, {**body, "job_id": "one"}) == "Invalid job_id provided"
    field = next(name for name in ("start_time", "reminder_time", "deadline") if name in body)
    assert field in await seeker.refused("POST", post, {**body, field: "soon"})


async def test_an_unknown_jobs_events_are_not_found(seeker: Seeker) -> None:
    assert await seeker.refused("GET", f"/calendar/job/{10**9}", status=404) == "Job not found"
    assert await seeker.refused("GET", "/calendar/job/one") == "Invalid job_id provided"


async def test_interviews_are_refused_once_the_application_is_over(seeker: Seeker) -> None:
    id = await seeker.job("rejected")
    refusal = await seeker.refused("POST", "/calendar/interview", {**NEW_EVENT, "job_id": id})
    assert "nothing more can be added" in refusal


@pytest.mark.parametrize(
    ("path", "body"),
    [("interview", NEW_EVENT), ("follow-up-reminder", NEW_FOLLOW_UP), ("deadline-reminder", NEW_DEADLINE)],
)
async def test_a_repeated_request_answers_the_first_result(seeker: Seeker, path: str, body: dict[str, Any]) -> None:
    id = await seeker.job("applied")
    headers = {"Idempotency-Key": f"calendar-{path}-{id}"}
    asked = ("POST", f"/calendar/{path}", {**body, "job_id": id}, 201)
    first = await seeker.ask(*asked, headers=headers)
    assert await seeker.ask(*asked, headers=headers) == first
    assert len(await seeker.ask("GET", f"/calendar/job/{id}")) == 1


async def test_a_link_opens_its_event_and_nothing_else(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    first, second = await schedule(seeker, id), await schedule(seeker, id)
    opened = await seeker.client.get(first["calendar_link"])
    assert (opened.status_code, opened.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    [event] = Calendar.from_ical(opened.text).events
    assert (event["summary"], event.start) == (first["summary"], datetime(2026, 11, 15, 14, 0, tzinfo=UTC))
    stolen = first["calendar_link"].replace(first["event_id"], second["event_id"])
    assert (await seeker.client.get(stolen)).status_code == 404
    without = first["calendar_link"].partition("?")[0]
    assert (await seeker.client.get(without)).json() == {"detail": "Invalid input: token: field required."}


async def feed(seeker: Seeker, url: str) -> Any:
    answer = await seeker.client.get(url)
    assert answer.status_code == 200, answer.text
    return Calendar.from_ical(answer.text)


async def test_the_feed_is_what_a_calendar_program_reads(seeker: Seeker) -> None:
    id = await seeker.job("applied", job_title="Engineer; Data, \\ Platform")
    url = (await seeker.ask("POST", "/calendar/feed", status=201))["url"]
    made = await schedule(seeker, id)
    day = await seeker.ask("POST", "/calendar/deadline-reminder", {**NEW_DEADLINE, "job_id": id}, 201)
    events = {str(event["uid"]): event for event in (await feed(seeker, url)).events}
    event = next(event for event in events.values() if event["summary"] == made["summary"])
    assert event["summary"] == "Technical Interview: Engineer; Data, \\ Platform at Google"
    assert event.start == datetime(2026, 11, 15, 14, 0, tzinfo=UTC)
    assert event.end == datetime(2026, 11, 15, 15, 30, tzinfo=UTC)
    assert event["description"] == "Technical round - system design focus"
    assert [alarm.TRIGGER for alarm in event.walk("VALARM")] == [timedelta(minutes=-m) for m in (1440, 60, 15)]
    whole_day = next(event for event in events.values() if event["summary"] == day["summary"])
    assert (whole_day.start.isoformat(), whole_day.end.isoformat()) == ("2026-11-20", "2026-11-21")


async def test_a_change_keeps_the_uid_and_raises_the_sequence(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    url = (await seeker.ask("POST", "/calendar/feed", status=201))["url"]
    interview = await seeker.interview(id, scheduled_date=spoken(SOON), preparation_notes=f"of job {id}")
    await seeker.calendar(id, [interview["calendar_event_id"]])

    async def shown() -> Any:
        return next(event for event in (await feed(seeker, url)).events if event.get("description") == f"of job {id}")

    before = await shown()
    change = {"scheduled_date": spoken(SOON + timedelta(hours=1))}
    await seeker.ask("PUT", f"/ats/interviews/{interview['id']}", change)
    await until(partial(_moved, seeker, id, SOON + timedelta(hours=1)), 30)
    after = await shown()
    assert (after["uid"], after["sequence"]) == (before["uid"], before["sequence"] + 1)
    await seeker.ask("DELETE", f"/calendar/event/{interview['calendar_event_id']}", status=204)
    gone = await shown()
    assert (gone["uid"], gone["status"], gone.walk("VALARM")) == (before["uid"], "CANCELLED", [])


async def _moved(seeker: Seeker, id: int, to: datetime) -> bool:
    [event] = await seeker.ask("GET", f"/calendar/job/{id}")
    return bool(event["start_time"] == spoken(to))


async def test_a_feed_that_has_not_changed_is_not_sent_again(seeker: Seeker) -> None:
    url = (await seeker.ask("POST", "/calendar/feed", status=201))["url"]
    first = await seeker.client.get(url)
    known = {"If-None-Match": f'"other", W/{first.headers["etag"]}'}
    again = await seeker.client.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    await schedule(seeker, await seeker.job("applied"))
    assert (await seeker.client.get(url, headers=known)).status_code == 200


async def test_a_new_feed_address_ends_the_one_before(seeker: Seeker) -> None:
    old = (await seeker.ask("POST", "/calendar/feed", status=201))["url"]
    new = (await seeker.ask("POST", "/calendar/feed", status=201))["url"]
    assert new.startswith("http://127.0.0.1/automation/api/v1/calendar/feed.ics?token=")
    assert (await seeker.client.get(old)).json() == {"detail": "Calendar feed not found"}
    assert (await seeker.client.get(new)).status_code == 200
    kept = await seeker.running.system.database.pool.fetch("select * from calendar_feeds")
    assert new.partition("token=")[2] not in str([dict(row) for row in kept])


async def test_the_feed_is_at_the_products_other_place_too(seeker: Seeker) -> None:
    async with seeker.running.at("/api/v1") as client:
        url = (await client.post("/calendar/feed")).json()["url"]
        assert url.startswith("http://127.0.0.1/api/v1/calendar/feed.ics?token=")
        assert (await client.get(url)).status_code == 200


async def test_a_feed_opens_without_a_key_and_shows_its_persons_events_only(people: People) -> None:
    one, other = await people.somebody(), await people.somebody()
    url = (await one.ask("POST", "/calendar/feed", status=201))["url"]
    mine = await remind(one)
    theirs = await remind(other)
    async with people.running.at(PLACE) as nobody:
        [event] = Calendar.from_ical((await nobody.get(url)).text).events
        assert str(event["uid"]) == f"{UUID(hex=mine['event_id'].removeprefix('cal_'))}@jobstream"
        assert (await nobody.get(mine["calendar_link"])).status_code == 200
        for path in ("/calendar/upcoming", "/calendar/feed"):
            assert (await nobody.get(path)).status_code == 401
    assert await one.refused("DELETE", f"/calendar/event/{theirs['event_id']}", status=404) == "Event not found"
    assert len((await one.ask("GET", "/calendar/upcoming?days=3650"))["events"]) == 1


async def remind(seeker: Seeker) -> dict[str, Any]:
    # By the system's clock: other tests of these people move it.
    soon = seeker.running.system.clock.now() + timedelta(days=2)
    body = {**NEW_DEADLINE, "job_id": await seeker.job(), "deadline": spoken(soon)[:10]}
    return dict(await seeker.ask("POST", "/calendar/deadline-reminder", body, 201))
