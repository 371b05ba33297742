"""Commands about follow-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from commands.applications.loading import application_for, part_of, posting_of
from commands.bus import Work, handles
from domain.applications.application import Application
from domain.applications.follow_up import FollowUp
from domain.applications.sequences import SEQUENCES, filled
from domain.applications.statuses import FollowUpKind, Reason, Status
from domain.errors import NotFound
from domain.jobs.job import Job
from domain.numbers import Kind, stream_id
from domain.retries import RetryPolicy

# Greylisting servers want to be asked again after some minutes, and a day later a follow-up is still one.
RETRIES = RetryPolicy(attempts=30, first=timedelta(minutes=1), longest=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class ScheduleFollowUp:
    """Remind the person at a time, or mail the text then. `{job_title}` and `{company}` in it are filled in."""

    job_number: int
    kind: FollowUpKind
    due_at: datetime
    template: str | None = None
    send_automatically: bool = False


@dataclass(frozen=True, slots=True)
class Scheduled:
    number: int
    kind: FollowUpKind
    due_at: datetime
    template: str | None
    created_at: datetime


@handles(ScheduleFollowUp)
async def schedule_follow_up(command: ScheduleFollowUp, work: Work) -> Scheduled:
    application = await application_for(work, command.job_number)
    application.require_going_on()
    job = await posting_of(work, application)
    number = await work.numbers.next(Kind.FOLLOW_UP)
    template = None if command.template is None else filled(command.template, _variables(job, {}))
    return _schedule(work, application, job, number, command.kind, command.due_at, template, command.send_automatically)


@dataclass(frozen=True, slots=True)
class ScheduleFollowUpSequence:
    """Schedule all steps of a predefined sequence, counted in days from `since` (default: now)."""

    job_number: int
    sequence: str
    since: datetime | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SequenceScheduled:
    sequence_id: UUID
    follow_ups: Sequence[Scheduled]


@handles(ScheduleFollowUpSequence)
async def schedule_follow_up_sequence(command: ScheduleFollowUpSequence, work: Work) -> SequenceScheduled:
    application = await application_for(work, command.job_number)
    application.require_going_on()
    job, steps = await posting_of(work, application), SEQUENCES[command.sequence]
    numbers, sequence_id = await work.numbers.block(Kind.FOLLOW_UP, len(steps)), work.new_id()
    since, variables = command.since or work.now, _variables(job, command.variables)
    scheduled = [
        _schedule(
            work,
            application,
            job,
            number,
            step.kind,
            step.due_at(since),
            filled(step.template, variables),
            send_automatically=False,
            sequence=command.sequence,
            sequence_id=sequence_id,
            only_without_response=step.only_without_response,
        )
        for number, step in zip(numbers, steps, strict=True)
    ]
    return SequenceScheduled(sequence_id, scheduled)


def _variables(job: Job, given: Mapping[str, str]) -> Mapping[str, str]:
    return {"job_title": job.title, "company": job.company, "recruiter_name": "hiring team", **given}


def _schedule(
    work: Work,
    application: Application,
    job: Job,
    number: int,
    kind: FollowUpKind,
    due_at: datetime,
    template: str | None,
    send_automatically: bool,
    sequence: str | None = None,
    sequence_id: UUID | None = None,
    only_without_response: bool = False,
) -> Scheduled:
    now = work.now
    follow_up = FollowUp(
        id=stream_id(Kind.FOLLOW_UP, number),
        number=number,
        job_id=job.id,
        job_number=job.number,
        company=job.company,
        title=job.title,
        kind=kind,
        due_at=due_at,
        template=template,
        send_automatically=send_automatically,
        sequence=sequence,
        sequence_id=sequence_id,
        only_without_response=only_without_response,
        owner_id=application.owner,
        timestamp=now,
    )
    work.add(follow_up)
    return Scheduled(number, kind, due_at, template, now)


@dataclass(frozen=True, slots=True)
class MarkFollowUpDue:
    """The time of a follow-up has come."""

    follow_up_id: UUID


@handles(MarkFollowUpDue)
async def mark_follow_up_due(command: MarkFollowUpDue, work: Work) -> None:
    """Announced once; cancelled instead when the application has ended, or moved on where that makes it pointless."""
    follow_up, now = await work.load(FollowUp, command.follow_up_id), work.now
    try:
        application = await application_for(work, follow_up.job_number)
    except NotFound:
        application = None
    if application is None or application.ended:
        _cancel_open(follow_up, Reason.APPLICATION_ENDED, now)
    elif follow_up.only_without_response and application.status is not Status.INTERVIEWING:
        _cancel_open(follow_up, Reason.COMPANY_RESPONDED, now)
    else:
        follow_up.become_due(now)


@dataclass(frozen=True, slots=True)
class RecordFollowUpSent:
    """A follow-up was sent: by the person in some other way, or by mail."""

    follow_up_number: int
    sent_at: datetime | None = None
    by_mail: bool = False
    notes: str | None = None


@handles(RecordFollowUpSent)
async def record_follow_up_sent(command: RecordFollowUpSent, work: Work) -> datetime:
    """When it was sent."""
    follow_up, now = await part_of(work, FollowUp, Kind.FOLLOW_UP, command.follow_up_number), work.now
    sent_at = command.sent_at or now
    follow_up.record_sent(sent_at, command.by_mail, command.notes, now)
    return sent_at


@dataclass(frozen=True, slots=True)
class CancelFollowUp:
    """The person does not want a follow-up any more."""

    follow_up_number: int


@handles(CancelFollowUp)
async def cancel_follow_up(command: CancelFollowUp, work: Work) -> None:
    follow_up = await part_of(work, FollowUp, Kind.FOLLOW_UP, command.follow_up_number)
    follow_up.cancel(Reason.BY_HAND, work.now)


@dataclass(frozen=True, slots=True)
class CancelFollowUps:
    """Cancel those of these follow-ups that are neither sent nor cancelled."""

    follow_ups: Sequence[int]
    reason: Reason


@handles(CancelFollowUps)
async def cancel_follow_ups(command: CancelFollowUps, work: Work) -> None:
    now = work.now
    for number in command.follow_ups:
        _cancel_open(await part_of(work, FollowUp, Kind.FOLLOW_UP, number), command.reason, now)


def _cancel_open(follow_up: FollowUp, reason: Reason, now: datetime) -> None:
    if not follow_up.over:
        follow_up.cancel(reason, now)


@dataclass(frozen=True, slots=True)
class ClaimFollowUpMail:
    """Reserve a follow-up for one worker's attempt to mail it; the claim ends by itself after `lease`."""

    follow_up_number: int
    worker: str
    lease: timedelta


@handles(ClaimFollowUpMail)
async def claim_follow_up_mail(command: ClaimFollowUpMail, work: Work) -> int:
    """The number of the attempt, from 1."""
    follow_up = await part_of(work, FollowUp, Kind.FOLLOW_UP, command.follow_up_number)
    follow_up.claim_mail(command.worker, command.lease, work.now)
    return follow_up.attempt


@dataclass(frozen=True, slots=True)
class RequestFollowUpMail:
    """Have a follow-up mailed now that was to be mailed and was not."""

    follow_up_id: UUID


@handles(RequestFollowUpMail)
async def request_follow_up_mail(command: RequestFollowUpMail, work: Work) -> None:
    (await work.load(FollowUp, command.follow_up_id)).request_mail(work.now)


@dataclass(frozen=True, slots=True)
class RecordFollowUpMailFailure:
    """An attempt failed. `permanent`: it must not be tried again by itself."""

    follow_up_number: int
    attempt: int
    error: str
    permanent: bool


@handles(RecordFollowUpMailFailure)
async def record_follow_up_mail_failure(command: RecordFollowUpMailFailure, work: Work) -> None:
    follow_up, now = await part_of(work, FollowUp, Kind.FOLLOW_UP, command.follow_up_number), work.now
    retry_at = RETRIES.again_at(command.attempt, command.permanent, work.chance(), now)
    follow_up.record_mail_failure(command.attempt, command.error, retry_at, now)
