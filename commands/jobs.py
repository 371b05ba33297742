"""Commands of the jobs context: postings, each with its finder's application for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from commands.applications.loading import application_for
from commands.applications.notes import add_note_to
from commands.bus import Work, handles
from domain.applications.application import Application
from domain.applications.statuses import NoteKind, Status
from domain.jobs.job import Job
from domain.numbers import Kind, stream_id


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Somebody takes down a posting. Amounts have at most 14 digits, two of them after the point."""

    company: str
    title: str
    description: str | None = None
    url: str | None = None
    location: str | None = None
    salary_min: Decimal | None = None
    salary_max: Decimal | None = None
    source: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class JobOpened:
    """What the finder of a posting learns at once."""

    number: int
    reference: str
    status: Status
    created_at: datetime


@handles(CreateJob)
async def create_job(command: CreateJob, work: Work) -> JobOpened:
    number, now = await work.numbers.next(Kind.JOB), work.now
    reference = command.reference or f"{command.source or 'manual'}_{number}"
    job = Job(
        id=stream_id(Kind.JOB, number),
        number=number,
        reference=reference,
        company=command.company,
        title=command.title,
        description=command.description,
        url=command.url,
        location=command.location,
        salary_min=command.salary_min,
        salary_max=command.salary_max,
        source=command.source,
        timestamp=now,
    )
    application = Application(id=stream_id(Kind.APPLICATION, number), number=number, job_id=job.id, timestamp=now)
    work.add(job)
    work.add(application)
    return JobOpened(number, reference, application.status, now)


@dataclass(frozen=True, slots=True)
class UpdateJob:
    """Change a posting's details (`changes` by field name), and with `status` the application's status.

    `notes` go with the status, or, without one, become a note of their own.
    """

    job_number: int
    changes: Mapping[str, Any]
    status: Status | None = None
    notes: str | None = None


@handles(UpdateJob)
async def update_job(command: UpdateJob, work: Work) -> datetime:
    """When it was changed."""
    now = work.now
    application = await application_for(work, command.job_number)
    if command.changes:
        (await work.load(Job, application.job_id)).update(command.changes, now)
    if command.status is not None:
        application.change_status(command.status, command.notes, now)
    elif command.notes:
        await add_note_to(application, NoteKind.GENERAL, command.notes, False, work)
    return now


@dataclass(frozen=True, slots=True)
class RemoveJob:
    """Remove a posting, and with it the application for it."""

    job_number: int


@handles(RemoveJob)
async def remove_job(command: RemoveJob, work: Work) -> None:
    now = work.now
    application = await application_for(work, command.job_number)
    (await work.load(Job, application.job_id)).remove(now)
    application.close(now)
