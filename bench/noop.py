"""What FastAPI does without a system behind it: validates and answers. `python -m bench.noop PORT`.

The same models, server and event loop as ours, in a process of its own.
"""

import sys
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import FastAPI

from api.automation.models.jobs import Job as FollowedJob
from api.automation.models.jobs import JobList, JobSummary
from api.automation.models.jobs import NewJob as NewFollowedJob
from api.automation.models.tracking import StatusChange, StatusChanged
from api.automation.paging import Limit, Skip
from api.tradeengage.models import Job, NewJob
from cli.serving import run, serve_http, stopping
from domain.applications.statuses import Status
from domain.dispatch.statuses import JobStatus

app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})


@app.post("/jobs/", status_code=201)
async def create(job: NewJob) -> Job:
    now = datetime.now(UTC)
    return Job(
        id=uuid4(),
        summary=job.summary,
        address=job.address,
        homeowner=job.homeowner,
        created_by_company_id=job.created_by_company_id,
        created_by_technician_id=job.created_by_technician_id,
        status=JobStatus.PENDING,
        revenue=None,
        completed_at=None,
        created_at=now,
        updated_at=now,
    )


@app.post("/automation/jobs", status_code=201)
async def follow(job: NewFollowedJob) -> FollowedJob:
    now = datetime.now(UTC)
    made = {"id": 1, "job_id": "linkedin_1", "status": Status.PROCESSING, "match_score": None}
    return FollowedJob(**job.model_dump(), **made, created_at=now, updated_at=now)


@app.post("/automation/ats/jobs/{job_id}/status")
async def move(job_id: int, change: StatusChange) -> StatusChanged:
    return StatusChanged(
        job_id=job_id,
        old_status=Status.SAVED,
        new_status=change.status,
        status_changed_at=datetime.now(UTC),
        event_id=1,
    )


@app.get("/automation/jobs")
async def page(skip: Skip = 0, limit: Limit = 100) -> JobList:
    now = datetime.now(UTC)
    jobs = [
        JobSummary(id=n, company="Google", job_title="Engineer", status=Status.SAVED, match_score=None, created_at=now)
        for n in range(limit)
    ]
    return JobList(total=limit, jobs=jobs, skip=skip, limit=limit)


async def main() -> None:
    async with stopping() as stop:
        await serve_http(app, "127.0.0.1", int(sys.argv[1]), stop, lambda: print("ready", flush=True))


if __name__ == "__main__":
    run(main)
