"""Interviews with what came of them, and notes."""

from datetime import timedelta

from commands.applications import AddNote, ChangeInterview, ChangeNote, ScheduleInterview
from domain.applications.interview import Interview
from domain.applications.statuses import InterviewKind, InterviewOutcome, NoteKind
from domain.errors import NotFound
from domain.numbers import Kind, stream_id
from tests.grammar import given, happened
from tests.samples import NOW, TENANT
from tests.samples_of_applications import INTERVIEW, JOB, NOTE

THERE = (happened("JobCreated"), happened("ApplicationOpened"))
AGREED = (*THERE, happened("InterviewScheduled"))


def test_an_interview_names_what_calendars_and_clients_need() -> None:
    when = NOW + timedelta(days=1)
    answered = given(*THERE).when(ScheduleInterview(JOB, InterviewKind.TECHNICAL, when, 90, interviewer_name="Jane"))
    interview = answered.events[0]
    assert (interview["number"], interview["job_number"], interview["kind"]) == (
        answered.result.number,
        JOB,
        "technical",
    )
    assert (interview["company"], interview["title"]) == ("Google", "Senior Software Engineer")
    assert (interview["interviewer_name"], interview["owner_id"]) == ("Jane", TENANT)
    assert interview.stream_id == stream_id(Kind.INTERVIEW, answered.result.number)


def test_details_and_outcome_are_recorded_apart_each_with_all_fields() -> None:
    changes = {"feedback": "Great conversation", "preparation_notes": "Ask about team structure"}
    given(*AGREED).when(ChangeInterview(INTERVIEW, changes, InterviewOutcome.PASSED)).then_each(
        ("InterviewChanged", {"changed": ["feedback", "preparation_notes"], "kind": "phone", "outcome": None}),
        ("InterviewOutcomeRecorded", {"outcome": "passed", "outcome_before": None, **changes}),
    )


def test_an_outcome_may_be_corrected_and_is_not_recorded_twice() -> None:
    world = given(*AGREED, happened("InterviewOutcomeRecorded"))
    world.when(ChangeInterview(INTERVIEW, outcome=InterviewOutcome.PASSED)).then_nothing()
    world.when(ChangeInterview(INTERVIEW, outcome=InterviewOutcome.REJECTED)).then(
        "InterviewOutcomeRecorded", outcome="rejected", outcome_before="passed"
    )
    world.when(ChangeInterview(INTERVIEW, {"colour": "red"})).then_refused(KeyError)


def test_an_outcome_is_still_recorded_when_the_application_is_over() -> None:
    world = given(*AGREED, happened("ApplicationStatusChanged", to_status="rejected"))
    world.when(ChangeInterview(INTERVIEW, outcome=InterviewOutcome.REJECTED)).then("InterviewOutcomeRecorded")


def test_an_interview_of_a_removed_job_is_gone() -> None:
    world = given(*AGREED, happened("ApplicationClosed"))
    world.when(ChangeInterview(INTERVIEW, {"location": "x"})).then_refused(NotFound)
    given(*THERE).when(ChangeInterview(99)).then_refused(NotFound)


def test_an_aggregate_shows_nothing_personal_when_it_is_printed() -> None:
    interview = given(*AGREED).load(Interview, stream_id(Kind.INTERVIEW, INTERVIEW))
    assert interview.interviewer_name == "Jane Smith"
    assert "Jane" not in repr(interview)


def test_notes_are_taken_at_any_time_and_changed() -> None:
    world = given(*THERE, happened("ApplicationStatusChanged", to_status="rejected"))
    world.when(AddNote(JOB, NoteKind.GENERAL, "Their loss", important=True)).then("NoteAdded", important=True)
    world.record(happened("NoteAdded"))
    world.when(ChangeNote(NOTE, {"content": "Well", "important": False})).then(
        "NoteChanged", changed=["content"], content="Well", kind="general"
    )
    world.when(ChangeNote(NOTE, {"content": "Well"})).then_nothing()
    world.when(ChangeNote(NOTE, {"colour": "red"})).then_refused(KeyError)
