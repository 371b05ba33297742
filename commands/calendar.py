"""Commands of the calendar context: events, and their way into an outside calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from commands.applications.loading import application_for, posting_of
from commands.bus import Work, handles
from domain.applications.application import Application
from domain.applications.offer import Offer
from domain.calendar.calendar_event import CalendarEvent
from domain.calendar.kinds import (
    FOLLOW_UP_LASTS,
    REMINDERS,
    EventKind,
    Removal,
    application_deadline_summary,
    event_of,
    follow_up_summary,
    offer_deadline_summary,
)
from domain.errors import NotFound
from domain.numbers import Kind, stream_id
from domain.retries import RetryPolicy

DAY = timedelta(days=1)
# Somebody has to connect an account again, or a calendar is away: most events are days ahead, so there is time.
RETRIES = RetryPolicy(attempts=1000, first=timedelta(seconds=10), longest=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class ScheduleCalendarEvent:
    """Put an event into the calendar that follows from something else: an interview, an offer.

    `id` follows from it too; `owner` is the person.
    """

    id: UUID
    kind: EventKind
    job_id: UUID
    job_number: int
    company: str
    title: str
    source_id: UUID
    summary: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    location: str | None
    description: str | None
    owner: UUID


@handles(ScheduleCalendarEvent)
async def schedule_calendar_event(command: ScheduleCalendarEvent, work: Work) -> None:
    work.owner = command.owner
    work.add(
        CalendarEvent(
            id=command.id,
            kind=command.kind,
            job_id=command.job_id,
            job_number=command.job_number,
            company=command.company,
            title=command.title,
            source_id=command.source_id,
            summary=command.summary,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            all_day=command.all_day,
            location=command.location,
            description=command.description,
            reminders=REMINDERS[command.kind],
            owner_id=command.owner,
            timestamp=work.now,
        )
    )


@dataclass(frozen=True, slots=True)
class Reminder:
    """What the sender of a new reminder learns at once."""

    id: UUID
    summary: str
    starts_at: datetime
    ends_at: datetime
    reminders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RemindOfFollowUp:
    """Put a reminder into the calendar to get back to a company."""

    job_number: int
    starts_at: datetime
    notes: str | None = None


@handles(RemindOfFollowUp)
async def remind_of_follow_up(command: RemindOfFollowUp, work: Work) -> Reminder:
    application = await application_for(work, command.job_number)
    job = await posting_of(work, application)
    return _remind(
        work,
        application,
        {"kind": EventKind.FOLLOW_UP, "job_id": job.id, "company": job.company, "title": job.title},
        summary=follow_up_summary(job.title, job.company),
        starts_at=command.starts_at,
        ends_at=command.starts_at + FOLLOW_UP_LASTS,
        description=command.notes,
    )


@dataclass(frozen=True, slots=True)
class RemindOfDeadline:
    """Put the day into the calendar by which an application has to be in."""

    job_number: int
    day: date
    url: str | None = None


@handles(RemindOfDeadline)
async def remind_of_deadline(command: RemindOfDeadline, work: Work) -> Reminder:
    application = await application_for(work, command.job_number)
    job = await posting_of(work, application)
    starts_at = datetime.combine(command.day, time(tzinfo=UTC))
    return _remind(
        work,
        application,
        {"kind": EventKind.DEADLINE, "job_id": job.id, "company": job.company, "title": job.title},
        summary=application_deadline_summary(job.title, job.company),
        starts_at=starts_at,
        ends_at=starts_at + DAY,
        description=command.url or job.url,
    )


def _remind(
    work: Work,
    application: Application,
    about: Mapping[str, Any],
    summary: str,
    starts_at: datetime,
    ends_at: datetime,
    description: str | None,
) -> Reminder:
    kind, id = about["kind"], work.new_id()
    reminder = CalendarEvent(
        id=id,
        **about,
        job_number=application.number,
        source_id=None,
        summary=summary,
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=kind is EventKind.DEADLINE,
        location=None,
        description=description,
        reminders=REMINDERS[kind],
        owner_id=application.owner,
        timestamp=work.now,
    )
    work.lead(reminder)
    return Reminder(id, summary, starts_at, ends_at, REMINDERS[kind])


@dataclass(frozen=True, slots=True)
class PlanOfferDeadline:
    """An offer wants an answer by a day, or by another one than before."""

    offer_id: UUID
    expires_at: datetime


@handles(PlanOfferDeadline)
async def plan_offer_deadline(command: PlanOfferDeadline, work: Work) -> None:
    offer, id, now = await work.load(Offer, command.offer_id), event_of(command.offer_id), work.now
    summary = offer_deadline_summary(offer.title, offer.company)
    description = f"The offer expires on {command.expires_at.astimezone(UTC):%Y-%m-%d at %H:%M} UTC."
    starts_at = datetime.combine(command.expires_at.astimezone(UTC).date(), time(tzinfo=UTC))
    try:
        known = await work.load(CalendarEvent, id)
    except NotFound:
        await schedule_calendar_event(
            ScheduleCalendarEvent(
                id=id,
                kind=EventKind.DEADLINE,
                job_id=offer.job_id,
                job_number=offer.job_number,
                company=offer.company,
                title=offer.title,
                source_id=offer.id,
                summary=summary,
                starts_at=starts_at,
                ends_at=starts_at + DAY,
                all_day=True,
                location=None,
                description=description,
                owner=offer.owner,
            ),
            work,
        )
    else:
        known.restore(Removal.NO_DEADLINE, starts_at + DAY, now)
        known.move(summary, starts_at, starts_at + DAY, None, description, now)


@dataclass(frozen=True, slots=True)
class MoveCalendarEvent:
    """What an event follows from has another time, place or text."""

    id: UUID
    summary: str
    starts_at: datetime
    ends_at: datetime
    location: str | None
    description: str | None


@handles(MoveCalendarEvent)
async def move_calendar_event(command: MoveCalendarEvent, work: Work) -> None:
    moved = await work.load(CalendarEvent, command.id)
    moved.move(command.summary, command.starts_at, command.ends_at, command.location, command.description, work.now)


@dataclass(frozen=True, slots=True)
class DeleteCalendarEvent:
    """The person does not want an event any more."""

    id: UUID


@handles(DeleteCalendarEvent)
async def delete_calendar_event(command: DeleteCalendarEvent, work: Work) -> None:
    """Raises `NotFound` for one that is not there any more."""
    found = await work.load(CalendarEvent, command.id)
    found.require_there()
    found.remove(Removal.BY_HAND, work.now)


@dataclass(frozen=True, slots=True)
class RemoveCalendarEvent:
    """What an event follows from is over."""

    id: UUID
    reason: Removal


@handles(RemoveCalendarEvent)
async def remove_calendar_event(command: RemoveCalendarEvent, work: Work) -> None:
    (await work.load(CalendarEvent, command.id)).remove(command.reason, work.now)


@dataclass(frozen=True, slots=True)
class RestoreCalendarEvent:
    """What an event was removed for is no longer so."""

    id: UUID
    removed_for: Removal


@handles(RestoreCalendarEvent)
async def restore_calendar_event(command: RestoreCalendarEvent, work: Work) -> None:
    found = await work.load(CalendarEvent, command.id)
    found.restore(command.removed_for, found.ends_at, work.now)


@dataclass(frozen=True, slots=True)
class ReviewCalendarEvent:
    """Remove an event that came in when its application had ended already.

    Whoever ends an application looks for its events, and whoever puts one in looks at the application: of the two the
    later one sees the other.
    """

    id: UUID


@handles(ReviewCalendarEvent)
async def review_calendar_event(command: ReviewCalendarEvent, work: Work) -> None:
    found = await work.load(CalendarEvent, command.id)
    application = await work.load(Application, stream_id(Kind.APPLICATION, found.job_number))
    if application.ended or application.closed:
        found.remove(Removal.APPLICATION_ENDED, work.now)


@dataclass(frozen=True, slots=True)
class RequestCalendarSync:
    """Have an event brought into the outside calendar now."""

    id: UUID


@handles(RequestCalendarSync)
async def request_calendar_sync(command: RequestCalendarSync, work: Work) -> None:
    (await work.load(CalendarEvent, command.id)).request_sync(work.now)


@dataclass(frozen=True, slots=True)
class ClaimCalendarSync:
    """Reserve an event for one worker's attempt; the claim ends by itself after `lease`."""

    id: UUID
    worker: str
    lease: timedelta


@handles(ClaimCalendarSync)
async def claim_calendar_sync(command: ClaimCalendarSync, work: Work) -> int:
    """The number of the attempt, from 1."""
    claimed = await work.load(CalendarEvent, command.id)
    claimed.claim_sync(command.worker, command.lease, work.now)
    return claimed.attempt


@dataclass(frozen=True, slots=True)
class RecordCalendarSync:
    """The outside calendar shows this revision of the event."""

    id: UUID
    revision: int
    attempt: int
    link: str | None


@handles(RecordCalendarSync)
async def record_calendar_sync(command: RecordCalendarSync, work: Work) -> None:
    found = await work.load(CalendarEvent, command.id)
    found.record_sync(command.revision, command.attempt, command.link, work.now)


@dataclass(frozen=True, slots=True)
class RecordCalendarSyncFailure:
    """An attempt failed. `permanent`: trying again cannot help."""

    id: UUID
    attempt: int
    error: str
    permanent: bool


@handles(RecordCalendarSyncFailure)
async def record_calendar_sync_failure(command: RecordCalendarSyncFailure, work: Work) -> None:
    found, now = await work.load(CalendarEvent, command.id), work.now
    retry_at = RETRIES.again_at(command.attempt, command.permanent, work.chance(), now)
    found.record_sync_failure(command.attempt, command.error, retry_at, now)
