"""Postings, and the applications that come with them."""

from decimal import Decimal

import pytest

from commands.applications import AddNote, ChangeApplicationStatus, ChangeNote, SaveJob
from commands.jobs import CreateJob, RemoveJob, UpdateJob
from domain.applications.statuses import NoteKind, Status
from domain.errors import NotFound
from domain.jobs.identity import posting_id
from domain.numbers import Kind, stream_id
from tests.grammar import World, given, happened
from tests.samples import TENANT
from tests.samples_of_applications import APPLICATION_ID, JOB, JOB_ID, NOTE

THERE = (happened("JobCreated"), happened("ApplicationOpened"))


def test_a_job_and_its_application_begin_in_one_append_under_one_number() -> None:
    created = World().when(CreateJob("Google", "Engineer", salary_min=Decimal(150000), source="linkedin"))
    created.then_each(
        ("JobCreated", {"number": 101, "reference": "linkedin_101", "salary_min": Decimal(150000)}),
        ("ApplicationOpened", {"number": 101, "job_id": stream_id(Kind.JOB, 101)}),
    )
    job, application = created.events
    assert job.stream_id == stream_id(Kind.JOB, 101)
    assert application.stream_id == stream_id(Kind.APPLICATION, 101)
    assert (created.result.number, created.result.status) == (101, Status.PROCESSING)


def test_the_source_s_own_reference_is_kept() -> None:
    World().when(CreateJob("Google", "Engineer", source="linkedin", reference="linkedin_123456")).then_each(
        ("JobCreated", {"reference": "linkedin_123456"}), ("ApplicationOpened", {})
    )


def test_a_processed_job_is_saved_once_and_not_when_the_person_was_quicker() -> None:
    given(*THERE).when(SaveJob(JOB)).then("JobSaved").when(SaveJob(JOB)).then_nothing()
    moved = given(*THERE, happened("ApplicationStatusChanged", from_status="processing", to_status="applied"))
    moved.when(SaveJob(JOB)).then_nothing()


def test_an_update_records_all_fields_and_names_those_that_are_new() -> None:
    world = (
        given(*THERE)
        .when(UpdateJob(JOB, {"title": "Staff Engineer", "company": "Google"}))
        .then("JobUpdated", changed=["title"], title="Staff Engineer", location="Mountain View, CA")
    )
    world.when(UpdateJob(JOB, {"title": "Staff Engineer"})).then_nothing()


def test_a_field_that_no_job_has_is_a_defect() -> None:
    given(*THERE).when(UpdateJob(JOB, {"colour": "red"})).then_refused(KeyError)


def test_notes_with_an_update_go_with_its_status_or_stand_alone() -> None:
    given(*THERE).when(UpdateJob(JOB, {}, Status.APPLIED, "by letter")).then(
        "ApplicationStatusChanged", notes="by letter", owner_id=TENANT
    )
    given(*THERE).when(UpdateJob(JOB, {}, notes="nice")).then("NoteAdded", content="nice", kind="general")


def test_a_removed_job_is_gone_for_every_command() -> None:
    world = (
        given(*THERE)
        .when(RemoveJob(JOB))
        .then_each(("ApplicationClosed", {"status": "processing"}), ("JobRemoved", {"number": JOB}))
    )
    for command in (
        RemoveJob(JOB),
        UpdateJob(JOB, {"title": "x"}),
        ChangeApplicationStatus(JOB, Status.APPLIED),
        AddNote(JOB, NoteKind.GENERAL, "x"),
    ):
        assert str(world.when(command).then_refused(NotFound)) == "Job not found"
    world.when(SaveJob(JOB)).then_refused(NotFound)


def test_another_person_s_job_might_as_well_not_exist() -> None:
    stranger = stream_id(Kind.NOTE, 1)
    for command in (UpdateJob(JOB, {"title": "x"}), ChangeApplicationStatus(JOB, Status.APPLIED), RemoveJob(JOB)):
        assert str(given(*THERE).when(command, tenant=stranger).then_refused(NotFound)) == "Job not found"
    World().when(ChangeApplicationStatus(9, Status.APPLIED)).then_refused(NotFound)


def test_what_a_decision_rests_on_has_not_changed_when_it_is_recorded() -> None:
    """Another process ends the application while this one, with an older copy, adds something to it."""
    world = given(*THERE, happened("NoteAdded"))
    ours, theirs = world.bus_of(world.other_process()), world.bus_of(world.other_process())
    world.through(ours, AddNote(JOB, NoteKind.GENERAL, "before")).then("NoteAdded")
    world.through(theirs, RemoveJob(JOB))
    world.through(ours, AddNote(JOB, NoteKind.GENERAL, "after")).then_refused(NotFound)
    world.through(ours, ChangeNote(NOTE, {"content": "after"})).then_refused(NotFound)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"reference": "a", "title": "x"}, {"reference": "a", "title": "y"}, True),
        ({"reference": "a"}, {"reference": "a", "source": "indeed"}, False),
        ({"url": "https://a", "title": "x"}, {"url": "https://a", "title": "y"}, True),
        ({"url": "https://a"}, {"url": "https://b"}, False),
        ({"title": "x"}, {"title": "x", "location": ""}, True),
        ({"title": "x"}, {"title": "x", "description": "more"}, False),
    ],
)
def test_postings_are_one_by_reference_else_by_address_else_by_what_they_say(
    one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    blank = dict.fromkeys(("source", "reference", "url", "location", "description"))
    given = {"company": "Google", "title": "Engineer", **blank}
    assert (posting_id(TENANT, **{**given, **one}) == posting_id(TENANT, **{**given, **other})) is same
    assert posting_id(TENANT, **given) != posting_id(JOB_ID, **given)
    assert APPLICATION_ID != JOB_ID
