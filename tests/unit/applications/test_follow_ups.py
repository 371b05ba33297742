"""Follow-ups: scheduled, due once, mailed once, cancelled when they have lost their point."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.applications import (
    CancelFollowUp,
    CancelFollowUps,
    ChangeApplicationStatus,
    ClaimFollowUpMail,
    MarkFollowUpDue,
    RecordFollowUpMailFailure,
    RecordFollowUpSent,
    RequestFollowUpMail,
    ScheduleFollowUp,
    ScheduleFollowUpSequence,
)
from commands.jobs import RemoveJob
from domain.applications.application import ApplicationEnded
from domain.applications.follow_up import FollowUpOver, MailBusy
from domain.applications.sequences import SEQUENCES, filled
from domain.applications.statuses import FollowUpKind, Reason, Status
from domain.numbers import Kind, stream_id
from tests.grammar import Happened, World, given, happened
from tests.samples import NOW
from tests.samples_of_applications import FOLLOW_UP, JOB

ID = stream_id(Kind.FOLLOW_UP, FOLLOW_UP)
LEASE = timedelta(minutes=1)
THERE = (happened("JobCreated"), happened("ApplicationOpened"), happened("ApplicationStatusChanged"))
CLAIM = ClaimFollowUpMail(FOLLOW_UP, "w", LEASE)


def scheduled(*events: Happened, **fields: object) -> World:
    return given(*THERE, happened("FollowUpScheduled", **fields), *events)


def test_a_text_is_filled_with_what_is_known_of_the_job() -> None:
    command = ScheduleFollowUp(JOB, FollowUpKind.CUSTOM, NOW, "{company} wants a {job_title}, {who}", True)
    given(*THERE).when(command).then(
        "FollowUpScheduled",
        template="Google wants a Senior Software Engineer, {who}",
        send_automatically=True,
        company="Google",
    )
    assert filled("{a}{b}", {"a": "1"}) == "1{b}"


@pytest.mark.parametrize(
    ("sequence", "days"), [("post_application", [3, 7, 14]), ("post_interview", [1, 3]), ("offer_pending", [3, 5])]
)
def test_a_sequence_has_its_days_at_nine_o_clock_utc(sequence: str, days: list[int]) -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    answered = given(*THERE).when(ScheduleFollowUpSequence(JOB, sequence, late, {"recruiter_name": "Jane"}))
    assert [event["due_at"] for event in answered.events] == [datetime(2026, 3, 1 + d, 9, tzinfo=UTC) for d in days]
    assert {event["sequence_id"] for event in answered.events} == {answered.result.sequence_id}
    assert all(event["template"].startswith("Dear Jane,") for event in answered.events)
    assert all("{" not in event["template"] for event in answered.events)
    assert [step.number for step in answered.result.follow_ups] == [event["number"] for event in answered.events]


def test_only_the_inquiry_after_an_interview_waits_for_no_response() -> None:
    steps = [step for steps in SEQUENCES.values() for step in steps if step.only_without_response]
    assert steps == [SEQUENCES["post_interview"][-1]]


def test_nothing_is_scheduled_for_an_application_that_is_over() -> None:
    over = given(*THERE, happened("ApplicationStatusChanged", to_status="rejected"))
    over.when(ScheduleFollowUp(JOB, FollowUpKind.CUSTOM, NOW)).then_refused(ApplicationEnded)
    over.when(ScheduleFollowUpSequence(JOB, "post_application")).then_refused(ApplicationEnded)


def test_it_comes_due_once_and_not_before_its_time() -> None:
    world = scheduled().when(MarkFollowUpDue(ID)).then_nothing()
    world.after(days=3).when(MarkFollowUpDue(ID)).then("FollowUpBecameDue", title="Senior Software Engineer")
    world.when(MarkFollowUpDue(ID)).then_nothing()


@pytest.mark.parametrize("end", [RemoveJob(JOB), ChangeApplicationStatus(JOB, Status.WITHDRAWN)])
def test_one_that_was_left_over_is_cancelled_instead_of_coming_due(end: object) -> None:
    world = scheduled().after(days=3)
    world.when(end)
    world.when(MarkFollowUpDue(ID)).then("FollowUpCancelled", reason="application_ended")


def test_an_inquiry_is_cancelled_when_the_application_has_moved_on() -> None:
    waiting = scheduled(only_without_response=True).after(days=3)
    waiting.when(MarkFollowUpDue(ID)).then("FollowUpCancelled", reason="company_responded")
    interviewing = happened("ApplicationStatusChanged", to_status="interviewing")
    scheduled(interviewing, only_without_response=True).after(days=3).when(MarkFollowUpDue(ID)).then(
        "FollowUpBecameDue"
    )


def test_it_is_sent_once_by_whoever_reports_it_first() -> None:
    world = (
        scheduled()
        .when(RecordFollowUpSent(FOLLOW_UP, NOW, notes="by telephone"))
        .then("FollowUpSent", sent_at=NOW, by_mail=False, notes="by telephone")
    )
    world.when(RecordFollowUpSent(FOLLOW_UP, by_mail=True)).then_nothing()
    world.when(CancelFollowUp(FOLLOW_UP)).then_refused(FollowUpOver)


def test_a_cancelled_one_is_not_sent_unless_the_mail_had_left() -> None:
    world = scheduled().when(CancelFollowUp(FOLLOW_UP)).then("FollowUpCancelled", reason="by_hand")
    world.when(CancelFollowUp(FOLLOW_UP)).then_nothing()
    world.when(RecordFollowUpSent(FOLLOW_UP)).then_refused(FollowUpOver)
    world.when(CLAIM).then_refused(FollowUpOver)
    world.when(RecordFollowUpSent(FOLLOW_UP, by_mail=True)).then("FollowUpSent")


def test_many_are_cancelled_in_one_append_and_those_that_are_over_stay() -> None:
    other = happened("FollowUpScheduled", stream_id(Kind.FOLLOW_UP, 42), number=42)
    world = scheduled(other, happened("FollowUpSent"))
    world.when(CancelFollowUps([FOLLOW_UP, 42], Reason.APPLICATION_ENDED)).then("FollowUpCancelled", number=42)


def test_a_mail_is_claimed_by_one_worker_at_a_time() -> None:
    world = scheduled(send_automatically=True)
    assert world.when(CLAIM).result == 1
    world.when(CLAIM).then_refused(MailBusy)
    world.when(RequestFollowUpMail(ID)).then_nothing()
    world.after(minutes=1).when(RequestFollowUpMail(ID)).then("FollowUpMailRequested", attempts=1)
    assert world.when(CLAIM).result == 2
    world.when(RecordFollowUpMailFailure(FOLLOW_UP, 1, "late", permanent=False)).then_nothing()
    failed = world.when(RecordFollowUpMailFailure(FOLLOW_UP, 2, "smtp: no answer", permanent=False))
    failed.then("FollowUpMailFailed", attempt=2, retry_at=world.clock.now() + timedelta(minutes=2))
    world.when(CLAIM).then("FollowUpMailClaimed", attempt=3)
    world.when(RecordFollowUpSent(FOLLOW_UP, by_mail=True)).then("FollowUpSent", by_mail=True)
    world.when(RequestFollowUpMail(ID)).then_nothing()


def test_a_mail_that_nobody_asked_for_is_not_requested() -> None:
    scheduled().when(RequestFollowUpMail(ID)).then_nothing()
