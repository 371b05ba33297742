"""The calendar: interviews, reminders and deadlines."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.automation.calendar_feed import link_to
from api.automation.errors import ERRORS
from api.automation.fields import Number
from api.automation.jobs import known
from api.automation.mapping import found
from api.automation.models.calendar import (
    CalendarEvent,
    CalendarEvents,
    DeadlineReminder,
    FollowUpReminder,
    InterviewEvent,
    NewDeadlineReminder,
    NewFollowUpReminder,
    NewInterviewEvent,
)
from api.automation.paging import Form, Limit, Page, PageForm, Skip, cut
from api.session import Reading, Session, Writing
from commands.applications import ScheduleInterview
from commands.bus import Outcome, Unavailable
from commands.calendar import DeleteCalendarEvent, RemindOfDeadline, RemindOfFollowUp
from domain.calendar.kinds import SyncStatus, event_id, event_of, parsed_id
from domain.errors import NotFound
from domain.numbers import Kind, stream_id
from projections.applications.fold import applications
from projections.calendar.fold import calendar

router = APIRouter(prefix="/calendar", tags=["Calendar Integration"])

# How long an answer waits for the agents: one puts the event into our calendar, one into an outside calendar.
WAIT_SECONDS = 10.0

UNKNOWN_JOB: dict[int | str, dict[str, Any]] = {404: {"model": ERRORS.model, "description": "The job is not known"}}

Days = Annotated[int, Query(ge=0, le=3650, description="Days to look ahead")]
Most = Annotated[int, Query(ge=1, le=1000, description="Max events to return")]


@router.post(
    "/interview",
    status_code=201,
    summary="Schedule Interview in Calendar",
    response_model=InterviewEvent,
    responses=UNKNOWN_JOB,
)
async def interview(wanted: NewInterviewEvent, request: Request, session: Writing) -> Response:
    """Records the interview, too: the application is `interview_scheduled` unless it is `interviewing` already."""
    command = ScheduleInterview(
        job_number=wanted.job_id,
        kind=wanted.interview_type,
        scheduled_at=wanted.start_time,
        duration_minutes=wanted.duration_minutes,
        location=wanted.location,
        interviewer_email=wanted.interviewer_email,
        preparation_notes=wanted.notes,
    )
    outcome = await session.send(command, applications)
    row = await _shown_when_there(session, event_of(await _interview_id(session, outcome)))
    answer = {
        **_timed(row, request),
        "location": row["location"],
        "created_at": row["created_at"],
    }
    return session.answer(answer, 201)


@router.post(
    "/follow-up-reminder",
    status_code=201,
    summary="Create Follow-up Reminder",
    response_model=FollowUpReminder,
    responses=UNKNOWN_JOB,
)
async def follow_up_reminder(wanted: NewFollowUpReminder, request: Request, session: Writing) -> Response:
    notes = wanted.notes or wanted.follow_up_type.replace("_", " ").capitalize()
    outcome = await session.send(RemindOfFollowUp(wanted.job_id, wanted.reminder_time, notes), calendar)
    row = await _shown_when_there(session, await _reminder_id(session, outcome))
    return session.answer(_timed(row, request), 201)


@router.post(
    "/deadline-reminder",
    status_code=201,
    summary="Create Deadline Reminder",
    response_model=DeadlineReminder,
    responses=UNKNOWN_JOB,
)
async def deadline_reminder(wanted: NewDeadlineReminder, request: Request, session: Writing) -> Response:
    """An all-day event."""
    outcome = await session.send(RemindOfDeadline(wanted.job_id, wanted.deadline, wanted.job_url), calendar)
    row = await _shown_when_there(session, await _reminder_id(session, outcome))
    answer = {**_linked(row, request), "date": row["starts_at"].date(), "all_day": True}
    return session.answer(answer, 201)


@router.get("/upcoming", summary="Get Upcoming Events", response_model=CalendarEvents)
async def upcoming(session: Reading, days: Days = 7, limit: Most = 10) -> Response:
    """The next one first; a day that has begun is still to come."""
    await session.caught_up(calendar)
    now = session.system.clock.now()
    rows = await session.system.calendar.upcoming(session.person, now, now + timedelta(days=days), limit)
    return session.answer({"events": [_listed(row) for row in rows]})


@router.get("/job/{job_id}", summary="Get Events for Job", response_model=list[CalendarEvent] | Page)
async def of_job(
    job_id: Number, session: Reading, skip: Skip = 0, limit: Limit = 100, form: PageForm = Form.DOCUMENTED
) -> Response:
    """The first one first."""
    await session.caught_up(applications, calendar)
    await known(session, job_id)
    rows = await session.system.calendar.of_job(job_id)
    return session.answer(cut([_listed(row) for row in rows], form, skip, limit))


@router.delete("/event/{event_id}", status_code=204, summary="Delete Calendar Event")
async def delete(event_id: str, session: Writing) -> Response:
    """The interview or offer that it is about stays."""
    id = found(parsed_id(event_id), "Event", None)
    try:
        await session.send(DeleteCalendarEvent(id), calendar)
    except NotFound:
        raise NotFound("Event", event_id) from None
    return session.nothing()


async def _interview_id(session: Session, outcome: Outcome) -> UUID:
    if not outcome.duplicate:
        return stream_id(Kind.INTERVIEW, outcome.result.number)
    made = session.system.applications.interviews.made_at(outcome.first, session.person)
    number = await session.repeated(_number(made))
    return stream_id(Kind.INTERVIEW, number)


async def _number(made: Any) -> int:
    return int(found(await made, "Interview", None))


async def _reminder_id(session: Session, outcome: Outcome) -> UUID:
    if not outcome.duplicate:
        return UUID(int=outcome.result.int)
    row = await session.repeated(_made_at(session, outcome.first))
    return UUID(int=row["id"].int)


async def _made_at(session: Session, position: int) -> Any:
    return found(await session.system.calendar.made_at(position, session.person), "Event", None)


async def _shown_when_there(session: Session, id: UUID) -> Any:
    """The event once the calendar has it, and an outside calendar was asked to show it.

    Raises `Unavailable` when it takes too long: it was recorded all the same, and will be there.
    """
    positions, asks = session.system.positions, session.system.calendar.by_id
    row = None
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                seen = positions.of(calendar)
                row = await asks(id, session.person)
                if row is not None and _settled(session, row):
                    return row
                if positions.stopped(calendar):
                    break
                await positions.reached([calendar], seen + 1, WAIT_SECONDS)
    except TimeoutError:
        pass
    if row is None:
        raise Unavailable("the calendar does not show yet what was recorded")
    return row


def _settled(session: Session, row: Any) -> bool:
    outside = session.system.calendar_provider is not None
    return not outside or row["sync_status"] in (SyncStatus.SYNCED, SyncStatus.FAILED)


def _linked(row: Any, request: Request) -> dict[str, Any]:
    outside = request.app.state.services.calendar_provider is not None
    return {
        "event_id": event_id(row["id"]),
        "summary": row["summary"],
        "calendar_link": row["link"] if outside else link_to(request, row["id"]),
        "reminders": [{"method": "popup", "minutes": minutes} for minutes in row["reminders"]],
    }


def _timed(row: Any, request: Request) -> dict[str, Any]:
    return {**_linked(row, request), "start_time": row["starts_at"], "end_time": row["ends_at"]}


def _listed(row: Any) -> dict[str, Any]:
    return {
        "event_id": event_id(row["id"]),
        "summary": row["summary"],
        "start_time": row["starts_at"],
        "event_type": row["kind"],
        "job_id": row["job_number"],
        "company": row["company"],
    }
