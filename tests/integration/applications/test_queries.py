"""What a person sees of their applications: lists, history and figures, now and as of a time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from commands.applications import (
    AcceptOffer,
    AddNote,
    ChangeApplicationStatus,
    ChangeInterview,
    ChangeNote,
    ChangeOffer,
    DeclineOffer,
    NegotiateOffer,
    RecordFollowUpSent,
    RecordOffer,
    ScheduleFollowUp,
    ScheduleFollowUpSequence,
    ScheduleInterview,
)
from commands.jobs import CreateJob, RemoveJob, UpdateJob
from domain.applications.statuses import FollowUpKind, InterviewKind, InterviewOutcome, NoteKind, Status
from domain.errors import NotFound
from tests.applicant import Applicant
from tests.samples import NOW


def later(**time: float) -> Any:
    return NOW + timedelta(**time)


async def test_a_list_is_newest_first_with_exact_totals(applicant: Applicant) -> None:
    jobs = [await applicant.job() for _ in range(5)]
    await applicant.do(ChangeApplicationStatus(jobs[1], Status.APPLIED))
    await applicant.do(ChangeApplicationStatus(jobs[3], Status.APPLIED))
    await applicant.do(RemoveJob(jobs[4]))
    stranger = Applicant(applicant.system, applicant.clock)
    await stranger.job()
    ask, me = applicant.ask.jobs, applicant.owner
    assert [row["number"] for row in await ask.page(me, 0, 10)] == jobs[3::-1]
    assert [row["number"] for row in await ask.page(me, 1, 2)] == jobs[2:0:-1]
    assert [row["number"] for row in await ask.page(me, 0, 10, status="applied")] == [jobs[3], jobs[1]]
    assert await ask.total(me) == 4
    assert await ask.total(me, status="applied") == 2
    assert await ask.total(me, status="rejected") == 0
    assert await ask.page(me, 0, 10, min_score=1.0) == []
    assert await ask.total(me, status="applied", min_score=1.0) == 0
    assert await ask.by_number(jobs[0], stranger.owner) is None


async def test_a_job_shows_what_was_made_of_it(applicant: Applicant) -> None:
    outcome = await applicant.send(
        CreateJob("Google", "Engineer", "We are looking for...", salary_min=Decimal(150000), source="linkedin")
    )
    number = outcome.result.number
    row = await applicant.ask.jobs.by_number(number, applicant.owner)
    assert row is not None
    assert row["reference"] == f"linkedin_{number}"
    assert (row["status"], row["match_score"], row["salary_min"]) == ("processing", None, Decimal(150000))
    assert row["description"] == "We are looking for..."
    assert row["created_at"] == row["updated_at"] == NOW
    assert await applicant.ask.jobs.made_at(outcome.first, applicant.owner) == number
    applicant.clock.move(timedelta(minutes=2))
    await applicant.do(UpdateJob(number, {"title": "Staff Engineer"}, Status.APPLIED, "by letter"))
    row = await applicant.ask.jobs.by_number(number, applicant.owner)
    assert row is not None
    assert (row["title"], row["status"], row["updated_at"]) == ("Staff Engineer", "applied", later(minutes=2))


async def test_a_job_answers_as_it_was_even_when_it_was_removed_since(applicant: Applicant) -> None:
    job = await applicant.job()
    applicant.clock.move(timedelta(days=1))
    await applicant.do(ChangeApplicationStatus(job, Status.APPLIED, "by letter"))
    applicant.clock.move(timedelta(days=1))
    await applicant.do(UpdateJob(job, {"title": "Staff Engineer", "description": "More"}))
    applicant.clock.move(timedelta(days=1))
    await applicant.do(RemoveJob(job))

    async def then(**time: float) -> Any:
        row = await applicant.ask.jobs.as_of(job, applicant.owner, later(**time))
        return row and (row["title"], row["status"], row["description"], row["created_at"], row["updated_at"])

    assert await then(hours=-1) is None
    assert await then(hours=1) == ("Engineer", "saved", None, NOW, NOW)
    assert await then(days=1) == ("Engineer", "applied", None, NOW, later(days=1))
    assert await then(days=2, hours=1) == ("Staff Engineer", "applied", "More", NOW, later(days=2))
    assert await then(days=3) is None
    assert await applicant.ask.jobs.by_number(job, applicant.owner) is None
    assert (
        await applicant.ask.jobs.as_of(job, Applicant(applicant.system, applicant.clock).owner, later(days=1)) is None
    )
    with pytest.raises(NotFound, match="Job not found"):
        await applicant.do(ChangeApplicationStatus(job, Status.WITHDRAWN))


async def test_the_history_of_an_application_tells_everything_in_order(applicant: Applicant) -> None:
    job = await applicant.job(Status.APPLIED)
    interview = (await applicant.do(_phone(job))).number
    await applicant.do(ChangeInterview(interview, {"feedback": "Great"}, InterviewOutcome.PASSED))
    applicant.clock.move(timedelta(days=1))
    offer = await applicant.offer(job, base_salary=Decimal(180000))
    await applicant.do(NegotiateOffer(offer, "counter_offer", "190k", "185k", None))
    await applicant.do(AddNote(job, NoteKind.GENERAL, "Really excited"))
    await applicant.do(AcceptOffer(offer))
    entries = await applicant.ask.jobs.history(job)
    assert [(row["kind"], row["from_status"], row["to_status"]) for row in entries] == [
        ("status_change", "processing", "saved"),
        ("status_change", "saved", "applied"),
        ("interview_scheduled", None, None),
        ("status_change", "applied", "interview_scheduled"),
        ("interview_outcome", None, "passed"),
        ("offer_received", None, None),
        ("status_change", "interview_scheduled", "offer_received"),
        ("offer_negotiated", None, None),
        ("note_added", None, None),
        ("offer_accepted", None, None),
        ("status_change", "offer_received", "accepted"),
    ]
    assert (entries[2]["item"], entries[2]["item_kind"], entries[2]["item_at"]) == (interview, "phone", later(days=3))
    assert len(await applicant.ask.jobs.history(job, later(hours=1))) == 5


def _phone(job: int, **changes: Any) -> ScheduleInterview:
    given = {"interviewer_name": "Jane Smith", "interviewer_email": "jane@google.com", "location": "Zoom"} | changes
    return ScheduleInterview(job, InterviewKind.PHONE, later(days=3), 60, **given)


async def test_interviews_are_shown_now_and_as_they_were(applicant: Applicant) -> None:
    job = await applicant.job(Status.APPLIED)
    outcome = await applicant.send(_phone(job))
    number = outcome.result.number
    applicant.clock.move(timedelta(days=1))
    await applicant.do(ChangeInterview(number, {"scheduled_at": later(days=5), "preparation_notes": "Read"}))
    ask, me = applicant.ask.interviews, applicant.owner
    [row] = await ask.of_job(job)
    assert (row["scheduled_at"], row["preparation_notes"], row["created_at"]) == (later(days=5), "Read", NOW)
    [before] = await ask.of_job(job, later(hours=1))
    assert (before["scheduled_at"], before["preparation_notes"]) == (later(days=3), None)
    assert await ask.made_at(outcome.first, me) == number
    assert (await ask.by_number(number, me) or {})["interviewer_name"] == "Jane Smith"
    [soon] = await ask.upcoming(me, later(), later(days=7))
    assert (soon["number"], soon["company"], soon["title"]) == (number, "Google", "Engineer")
    assert await ask.upcoming(me, later(), later(days=5)) == []
    await applicant.do(ChangeInterview(number, outcome=InterviewOutcome.CANCELLED))
    assert await ask.upcoming(me, later(), later(days=7)) == []


async def test_offers_are_shown_now_and_as_they_were(applicant: Applicant) -> None:
    job = await applicant.job(Status.INTERVIEWING)
    outcome = await applicant.send(RecordOffer(job, Decimal(180000), notes="Verbal", expires_at=later(days=7)))
    number = outcome.result.number
    applicant.clock.move(timedelta(days=1))
    await applicant.do(
        NegotiateOffer(number, "counter_offer", "190k", "185k", "well", {"base_salary": Decimal(185000)})
    )
    applicant.clock.move(timedelta(days=1))
    await applicant.do(DeclineOffer(number, changes={"notes": "Too far away"}))
    ask = applicant.ask.offers
    [row] = await ask.of_job(job)
    assert (row["status"], row["base_salary"], row["notes"]) == ("declined", Decimal(185000), "Too far away")
    assert (row["decided_at"], row["created_at"]) == (later(days=2), NOW)
    assert [(one["kind"], one["employer_response"]) for one in row["negotiations"]] == [("counter_offer", "185k")]
    [before] = await ask.of_job(job, later(hours=1))
    assert (before["status"], before["base_salary"], before["negotiations"]) == ("pending", Decimal(180000), [])
    [between] = await ask.of_job(job, later(days=1, hours=1))
    assert (between["status"], between["notes"], len(between["negotiations"])) == ("negotiating", "Verbal", 1)
    assert await ask.made_at(outcome.first, applicant.owner) == number
    assert (await ask.by_number(number, applicant.owner) or {})["status"] == "declined"
    assert (await applicant.statuses())[job] == "declined"


async def test_notes_are_shown_now_and_as_they_were(applicant: Applicant) -> None:
    job = await applicant.job()
    outcome = await applicant.send(AddNote(job, NoteKind.RESEARCH, "Large", important=True))
    applicant.clock.move(timedelta(days=1))
    await applicant.do(ChangeNote(outcome.result.number, {"content": "Very large"}))
    [row] = await applicant.ask.notes.of_job(job)
    assert (row["content"], row["created_at"], row["valid_from"]) == ("Very large", NOW, later(days=1))
    [before] = await applicant.ask.notes.of_job(job, later(hours=1))
    assert (before["content"], before["important"]) == ("Large", True)
    assert await applicant.ask.notes.made_at(outcome.first, applicant.owner) == outcome.result.number


async def test_follow_ups_come_due_in_order(applicant: Applicant) -> None:
    job = await applicant.job(Status.APPLIED)
    sequence = await applicant.send(ScheduleFollowUpSequence(job, "post_application"))
    single = await applicant.do(ScheduleFollowUp(job, FollowUpKind.CUSTOM, later(days=1), "Dear {company}", True))
    numbers = [one.number for one in sequence.result.follow_ups]
    ask, me = applicant.ask.follow_ups, applicant.owner
    assert await ask.made_at(sequence.first, sequence.last, me) == numbers
    assert [row["number"] for row in await ask.of_job(job)] == [single.number, *numbers]
    assert [row["due_at"] for row in await ask.of_job(job)] == [later(days=day) for day in (1, 3, 7, 14)]
    [due] = await ask.due(me, later(days=2))
    assert (due["template"], due["company"], due["status"]) == ("Dear Google", "Google", "scheduled")
    await applicant.do(RecordFollowUpSent(single.number, notes="by telephone"))
    assert await ask.due(me, later(days=2)) == []
    assert await ask.open_of_job(job) == numbers
    sent = await ask.by_number(single.number, me)
    assert sent is not None
    assert (sent["status"], sent["sent_at"], sent["notes"]) == ("sent", NOW, "by telephone")


async def test_figures_count_everything_that_is_there(applicant: Applicant) -> None:
    await applicant.job()
    await applicant.job(Status.REJECTED)
    first, second = await applicant.job(Status.APPLIED), await applicant.job(Status.APPLIED)
    one, two = (await applicant.do(_phone(first))).number, (await applicant.do(_phone(second))).number
    await applicant.do(ChangeInterview(one, outcome=InterviewOutcome.REJECTED))
    await applicant.do(ChangeInterview(one, outcome=InterviewOutcome.PASSED))
    applicant.clock.move(timedelta(days=10))
    accepted = await applicant.offer(first, base_salary=Decimal(170000))
    await applicant.do(ChangeOffer(accepted, {"base_salary": Decimal(180000)}))
    await applicant.do(AcceptOffer(accepted))
    await applicant.offer(second, base_salary=Decimal(160000))
    figures = await applicant.ask.statistics.of(applicant.owner, applicant.clock.now())
    assert figures.total == 4
    assert figures.by_status == {"saved": 1, "rejected": 1, "accepted": 1, "offer_received": 1}
    assert (figures.interviews, figures.completed, figures.passed, figures.rejected) == (2, 1, 1, 0)
    assert (figures.offers, figures.pending, figures.accepted, figures.upcoming) == (2, 1, 1, 0)
    assert figures.average_base_salary == Decimal(170000)
    assert figures.average_days_to_offer == pytest.approx(10)
    assert await applicant.ask.statistics.as_of(applicant.owner, applicant.clock.now()) == figures
    before = await applicant.ask.statistics.as_of(applicant.owner, later(days=1))
    assert (before.by_status, before.offers, before.upcoming) == (
        {"saved": 1, "rejected": 1, "interview_scheduled": 2},
        0,
        1,
    )
    applicant.clock.move(timedelta(days=1))
    await applicant.do(RemoveJob(second))
    assert (await applicant.ask.statistics.of(applicant.owner, applicant.clock.now())).offers == 1
    assert two


async def test_figures_of_nobody_are_zero(applicant: Applicant) -> None:
    figures = await applicant.ask.statistics.of(applicant.owner, NOW)
    assert (figures.total, figures.offers, figures.average_base_salary, figures.by_status) == (0, 0, None, {})
    assert await applicant.ask.statistics.as_of(applicant.owner, NOW) == figures
