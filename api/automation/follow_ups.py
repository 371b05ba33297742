"""Follow-ups: scheduled one by one or in sequences, due, sent or cancelled."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.automation.errors import UNKNOWN_JOB
from api.automation.fields import Number
from api.automation.jobs import known
from api.automation.mapping import found
from api.automation.models.follow_ups import (
    DueFollowUps,
    FollowUp,
    NewFollowUp,
    NewSequence,
    ScheduledSequence,
    SentReport,
)
from api.automation.paging import Form, Limit, Page, PageForm, Skip, cut
from api.direct import Direct
from api.session import Reading, Session, Writing
from commands.applications import CancelFollowUp, RecordFollowUpSent, ScheduleFollowUp, ScheduleFollowUpSequence
from commands.applications.follow_ups import Scheduled, SequenceScheduled
from commands.bus import Outcome
from domain.applications.statuses import FollowUpStatus
from domain.errors import NotFound
from projections.applications.fold import applications

router = APIRouter(prefix="/followup", tags=["Follow-up Automation"], route_class=Direct)

HoursAhead = Annotated[int, Query(ge=0, le=24 * 366, description="Hours to look ahead")]


@router.post("/schedule", status_code=201, summary="Schedule Follow-up", response_model=FollowUp, responses=UNKNOWN_JOB)
async def schedule(wanted: NewFollowUp, session: Writing) -> Response:
    """With `send_automatically` it is mailed when it comes due; otherwise it announces itself."""
    command = ScheduleFollowUp(
        wanted.job_id, wanted.followup_type, wanted.scheduled_date, wanted.email_template, wanted.send_automatically
    )
    outcome = await session.send(command, applications)
    if outcome.duplicate:
        [row] = await session.repeated(_of_first_request(session, outcome))
        return session.answer(_shown(row), 201)
    return session.answer(_scheduled(wanted, outcome.result), 201)


@router.post(
    "/sequence",
    status_code=201,
    summary="Schedule Follow-up Sequence",
    response_model=ScheduledSequence,
    responses=UNKNOWN_JOB,
)
async def schedule_sequence(wanted: NewSequence, session: Writing) -> Response:
    """All steps of a predefined sequence, on its days at 09:00 UTC."""
    command = ScheduleFollowUpSequence(wanted.job_id, wanted.sequence_name, variables=wanted.variables)
    outcome = await session.send(command, applications)
    if outcome.duplicate:
        rows = await session.repeated(_of_first_request(session, outcome))
        return session.answer(_sequence(wanted.job_id, rows[0]["sequence_id"], [_step_row(row) for row in rows]), 201)
    made: SequenceScheduled = outcome.result
    return session.answer(_sequence(wanted.job_id, made.sequence_id, [_step(one) for one in made.follow_ups]), 201)


@router.get("/jobs/{job_id}", summary="Get Follow-ups", response_model=list[FollowUp] | Page)
async def of_job(
    job_id: Number, session: Reading, skip: Skip = 0, limit: Limit = 100, form: PageForm = Form.DOCUMENTED
) -> Response:
    """The first one first."""
    await session.caught_up(applications)
    await known(session, job_id)
    rows = await session.system.applications.follow_ups.of_job(job_id)
    return session.answer(cut([_shown(row) for row in rows], form, skip, limit))


@router.get("/due", summary="Get Due Follow-ups", response_model=DueFollowUps)
async def due(session: Reading, hours_ahead: HoursAhead = 24) -> Response:
    """Those that are due, or will be soon, and are neither sent nor cancelled; the oldest first."""
    await session.caught_up(applications)
    now = session.system.clock.now()
    rows = await session.system.applications.follow_ups.due(session.person, now + timedelta(hours=hours_ahead))
    return session.answer({"count": len(rows), "followups": [_due(row, now) for row in rows]})


@router.post("/{followup_id}/sent", summary="Mark Follow-up Sent", response_model=FollowUp)
async def sent(followup_id: Number, report: SentReport, session: Writing) -> Response:
    command = RecordFollowUpSent(followup_id, report.sent_date, notes=report.notes)
    await session.send(command, applications)
    return session.answer(_shown(await _follow_up(session, followup_id)))


@router.delete("/{followup_id}", status_code=204, summary="Cancel Follow-up")
async def cancel(followup_id: Number, session: Writing) -> Response:
    await session.send(CancelFollowUp(followup_id), applications)
    return session.nothing()


async def _follow_up(session: Session, number: int) -> Any:
    return found(await session.system.applications.follow_ups.by_number(number, session.person), "Follow-up", number)


async def _of_first_request(session: Session, outcome: Outcome) -> Sequence[Any]:
    numbers = await session.system.applications.follow_ups.made_at(outcome.first, outcome.last, session.person)
    if not numbers:
        raise NotFound("Follow-up", str(outcome.id))
    return [await _follow_up(session, number) for number in numbers]


def _scheduled(wanted: NewFollowUp, made: Scheduled) -> dict[str, Any]:
    """From the command and not from the read model, which may lag."""
    return {
        "id": made.number,
        **wanted.model_dump(),
        "email_template": made.template,
        "status": FollowUpStatus.SCHEDULED,
        "sent_date": None,
        "created_at": made.created_at,
    }


def _sequence(job_id: int, id: UUID, steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"sequence_id": f"seq_{id.hex}", "job_id": job_id, "followups_scheduled": len(steps), "followups": steps}


def _step(made: Scheduled) -> dict[str, Any]:
    return {"id": made.number, "followup_type": made.kind, "scheduled_date": made.due_at}


def _step_row(row: Any) -> dict[str, Any]:
    return {"id": row["number"], "followup_type": row["kind"], "scheduled_date": row["due_at"]}


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["job_number"],
        "followup_type": row["kind"],
        "status": row["status"],
        "scheduled_date": row["due_at"],
        "sent_date": row["sent_at"],
        "email_template": row["template"],
        "send_automatically": row["send_automatically"],
        "created_at": row["created_at"],
    }


def _due(row: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["job_number"],
        "company": row["company"],
        "job_title": row["title"],
        "followup_type": row["kind"],
        "scheduled_date": row["due_at"],
        "hours_until_due": max(0, ceil((row["due_at"] - now) / timedelta(hours=1))),
    }
