"""The application tracking system: status, timeline and figures."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.automation import offers
from api.automation.fields import Number, money
from api.automation.interviews import calendar_event_id
from api.automation.jobs import AsOf, known
from api.automation.mapping import found
from api.automation.models.tracking import Statistics, StatusChange, StatusChanged, Timeline
from api.direct import Direct
from api.session import Reading, Writing
from commands.applications import ChangeApplicationStatus
from domain.applications.statuses import Status
from projections.applications.fold import applications
from projections.applications.statistics import Figures

router = APIRouter(prefix="/ats", tags=["Application Tracking System"], route_class=Direct)


@router.post("/jobs/{job_id}/status", summary="Update Job Status", response_model=StatusChanged)
async def change_status(job_id: Number, wanted: StatusChange, session: Writing) -> Response:
    """A move that is not allowed is refused with those that are.

    saved → applied → interview_scheduled → interviewing → offer_received → accepted or declined; from every status
    that is not final to rejected or withdrawn.
    """
    command = ChangeApplicationStatus(job_id, wanted.status, wanted.notes)
    outcome = await session.send(command, applications)
    made = outcome.result
    return session.answer(
        {
            "job_id": job_id,
            "old_status": made.old,
            "new_status": made.new,
            "status_changed_at": made.changed_at,
            "event_id": outcome.first,  # the event's id in the timeline: its position in the log
        }
    )


@router.get("/jobs/{job_id}/timeline", summary="Get Application Timeline", response_model=Timeline)
async def timeline(job_id: Number, session: Reading, as_of: AsOf = None) -> Response:
    """Everything that has happened, oldest first; with `as_of` what had happened by then, and how things stood."""
    await session.caught_up(applications)
    system = session.system
    if as_of is None:
        await known(session, job_id)
    else:
        found(await system.applications.jobs.as_of(job_id, session.person, as_of), "Job", job_id)
    return session.answer(
        {
            "job_id": job_id,
            "events": [_event(row) for row in await system.applications.jobs.history(job_id, as_of)],
            "interviews": [_interview(row) for row in await system.applications.interviews.of_job(job_id, as_of)],
            "offers": [offers.shown(row) for row in await system.applications.offers.of_job(job_id, as_of)],
            "notes": [_note(row) for row in await system.applications.notes.of_job(job_id, as_of)],
        }
    )


@router.get("/statistics", summary="Get Statistics", response_model=Statistics)
async def statistics(session: Reading, as_of: AsOf = None) -> Response:
    """Figures of all applications; with `as_of` as they were then."""
    await session.caught_up(applications)
    asked = session.system.applications.statistics
    if as_of is None:
        return session.answer(_figures(await asked.of(session.person, session.system.clock.now())))
    return session.answer(_figures(await asked.as_of(session.person, as_of)))


def _event(row: Any) -> dict[str, Any]:
    about = _ABOUT.get(row["kind"], _about_item)
    return {
        "id": row["position"],
        "event_type": row["kind"],
        **about(row),
        "created_at": row["occurred_at"],
    }


def _about_status(row: Any) -> dict[str, Any]:
    return {"from_status": row["from_status"], "to_status": row["to_status"], "notes": row["notes"]}


def _about_interview(row: Any) -> dict[str, Any]:
    return {"interview_type": row["item_kind"], "scheduled_date": row["item_at"]}


def _about_item(row: Any) -> dict[str, Any]:
    return {"item_id": row["item"]}


_ABOUT: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "status_change": _about_status,
    "interview_scheduled": _about_interview,
    "interview_moved": _about_interview,
}


def _interview(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "interview_type": row["kind"],
        "scheduled_date": row["scheduled_at"],
        "duration_minutes": row["duration_minutes"],
        "interviewer_name": row["interviewer_name"],
        "outcome": row["outcome"],
        "calendar_event_id": calendar_event_id(row["id"]),
    }


def _note(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "note_type": row["kind"],
        "content": row["content"],
        "created_at": row["created_at"],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    salary, days = figures.average_base_salary, figures.average_days_to_offer
    return {
        "total_applications": figures.total,
        "by_status": {status.value: count for status in Status if (count := figures.by_status.get(status))},
        "interview_stats": {
            "total_interviews": figures.interviews,
            "upcoming": figures.upcoming,
            "completed": figures.completed,
            "passed": figures.passed,
            "rejected": figures.rejected,
        },
        "offer_stats": {
            "total_offers": figures.offers,
            "pending": figures.pending,
            "accepted": figures.accepted,
            "declined": figures.declined,
            "average_base_salary": None if salary is None else money(round(salary, 2)),
        },
        "success_rate": round(figures.offers / figures.total, 3) if figures.total else 0.0,
        "average_days_to_offer": None if days is None else round(days),
    }
