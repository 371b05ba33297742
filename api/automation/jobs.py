"""Jobs: postings that somebody follows, each together with the application for it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.automation.fields import Moment, Number, money
from api.automation.mapping import changes, found
from api.automation.models.jobs import (
    ExtensionJob,
    Job,
    JobChanges,
    JobDetails,
    JobList,
    NewJob,
    Processed,
)
from api.automation.paging import Form, Limit, Page, PageForm, Skip, page
from api.direct import Direct
from api.observation import describe
from api.session import Reading, Session, Writing
from commands.bus import Outcome
from commands.jobs import CreateJob, JobOpened, RemoveJob, UpdateJob
from domain.applications.statuses import Status
from infra import telemetry
from projections.applications.fold import applications

router = APIRouter(prefix="/jobs", tags=["Jobs"], route_class=Direct)

AsOf = Annotated[Moment | None, Query(description="Answer as it was at this time")]
StatusFilter = Annotated[Status | None, Query(description='Filter by status (e.g., "saved", "applied")')]
MinScore = Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False, description="Minimum match score (0-100)")]

NAMES: Mapping[str, str] = {
    "company": "company",
    "job_title": "title",
    "job_description": "description",
    "job_url": "url",
    "location": "location",
    "salary_min": "salary_min",
    "salary_max": "salary_max",
    "source": "source",
}


@router.post("", status_code=201, summary="Create Job", response_model=Job)
async def create(job: NewJob, session: Writing) -> Response:
    """It is `processing` until its automatic processing is done, and then `saved`."""
    command = CreateJob(
        company=job.company,
        title=job.job_title,
        description=job.job_description,
        url=job.job_url,
        location=job.location,
        salary_min=job.salary_min,
        salary_max=job.salary_max,
        source=job.source,
    )
    outcome = await _opened(session, command)
    if outcome.duplicate:
        return session.answer(_job(await session.repeated(_of_first_request(session, outcome.first))), 201)
    return session.answer(_created(command, outcome.result), 201)


@router.post("/process", summary="Process Job from Extension", response_model=Processed)
async def process(job: ExtensionJob, session: Writing) -> Response:
    """Called by the browser extension for one-click processing. `matchScore` and `driveUrl` are null for now."""
    command = CreateJob(
        company=job.company,
        title=job.title,
        description=job.description,
        url=job.url,
        location=job.location,
        source=job.source,
    )
    outcome = await _opened(session, command)
    if outcome.duplicate:
        first = await session.repeated(_of_first_request(session, outcome.first))
        return session.answer(_queued(first["number"], Status(first["status"])))
    return session.answer(_queued(outcome.result.number, outcome.result.status))


@router.get("", summary="List Jobs", response_model=JobList | Page)
async def listed(
    session: Reading,
    skip: Skip = 0,
    limit: Limit = 100,
    status_filter: StatusFilter = None,
    min_score: MinScore = None,
    form: PageForm = Form.DOCUMENTED,
) -> Response:
    """Newest first."""
    await session.caught_up(applications)
    asked = session.system.applications.jobs
    rows, total = await asked.listed(session.person, skip, limit, status_filter, min_score)
    jobs = [_summary(row) for row in rows]
    if form is Form.GENERIC:
        return session.answer(page(jobs, total, skip, limit))
    return session.answer({"total": total, "jobs": jobs, "skip": skip, "limit": limit})


@router.get("/{job_id}", summary="Get Job by ID", response_model=JobDetails)
async def details(job_id: Number, session: Reading, as_of: AsOf = None) -> Response:
    """With `as_of` as it was then, also when it was deleted since."""
    await session.caught_up(applications)
    if as_of is None:
        return session.answer(_details(await known(session, job_id)))
    row = found(await session.system.applications.jobs.as_of(job_id, session.person, as_of), "Job", job_id)
    # Nothing gives scores yet, so at no time was there one.
    return session.answer(_details({**row, "match_score": None, "recommendation": None}))


@router.patch("/{job_id}", summary="Update Job", response_model=JobDetails)
async def update(job_id: Number, named: JobChanges, session: Writing) -> Response:
    """Changes what is named. Notes go with a change of status; without one they become a note of their own."""
    command = UpdateJob(job_id, changes(named, NAMES), named.status, named.notes)
    await session.send(command, applications)
    return session.answer(_details(await known(session, job_id)))


@router.delete("/{job_id}", status_code=204, summary="Delete Job")
async def delete(job_id: Number, session: Writing) -> Response:
    await session.send(RemoveJob(job_id), applications)
    return session.nothing()


async def known(session: Session, number: int | None) -> Any:
    """The row of a job. Raises `NotFound`."""
    row = None if number is None else await session.system.applications.jobs.by_number(number, session.person)
    return found(row, "Job", number)


async def _opened(session: Session, command: CreateJob) -> Outcome:
    outcome = await session.send(command, applications)
    if not outcome.duplicate:
        telemetry.JOBS_CREATED.inc()
        describe("Job created successfully", job_id=outcome.result.number)
    return outcome


async def _of_first_request(session: Session, position: int) -> Any:
    return await known(session, await session.system.applications.jobs.made_at(position, session.person))


def _created(command: CreateJob, opened: JobOpened) -> dict[str, Any]:
    """From the command and not from the read model, which may lag."""
    return {
        "id": opened.number,
        "job_id": opened.reference,
        "company": command.company,
        "job_title": command.title,
        "job_description": command.description,
        "job_url": command.url,
        "location": command.location,
        "salary_min": money(command.salary_min),
        "salary_max": money(command.salary_max),
        "source": command.source,
        "status": opened.status,
        "match_score": None,
        "created_at": opened.created_at,
        "updated_at": opened.created_at,
    }


def _queued(number: int, status: Status) -> dict[str, Any]:
    return {
        "success": True,
        "jobId": number,
        "matchScore": None,
        "message": "Job queued for processing",
        "driveUrl": None,
        "status": status,
    }


def _job(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["reference"],
        "company": row["company"],
        "job_title": row["title"],
        "job_description": row["description"],
        "job_url": row["url"],
        "location": row["location"],
        "salary_min": money(row["salary_min"]),
        "salary_max": money(row["salary_max"]),
        "source": row["source"],
        "status": row["status"],
        "match_score": row["match_score"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def _details(row: Any) -> dict[str, Any]:
    return _job(row) | {"recommendation": row["recommendation"]}


def _summary(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "company": row["company"],
        "job_title": row["title"],
        "status": row["status"],
        "match_score": row["match_score"],
        "created_at": row["created_at"],
    }
