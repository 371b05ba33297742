"""What FastAPI does without a system behind it: validates a service job and answers. `python -m bench.noop PORT`.

The same models, server and event loop as ours, in a process of its own.
"""

import sys
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import FastAPI

from api.tradeengage.models import Job, NewJob
from cli.serving import run, serve_http, stopping
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


async def main() -> None:
    async with stopping() as stop:
        await serve_http(app, "127.0.0.1", int(sys.argv[1]), stop, lambda: print("ready", flush=True))


if __name__ == "__main__":
    run(main)
