"""A person who is erased leaves nothing behind in what is shown, and neither does an interviewer."""

from datetime import timedelta
from uuid import UUID

import pytest

from commands.applications import (
    AddNote,
    ChangeApplicationStatus,
    ChangeInterview,
    NegotiateOffer,
    RecordFollowUpSent,
    RecordOffer,
    ScheduleFollowUp,
    ScheduleInterview,
)
from commands.identity import EraseSubject
from domain.applications.statuses import FollowUpKind, InterviewKind, NoteKind, Status
from domain.errors import Refused
from domain.numbers import Kind, stream_id
from projections.applications.fold import applications
from tests.applicant import Applicant
from tests.samples import NOW

SECRET = "for nobody else"


async def everything(applicant: Applicant) -> str:
    pool = applicant.system.database.pool
    tables = [table.name for table in applications.tables]
    found = [await pool.fetch(f"select t::text from {applications.schema}.{table} t") for table in tables]
    return str(found)


async def erase(applicant: Applicant, subject: UUID) -> None:
    await applicant.send(EraseSubject(subject, "asked to be forgotten"))


async def a_full_history(applicant: Applicant) -> int:
    """The number of an interview in it."""
    job = await applicant.job()
    await applicant.do(ChangeApplicationStatus(job, Status.APPLIED, SECRET))
    interview = ScheduleInterview(job, InterviewKind.PHONE, NOW, 60, None, "Jane", "jane@google.com", SECRET)
    number: int = (await applicant.do(interview)).number
    await applicant.do(ChangeInterview(number, {"feedback": SECRET}))
    offer = (await applicant.do(RecordOffer(job, notes=SECRET))).number
    await applicant.do(NegotiateOffer(offer, "counter_offer", SECRET, SECRET, SECRET))
    await applicant.do(AddNote(job, NoteKind.GENERAL, SECRET))
    follow_up = ScheduleFollowUp(job, FollowUpKind.CUSTOM, NOW + timedelta(days=1), SECRET)
    await applicant.do(RecordFollowUpSent((await applicant.do(follow_up)).number, notes=SECRET))
    return number


async def test_a_person_s_own_texts_are_blanked_in_every_version(applicant: Applicant) -> None:
    await a_full_history(applicant)
    assert SECRET in await everything(applicant)
    await erase(applicant, applicant.owner)
    left = await everything(applicant)
    assert SECRET not in left
    assert "jane@google.com" in left
    job = await applicant.job(Status.APPLIED)
    with pytest.raises(Refused, match="erased"):
        await applicant.do(AddNote(job, NoteKind.GENERAL, SECRET))


async def test_an_interviewer_is_blanked_and_the_person_s_texts_stay(applicant: Applicant) -> None:
    number = await a_full_history(applicant)
    await erase(applicant, stream_id(Kind.INTERVIEW, number))
    found = await applicant.ask.interviews.by_number(number, applicant.owner)
    assert found is not None
    assert (found["interviewer_name"], found["interviewer_email"], found["feedback"]) == (None, None, SECRET)
