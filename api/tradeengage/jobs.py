"""Service jobs and their routings."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from api.observation import describe
from api.session import Reading, Session, Writing
from api.tradeengage.errors import ERRORS, SyncError
from api.tradeengage.models import Address, Homeowner, Job, NewJob, Routing, SyncRequest
from api.tradeengage.paging import Limit, Skip
from commands.bus import Unavailable
from commands.dispatch import CreateServiceJob, RequestSync, ServiceJobAccepted
from domain.dispatch.statuses import JobStatus, SyncStatus
from domain.errors import NotFound
from infra import telemetry
from projections.routings.fold import routings
from projections.service_jobs.fold import service_jobs

router = APIRouter(prefix="/jobs", tags=["Jobs"])

# A little longer than an attempt's own limit.
SYNC_SECONDS = 40.0

UNKNOWN_REQUESTER: dict[int | str, dict[str, Any]] = {
    404: {"model": ERRORS.model, "description": "The requesting company or its technician is not known"}
}
NOT_SYNCED: dict[int | str, dict[str, Any]] = {
    502: {"model": ERRORS.model, "description": "The provider did not take the job, or not in time"}
}


@router.post("/", status_code=201, summary="Create Job with Intelligent Matching", responses=UNKNOWN_REQUESTER)
async def create(job: NewJob, session: Writing) -> Job:
    command = CreateServiceJob(
        summary=job.summary,
        street=job.address.street,
        city=job.address.city,
        state=job.address.state,
        zip_code=job.address.zip_code,
        homeowner_name=job.homeowner.name,
        homeowner_phone=job.homeowner.phone,
        homeowner_email=job.homeowner.email,
        company_id=job.created_by_company_id,
        technician_id=job.created_by_technician_id,
        required_skills=job.required_skills,
        skill_levels=job.skill_levels,
        category=job.category,
    )
    outcome = await session.send(command, service_jobs, routings)
    if outcome.duplicate or outcome.id is None:
        return await session.repeated(_job(session, outcome.id))
    _count(outcome.id, outcome.result)
    return _created(outcome.id, job, outcome.result)


def _count(id: UUID, accepted: ServiceJobAccepted) -> None:
    telemetry.JOBS_CREATED.inc()
    telemetry.ROUTINGS_CREATED.inc(len(accepted.matches))
    best = max((match.score for match in accepted.matches), default=None)
    describe("Job created successfully", job_id=str(id), matching_score=best, routings=len(accepted.matches))


def _created(id: UUID, job: NewJob, accepted: ServiceJobAccepted) -> Job:
    return Job(
        id=id,
        summary=job.summary,
        address=job.address,
        homeowner=job.homeowner,
        created_by_company_id=job.created_by_company_id,
        created_by_technician_id=job.created_by_technician_id,
        status=JobStatus.PENDING,
        revenue=None,
        completed_at=None,
        created_at=accepted.created_at,
        updated_at=accepted.created_at,
    )


@router.get("/", summary="List All Jobs")
async def page(session: Reading, skip: Skip = 0, limit: Limit = 100) -> list[Job]:
    """Newest first."""
    await session.caught_up(service_jobs)
    return [_shown(row) for row in await session.system.service_jobs.page(skip, limit, session.owner)]


@router.get("/{job_id}", summary="Get Job Details")
async def details(job_id: UUID, session: Reading) -> Job:
    await session.caught_up(service_jobs)
    return await _job(session, job_id)


@router.get("/{job_id}/routings", tags=["Job Routings"], summary="Get Job Routings")
async def routings_of(job_id: UUID, session: Reading) -> list[Routing]:
    """Best match first."""
    await session.caught_up(service_jobs, routings)
    await _job(session, job_id)
    return [_routing(row) for row in await session.system.routings.of_job(job_id)]


@router.post("/{job_id}/sync", tags=["Job Routings"], summary="Sync Job to Company", responses=NOT_SYNCED)
async def sync(job_id: UUID, wanted: SyncRequest, session: Writing) -> Routing:
    """Synchronises now, and answers when it is done. Safe to repeat."""
    await _job(session, job_id)
    before = await session.system.routings.to_company(job_id, wanted.company_id)
    if before is None:
        raise NotFound("Routing", wanted.company_id)
    outcome = await session.send(RequestSync(before["id"]), routings)
    # A repeated request asks for the first one's result.
    under_way = outcome.duplicate or before["sync_status"] == SyncStatus.PROCESSING
    try:
        async with asyncio.timeout(SYNC_SECONDS):
            return _routing(await _synchronised(session, before, under_way))
    except TimeoutError:
        raise SyncError("The provider has not answered yet; the synchronisation goes on by itself.") from None


async def _synchronised(session: Session, before: Any, under_way: bool) -> Any:
    """The routing once an attempt that was under way, or began, after `before` has succeeded."""
    positions, id = session.system.positions, before["id"]
    while True:
        seen = positions.of(routings)
        row: Any = await session.system.routings.by_id(id)
        if row["sync_status"] in (SyncStatus.SYNCED, SyncStatus.COMPLETED):
            return row
        ours = under_way or _attempts(row) > _attempts(before)
        if row["sync_status"] == SyncStatus.FAILED and ours:
            raise SyncError(row["error_message"])
        if positions.stopped(routings):
            raise Unavailable("the read model of routings has stopped")
        await positions.reached([routings], seen + 1, SYNC_SECONDS)


def _attempts(row: Any) -> int:
    return 0 if row["claimed_at"] is None else int(row["retry_count"]) + 1


async def _job(session: Session, id: UUID | None) -> Job:
    row = None if id is None else await session.system.service_jobs.by_id(id, session.owner)
    if row is None:
        raise NotFound("Job", str(id))
    return _shown(row)


def _shown(row: Any) -> Job:
    # The rows were valid when they came in, and an erased one need not be: nothing is validated again.
    return Job.model_construct(
        id=row["id"],
        summary=row["summary"],
        address=Address.model_construct(
            street=row["street"], city=row["city"], state=row["state"], zip_code=row["zip_code"]
        ),
        homeowner=Homeowner.model_construct(
            name=row["homeowner_name"], phone=row["homeowner_phone"], email=row["homeowner_email"]
        ),
        created_by_company_id=row["company_id"],
        created_by_technician_id=row["technician_id"],
        status=JobStatus(row["status"]),
        revenue=row["revenue"],
        completed_at=row["completed_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _routing(row: Any) -> Routing:
    return Routing.model_construct(
        id=row["id"],
        job_id=row["job_id"],
        company_id_received=row["company_id"],
        external_id=row["external_id"],
        sync_status=SyncStatus(row["sync_status"]),
        retry_count=row["retry_count"],
        last_sync_attempt=row["last_sync_attempt"],
        last_synced_at=row["last_synced_at"],
        error_message=row["error_message"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
