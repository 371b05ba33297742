"""The calendar: interviews, reminders and deadlines."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.automation.calendar_feed import link_to
from api.automation.errors import UNKNOWN_JOB
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
from commands.calendar import DeleteCalendarEvent, Reminder, RemindOfDeadline, RemindOfFollowUp
from domain.calendar.kinds import REMINDERS, EventKind, SyncStatus, event_id, event_of, interview_summary, parsed_id
from domain.errors import NotFound
from domain.numbers import Kind, stream_id
from projections.applications.fold import applications
from projections.calendar.fold import calendar

router = APIRouter(prefix="/calendar", tags=["Calendar Integration"])

Row = Mapping[str, Any]

# How long an answer waits for the agents: one puts the event into our calendar, one into an outside calendar.
WAIT_SECONDS = 10.0


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
    id = event_of(await _interview_id(session, outcome))
    row = await _shown_when_there(session, id) or await _from_command(session, id, command, outcome)
    answer = {**_timed(row, request), "location": row["location"], "created_at": row["created_at"]}
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
    return session.answer(_timed(await _reminder(session, outcome), request), 201)


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
    row = await _reminder(session, outcome)
    return session.answer({**_linked(row, request), "date": row["starts_at"].date(), "all_day": True}, 201)


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
    return stream_id(Kind.INTERVIEW, await session.repeated(_number(made)))


async def _number(made: Awaitable[int | None]) -> int:
    return int(found(await made, "Interview", None))


async def _from_command(session: Session, id: UUID, command: ScheduleInterview, outcome: Outcome) -> Row:
    """What the calendar will show. The interview is recorded: an error would have it scheduled once more."""
    if outcome.duplicate:
        raise Unavailable("the calendar does not show yet what the first request made")
    job = await known(session, command.job_number)
    return {
        "id": id,
        "summary": interview_summary(command.kind, job["title"], job["company"]),
        "starts_at": command.scheduled_at,
        "ends_at": command.scheduled_at + timedelta(minutes=command.duration_minutes),
        "location": command.location,
        "reminders": REMINDERS[EventKind.INTERVIEW],
        "created_at": outcome.result.created_at,
        "link": None,
    }


async def _reminder(session: Session, outcome: Outcome) -> Row:
    """The event as the calendar shows it, or, while that lags, as it will."""
    if outcome.duplicate:
        row = await session.repeated(_made_at(session, outcome.first))
        return await _shown_when_there(session, UUID(int=row["id"].int)) or row
    made: Reminder = outcome.result
    return await _shown_when_there(session, UUID(int=made.id.int)) or {**asdict(made), "link": None}


async def _made_at(session: Session, position: int) -> Row:
    return dict(found(await session.system.calendar.made_at(position, session.person), "Event", None))


async def _shown_when_there(session: Session, id: UUID) -> Row | None:
    """The event once the calendar has it, and an outside calendar was asked to show it; as far as that has come when
    it takes too long.
    """
    positions, asks = session.system.positions, session.system.calendar.by_id
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        seen = positions.of(calendar)
        row: Row | None = await asks(id, session.person)
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0 or positions.stopped(calendar) or (row is not None and _settled(session, row)):
            return row
        await positions.reached([calendar], seen + 1, left)


def _settled(session: Session, row: Row) -> bool:
    outside = session.system.calendar_provider is not None
    return not outside or row["sync_status"] in (SyncStatus.SYNCED, SyncStatus.FAILED)


def _linked(row: Row, request: Request) -> dict[str, Any]:
    outside = request.app.state.services.calendar_provider is not None
    return {
        "event_id": event_id(row["id"]),
        "summary": row["summary"],
        "calendar_link": row["link"] if outside else link_to(request, row["id"]),
        "reminders": [{"method": "popup", "minutes": minutes} for minutes in row["reminders"]],
    }


def _timed(row: Row, request: Request) -> dict[str, Any]:
    return {**_linked(row, request), "start_time": row["starts_at"], "end_time": row["ends_at"]}


def _listed(row: Row) -> dict[str, Any]:
    return {
        "event_id": event_id(row["id"]),
        "summary": row["summary"],
        "start_time": row["starts_at"],
        "event_type": row["kind"],
        "job_id": row["job_number"],
        "company": row["company"],
    }
