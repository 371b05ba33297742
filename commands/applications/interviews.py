"""Commands about interviews."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from commands.applications.loading import application_for, part_of, posting_of
from commands.bus import Work, handles
from domain.applications.interview import Interview
from domain.applications.statuses import InterviewKind, InterviewOutcome
from domain.numbers import Kind, stream_id


@dataclass(frozen=True, slots=True)
class ScheduleInterview:
    """An interview is agreed."""

    job_number: int
    kind: InterviewKind
    scheduled_at: datetime
    duration_minutes: int
    location: str | None = None
    interviewer_name: str | None = None
    interviewer_email: str | None = None
    preparation_notes: str | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """What the sender of something new learns at once."""

    number: int
    created_at: datetime


@handles(ScheduleInterview)
async def schedule_interview(command: ScheduleInterview, work: Work) -> Numbered:
    application, now = await application_for(work, command.job_number), work.now
    application.require_going_on()
    job, number = await posting_of(work, application), await work.numbers.next(Kind.INTERVIEW)
    interview = Interview(
        id=stream_id(Kind.INTERVIEW, number),
        number=number,
        job_id=job.id,
        job_number=job.number,
        company=job.company,
        title=job.title,
        kind=command.kind,
        scheduled_at=command.scheduled_at,
        duration_minutes=command.duration_minutes,
        location=command.location,
        interviewer_name=command.interviewer_name,
        interviewer_email=command.interviewer_email,
        preparation_notes=command.preparation_notes,
        owner_id=application.owner,
        timestamp=now,
    )
    work.lead(interview)
    application.expect_interview(now)
    return Numbered(number, now)


@dataclass(frozen=True, slots=True)
class ChangeInterview:
    """Change details (`changes` by field name, `feedback` among them), and record what came of it."""

    interview_number: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    outcome: InterviewOutcome | None = None


@handles(ChangeInterview)
async def change_interview(command: ChangeInterview, work: Work) -> datetime:
    """When it was changed."""
    interview, now = await part_of(work, Interview, Kind.INTERVIEW, command.interview_number), work.now
    await application_for(work, interview.job_number)
    interview.change(command.changes, now)
    if command.outcome is not None:
        interview.record_outcome(command.outcome, now)
    return now
