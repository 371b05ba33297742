"""Interviews."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.automation.errors import UNKNOWN_JOB
from api.automation.fields import Number
from api.automation.jobs import known
from api.automation.mapping import changes, found
from api.automation.models.interviews import Interview, InterviewChanges, NewInterview, UpcomingInterview
from api.automation.paging import Form, Limit, Page, PageForm, Skip, cut
from api.direct import Direct
from api.session import Reading, Session, Writing
from commands.applications import ChangeInterview, ScheduleInterview
from commands.applications.interviews import Numbered
from domain.calendar.kinds import event_id, event_of
from domain.numbers import Kind, stream_id
from projections.applications.fold import applications

router = APIRouter(prefix="/ats", tags=["Application Tracking System"], route_class=Direct)

DaysAhead = Annotated[int, Query(ge=0, le=3650, description="Number of days to look ahead")]
NAMES: Mapping[str, str] = {
    "interview_type": "kind",
    "scheduled_date": "scheduled_at",
    "duration_minutes": "duration_minutes",
    "location": "location",
    "interviewer_name": "interviewer_name",
    "interviewer_email": "interviewer_email",
    "preparation_notes": "preparation_notes",
    "feedback": "feedback",
}


@router.post(
    "/interviews", status_code=201, summary="Schedule Interview", response_model=Interview, responses=UNKNOWN_JOB
)
async def schedule(wanted: NewInterview, session: Writing) -> Response:
    """Puts it into the calendar; the application is `interview_scheduled` unless it is `interviewing` already."""
    command = ScheduleInterview(
        job_number=wanted.job_id,
        kind=wanted.interview_type,
        scheduled_at=wanted.scheduled_date,
        duration_minutes=wanted.duration_minutes,
        location=wanted.location,
        interviewer_name=wanted.interviewer_name,
        interviewer_email=wanted.interviewer_email,
        preparation_notes=wanted.preparation_notes,
    )
    outcome = await session.send(command, applications)
    if outcome.duplicate:
        return session.answer(_shown(await session.repeated(_of_first_request(session, outcome.first))), 201)
    return session.answer(_scheduled(wanted, outcome.result), 201)


@router.put("/interviews/{interview_id}", summary="Update Interview", response_model=Interview)
async def update(interview_id: Number, named: InterviewChanges, session: Writing) -> Response:
    """Changes what is named, and records an outcome."""
    command = ChangeInterview(interview_id, changes(named, NAMES), named.outcome)
    await session.send(command, applications)
    return session.answer(_shown(await _interview(session, interview_id)))


@router.get("/interviews/upcoming", summary="Get Upcoming Interviews", response_model=list[UpcomingInterview] | Page)
async def upcoming(
    session: Reading,
    days_ahead: DaysAhead = 7,
    skip: Skip = 0,
    limit: Limit = 100,
    form: PageForm = Form.DOCUMENTED,
) -> Response:
    """The next one first."""
    await session.caught_up(applications)
    now = session.system.clock.now()
    rows = await session.system.applications.interviews.upcoming(session.person, now, now + timedelta(days=days_ahead))
    return session.answer(cut([_upcoming(row) for row in rows], form, skip, limit))


@router.get("/jobs/{job_id}/interviews", summary="Get Job Interviews", response_model=list[Interview] | Page)
async def of_job(
    job_id: Number, session: Reading, skip: Skip = 0, limit: Limit = 100, form: PageForm = Form.DOCUMENTED
) -> Response:
    """The first one first."""
    await session.caught_up(applications)
    await known(session, job_id)
    rows = await session.system.applications.interviews.of_job(job_id)
    return session.answer(cut([_shown(row) for row in rows], form, skip, limit))


async def _interview(session: Session, number: int | None) -> Any:
    row = None if number is None else await session.system.applications.interviews.by_number(number, session.person)
    return found(row, "Interview", number)


async def _of_first_request(session: Session, position: int) -> Any:
    return await _interview(session, await session.system.applications.interviews.made_at(position, session.person))


def calendar_event_id(id: UUID) -> str:
    """Of an interview: the calendar event that it has, or will have in a moment."""
    return event_id(event_of(id))


def _scheduled(wanted: NewInterview, made: Numbered) -> dict[str, Any]:
    """From the command and not from the read model, which may lag."""
    return {
        "id": made.number,
        **wanted.model_dump(),
        "outcome": None,
        "feedback": None,
        "calendar_event_id": calendar_event_id(stream_id(Kind.INTERVIEW, made.number)),
        "created_at": made.created_at,
    }


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["job_number"],
        "interview_type": row["kind"],
        "scheduled_date": row["scheduled_at"],
        "duration_minutes": row["duration_minutes"],
        "location": row["location"],
        "interviewer_name": row["interviewer_name"],
        "interviewer_email": row["interviewer_email"],
        "preparation_notes": row["preparation_notes"],
        "outcome": row["outcome"],
        "feedback": row["feedback"],
        "calendar_event_id": calendar_event_id(row["id"]),
        "created_at": row["created_at"],
    }


def _upcoming(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["job_number"],
        "company": row["company"],
        "job_title": row["title"],
        "interview_type": row["kind"],
        "scheduled_date": row["scheduled_at"],
        "calendar_event_id": calendar_event_id(row["id"]),
    }
