"""Calendar events: what may happen to them, and their way into an outside calendar."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.calendar import (
    ClaimCalendarSync,
    DeleteCalendarEvent,
    MoveCalendarEvent,
    RecordCalendarSync,
    RecordCalendarSyncFailure,
    RemindOfDeadline,
    RemindOfFollowUp,
    RemoveCalendarEvent,
    RequestCalendarSync,
    RestoreCalendarEvent,
    ReviewCalendarEvent,
    ScheduleCalendarEvent,
)
from domain.calendar.calendar_event import NothingToSync, SyncBusy
from domain.calendar.kinds import EventKind, Removal, event_id, event_of, parsed_id
from domain.errors import NotFound
from tests.grammar import given, happened
from tests.samples import NOW, TENANT
from tests.samples_of_calendar import CALENDAR_EVENT, INTERVIEW_ID, JOB, JOB_ID, PAYLOADS, STARTS

SCHEDULED = happened("CalendarEventScheduled")
MOVED = happened("CalendarEventMoved", starts_at=STARTS + timedelta(days=1))
REMOVED = happened("CalendarEventRemoved")
CLAIMED = happened("CalendarSyncClaimed")
SYNCED = happened("CalendarEventSynced")
FAILED = happened("CalendarSyncFailed")
ABOUT_JOB = (happened("JobCreated"), happened("ApplicationOpened"))
LEASE = timedelta(minutes=5)
CLAIM = ClaimCalendarSync(CALENDAR_EVENT, "worker-2", LEASE)


def move(**changes: Any) -> MoveCalendarEvent:
    names = ("summary", "starts_at", "ends_at", "location", "description")
    return MoveCalendarEvent(
        CALENDAR_EVENT, **{name: PAYLOADS["CalendarEventScheduled"][name] for name in names} | changes
    )


def test_what_follows_from_an_interview_is_the_persons_and_reminds_three_times() -> None:
    command = ScheduleCalendarEvent(
        id=CALENDAR_EVENT,
        kind=EventKind.INTERVIEW,
        job_id=JOB_ID,
        job_number=JOB,
        company="Google",
        title="Engineer",
        source_id=INTERVIEW_ID,
        summary="Phone Interview: Engineer at Google",
        starts_at=STARTS,
        ends_at=STARTS + timedelta(hours=1),
        all_day=False,
        location=None,
        description=None,
        owner=TENANT,
    )
    answered = given().when(command, sender=uuid4())
    answered.then("CalendarEventScheduled", reminders=[1440, 60, 15], owner_id=TENANT)
    assert answered.events[0].owner == TENANT


def test_a_follow_up_reminder_lasts_half_an_hour_and_reminds_twice() -> None:
    answered = given(*ABOUT_JOB).when(RemindOfFollowUp(JOB, STARTS, "Ask about the status"), tenant=TENANT)
    answered.then(
        "CalendarEventScheduled",
        kind="follow_up",
        summary="Follow-up: Senior Software Engineer at Google",
        starts_at=STARTS,
        ends_at=STARTS + timedelta(minutes=30),
        all_day=False,
        description="Ask about the status",
        reminders=[1440, 60],
        source_id=None,
    )
    assert answered.result.id == answered.events[0].stream_id


def test_a_deadline_takes_a_whole_day_and_reminds_three_times() -> None:
    given(*ABOUT_JOB).when(RemindOfDeadline(JOB, date(2026, 11, 20)), tenant=TENANT).then(
        "CalendarEventScheduled",
        kind="deadline",
        summary="Application Deadline: Senior Software Engineer at Google",
        all_day=True,
        description="https://careers.google.com/jobs/123",
        reminders=[4320, 1440, 180],
    )


@pytest.mark.parametrize("command", [RemindOfFollowUp(2, STARTS), RemindOfDeadline(2, date(2026, 11, 20))])
def test_a_reminder_of_no_job_is_not_found(command: Any) -> None:
    assert str(given(*ABOUT_JOB).when(command, tenant=TENANT).then_refused(NotFound)) == "Job not found"


def test_nobody_reminds_of_somebody_elses_job() -> None:
    given(*ABOUT_JOB).when(RemindOfFollowUp(JOB, STARTS), tenant=uuid4()).then_refused(NotFound)


def test_a_moved_event_has_a_new_revision() -> None:
    later = STARTS + timedelta(days=1)
    moved = given(SCHEDULED).when(move(starts_at=later, ends_at=later + timedelta(hours=1)))
    moved.then("CalendarEventMoved", revision=2, starts_at=later, location="Zoom - link in email")


def test_moving_it_to_where_it_is_changes_nothing() -> None:
    given(SCHEDULED).when(move()).then_nothing()


def test_a_removed_event_is_not_moved() -> None:
    given(SCHEDULED, REMOVED).when(move(summary="Another")).then_nothing()


def test_a_person_removes_an_event_once() -> None:
    world = given(SCHEDULED).when(DeleteCalendarEvent(CALENDAR_EVENT)).then("CalendarEventRemoved", reason="by_hand")
    assert str(world.when(DeleteCalendarEvent(CALENDAR_EVENT)).then_refused(NotFound)) == "Event not found"


def test_what_the_system_removes_it_removes_once() -> None:
    remove = RemoveCalendarEvent(CALENDAR_EVENT, Removal.APPLICATION_ENDED)
    given(SCHEDULED).when(remove).then("CalendarEventRemoved", revision=2).when(remove).then_nothing()


@pytest.mark.parametrize(
    ("removed_for", "comes_back"), [("application_ended", True), ("by_hand", False), ("interview_cancelled", False)]
)
def test_an_event_comes_back_only_for_what_it_was_removed_for(removed_for: str, comes_back: bool) -> None:
    restored = given(SCHEDULED, happened("CalendarEventRemoved", reason=removed_for)).when(
        RestoreCalendarEvent(CALENDAR_EVENT, Removal.APPLICATION_ENDED)
    )
    if comes_back:
        restored.then("CalendarEventRestored", revision=3)
    else:
        restored.then_nothing()


def test_what_is_over_does_not_come_back() -> None:
    removed = happened("CalendarEventRemoved", reason="application_ended")
    world = given(SCHEDULED, removed).after(days=4)
    world.when(RestoreCalendarEvent(CALENDAR_EVENT, Removal.APPLICATION_ENDED)).then_nothing()


@pytest.mark.parametrize(
    ("end", "removed"),
    [
        (happened("ApplicationStatusChanged", to_status="rejected"), True),
        (happened("ApplicationClosed"), True),
        (happened("ApplicationStatusChanged", to_status="applied"), False),
    ],
)
def test_an_event_that_comes_after_the_end_of_its_application_is_removed(end: Any, removed: bool) -> None:
    reviewed = given(*ABOUT_JOB, end, SCHEDULED).when(ReviewCalendarEvent(CALENDAR_EVENT))
    if removed:
        reviewed.then("CalendarEventRemoved", reason="application_ended")
    else:
        reviewed.then_nothing()


def test_a_review_that_knows_an_old_application_asks_for_the_present_one() -> None:
    world = given(*ABOUT_JOB, SCHEDULED)
    world.when(ReviewCalendarEvent(CALENDAR_EVENT)).then_nothing()  # from now on it is cached
    world.record(happened("ApplicationClosed"))
    world.when(ReviewCalendarEvent(CALENDAR_EVENT)).then("CalendarEventRemoved")


def test_an_event_is_claimed_by_one_worker_at_a_time() -> None:
    world = given(SCHEDULED).when(CLAIM).then("CalendarSyncClaimed", revision=1, attempt=1, lease_until=NOW + LEASE)
    world.when(CLAIM).then_refused(SyncBusy)
    world.after(minutes=5).when(CLAIM).then_refused(SyncBusy)  # the call may still take effect
    world.after(seconds=5).when(CLAIM).then("CalendarSyncClaimed", attempt=2)


def test_what_is_shown_already_needs_no_claim() -> None:
    given(SCHEDULED, CLAIMED, SYNCED).when(CLAIM).then_refused(NothingToSync)


def test_a_newer_revision_needs_one() -> None:
    given(SCHEDULED, CLAIMED, SYNCED, MOVED).when(CLAIM).then("CalendarSyncClaimed", revision=2)


def test_a_result_is_recorded_once() -> None:
    record = RecordCalendarSync(CALENDAR_EVENT, 1, 1, "https://calendar.example/1")
    world = given(SCHEDULED, CLAIMED).when(record).then("CalendarEventSynced", revision=1, doubtful=False)
    world.when(record).then_nothing()


def test_a_revision_that_came_in_meanwhile_is_asked_for_at_once() -> None:
    given(SCHEDULED, CLAIMED, MOVED).when(RecordCalendarSync(CALENDAR_EVENT, 1, 1, None)).then_each(
        ("CalendarEventSynced", {"revision": 1}), ("CalendarSyncRequested", {"revision": 2})
    )


def test_the_result_of_a_superseded_attempt_is_ignored() -> None:
    again = happened("CalendarSyncClaimed", attempt=2)
    given(SCHEDULED, CLAIMED, again).when(RecordCalendarSync(CALENDAR_EVENT, 1, 1, None)).then_nothing()
    given(SCHEDULED, CLAIMED, again).when(RecordCalendarSyncFailure(CALENDAR_EVENT, 1, "no", False)).then_nothing()


def test_a_failure_is_tried_again_and_a_refusal_is_not() -> None:
    fail = RecordCalendarSyncFailure(CALENDAR_EVENT, 1, "google: away", permanent=False)
    given(SCHEDULED, CLAIMED).when(fail).then("CalendarSyncFailed", retry_at=NOW + timedelta(seconds=10))
    refusal = RecordCalendarSyncFailure(CALENDAR_EVENT, 1, "google: forbidden", permanent=True)
    given(SCHEDULED, CLAIMED).when(refusal).then("CalendarSyncFailed", retry_at=None)


def test_it_is_tried_for_weeks_an_hour_apart_at_most() -> None:
    claimed = happened("CalendarSyncClaimed", attempt=500)
    fail = RecordCalendarSyncFailure(CALENDAR_EVENT, 500, "google: away", permanent=False)
    given(SCHEDULED, claimed).when(fail).then("CalendarSyncFailed", retry_at=NOW + timedelta(hours=1))


def test_a_removal_after_an_answer_was_lost_is_looked_at_again_once() -> None:
    second = happened("CalendarSyncClaimed", revision=2, attempt=2)
    world = given(SCHEDULED, CLAIMED, FAILED, REMOVED, second)
    world.when(RecordCalendarSync(CALENDAR_EVENT, 2, 2, None)).then("CalendarEventSynced", doubtful=True)
    world.when(RequestCalendarSync(CALENDAR_EVENT)).then("CalendarSyncRequested")
    world.when(CLAIM).then("CalendarSyncClaimed", attempt=3)
    world.when(RecordCalendarSync(CALENDAR_EVENT, 2, 3, None)).then("CalendarEventSynced", doubtful=False)
    world.when(RequestCalendarSync(CALENDAR_EVENT)).then_nothing()


def test_a_removal_without_doubt_is_done_with() -> None:
    second = happened("CalendarSyncClaimed", revision=2, attempt=2)
    world = given(SCHEDULED, CLAIMED, SYNCED, REMOVED, second)
    world.when(RecordCalendarSync(CALENDAR_EVENT, 2, 2, None)).then("CalendarEventSynced", doubtful=False)


def test_a_claim_that_was_taken_over_leaves_the_same_doubt() -> None:
    world = given(SCHEDULED, CLAIMED, REMOVED).after(minutes=6)
    world.when(CLAIM).then("CalendarSyncClaimed", revision=2, attempt=2)
    world.when(RecordCalendarSync(CALENDAR_EVENT, 2, 2, None)).then("CalendarEventSynced", doubtful=True)


def test_while_a_claim_holds_nothing_is_requested() -> None:
    given(SCHEDULED, CLAIMED).when(RequestCalendarSync(CALENDAR_EVENT)).then_nothing()
    given(SCHEDULED, CLAIMED, FAILED).when(RequestCalendarSync(CALENDAR_EVENT)).then(
        "CalendarSyncRequested", attempts=1
    )


@pytest.mark.parametrize("text", ["", "cal_", "cal_xyz", "CAL_" + "0" * 32, "cal_" + "0" * 31, "0" * 32, "cal_abc123"])
def test_what_is_no_event_id_stands_for_nothing(text: str) -> None:
    assert parsed_id(text) is None


def test_an_event_id_leads_back_to_its_stream() -> None:
    id = event_of(UUID(int=7))
    assert parsed_id(event_id(id)) == id
