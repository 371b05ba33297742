from datetime import timedelta
from uuid import UUID

from projections.calendar.tables import calendar_event
from projections.deadlines.tables import deadline
from tests.grammar import given, happened
from tests.samples import NOW, TENANT
from tests.samples_of_calendar import CALENDAR_EVENT, INTERVIEW_ID, JOB, STARTS

SECOND = timedelta(seconds=1)
SCHEDULED = happened("CalendarEventScheduled")
CLAIMED = happened("CalendarSyncClaimed")


def test_a_scheduled_event_is_shown_with_all_that_it_says() -> None:
    given(SCHEDULED).then_rows(
        calendar_event,
        id=CALENDAR_EVENT,
        owner=TENANT,
        position=1,
        kind="interview",
        job_number=JOB,
        source_id=INTERVIEW_ID,
        starts_at=STARTS,
        reminders=[1440, 60, 15],
        revision=1,
        removed_for=None,
        sync_status="pending",
        link=None,
        created_at=NOW,
        updated_at=NOW,
    )


def test_a_moved_event_shows_its_new_time_and_is_to_be_synchronised_again() -> None:
    moved = happened("CalendarEventMoved", starts_at=STARTS + SECOND, at=SECOND)
    given(SCHEDULED, CLAIMED, happened("CalendarEventSynced"), moved).then_rows(
        calendar_event, starts_at=STARTS + SECOND, revision=2, sync_status="pending", updated_at=NOW + SECOND
    )


def test_a_removed_event_stays_and_says_why() -> None:
    world = given(SCHEDULED, happened("CalendarEventRemoved", reason="application_ended"))
    world.then_rows(calendar_event, removed_for="application_ended", revision=2)
    world.record(happened("CalendarEventRestored"))
    world.then_rows(calendar_event, removed_for=None, revision=3)


def test_synchronisation_is_shown_and_is_no_change_of_the_event() -> None:
    failed = happened("CalendarSyncFailed", at=2 * SECOND)
    world = given(SCHEDULED, happened("CalendarSyncClaimed", at=SECOND))
    world.then_rows(calendar_event, sync_status="processing", updated_at=NOW)
    world.record(failed)
    world.then_rows(calendar_event, sync_status="failed", sync_error="google: cannot be reached")
    world.record(happened("CalendarSyncRequested"), happened("CalendarEventSynced", link="https://calendar.example/1"))
    world.then_rows(
        calendar_event, sync_status="synced", sync_error=None, link="https://calendar.example/1", updated_at=NOW
    )


def test_the_text_of_an_erased_person_is_blank() -> None:
    other = happened("CalendarEventScheduled", UUID(int=5), owner=UUID(int=6), owner_id=UUID(int=6))
    erased = happened("SubjectErased", subject_id=TENANT)
    given(SCHEDULED, other, erased).then_rows(
        calendar_event, {"description": None, "location": "Zoom - link in email"}, {"owner": UUID(int=6)}
    )


def test_a_claim_is_watched_until_a_little_after_its_lease() -> None:
    given(SCHEDULED, CLAIMED).then_rows(
        deadline, kind="calendar_lease", stream_id=CALENDAR_EVENT, due_at=NOW + timedelta(minutes=5, seconds=5)
    )


def test_a_failure_is_tried_again_and_no_lease_is_watched_any_more() -> None:
    failed = happened("CalendarSyncFailed", retry_at=NOW + SECOND)
    given(SCHEDULED, CLAIMED, failed).then_rows(deadline, kind="calendar_retry", due_at=NOW + SECOND)
    given(SCHEDULED, CLAIMED, happened("CalendarSyncFailed", retry_at=None)).then_rows(deadline)


def test_a_removal_with_a_doubt_is_checked_once() -> None:
    doubtful = happened("CalendarEventSynced", doubtful=True)
    world = given(SCHEDULED, CLAIMED, doubtful)
    world.then_rows(deadline, kind="calendar_check", due_at=NOW + timedelta(minutes=5))
    world.record(happened("CalendarSyncRequested"), CLAIMED, happened("CalendarEventSynced"))
    world.then_rows(deadline)
