"""A small product with one of everything, for the tests of what all products share."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, EmailStr, Field
from starlette.applications import Starlette

from api.app import create_app
from api.consistency import Consistency, announce
from api.errors import CODED
from api.health import WELL, Check, Component, health_router
from api.idempotency import Idempotency
from api.observation import describe
from api.principal import Caller, requires
from api.product import Product
from api.rate_limit import Counter, RateLimits
from commands.bus import Conflict, KeyReused, Unavailable
from domain.clock import SystemClock
from domain.errors import NotFound, Refused
from infra.api_keys import ApiKeys
from infra.settings import Auth, Settings

EPOCH = UUID("01234567-89ab-cdef-0123-456789abcdef")
JOB = {"summary": "Fix a tap", "email": "jane@example.com", "state": "CA"}


class Job(BaseModel):
    summary: str = Field(max_length=40)
    email: EmailStr
    state: str = Field(pattern=r"^[A-Z]{2}$")


class Answer(BaseModel):
    detail: str


jobs = APIRouter(prefix="/jobs", tags=["Jobs"])
FAILURES: Mapping[str, Exception] = {
    "refused": Refused("The job is completed already."),
    "conflict": Conflict("secret stream name"),
    "key-reused": KeyReused("secret key"),
    "unavailable": Unavailable("postgres://secret"),
    "database-gone": asyncpg.ConnectionDoesNotExistError("secret"),
    "database-stopping": asyncpg.AdminShutdownError("secret"),
    "defect": RuntimeError("secret internals"),
}


@jobs.get("/{job_id}")
async def get_job(job_id: UUID, consistency: Consistency) -> Answer:
    raise NotFound("Job", job_id)


@jobs.get("/search")
async def search(q: str = "") -> Answer:
    return Answer(detail="searched")


@jobs.get("/")
async def list_jobs(limit: Annotated[int, Query(ge=1)] = 100) -> list[Answer]:
    return []


@jobs.post("/", status_code=201)
async def create_job(job: Job, response: Response, caller: Caller, key: Idempotency) -> Answer:
    describe("Job created successfully", job_id="j-1", matching_score=4.5)
    announce(response, EPOCH, 7)
    return Answer(detail=f"{caller.actor} {key.key if key else None} {key.body_hash.hex() if key else None}")


@jobs.post("/{job_id}/fail/{how}")
async def fail(job_id: int, how: str) -> Answer:
    raise FAILURES[how]


@jobs.post("/upload")
async def upload(request: Request) -> Answer:
    return Answer(detail=str(len(await request.body())))


@jobs.delete("/", dependencies=[Depends(requires("admin"))])
async def delete_all() -> Answer:
    return Answer(detail="deleted")


hooks = APIRouter(prefix="/hooks", tags=["Hooks"])


@hooks.post("/")
async def hook() -> Answer:
    return Answer(detail="taken")


async def well() -> Component:
    return WELL


async def ready() -> Mapping[str, Any]:
    return {}


def sample_product(checks: Mapping[str, Check] | None = None, limits: RateLimits | None = None) -> Product:
    health = health_router(checks or {"database": well}, "1.0.0", SystemClock(), ready)
    rules = {("POST", "/jobs/"): "10/minute"}
    return Product(
        name="tradeengage",
        title="Sample",
        version="1.0.0",
        routers=(jobs, hooks, health),
        errors=CODED,
        limits=limits or RateLimits(rules=rules),
        description="A sample",
        public=("/health", "/hooks"),
    )


def sample_app(
    product: Product | None = None,
    counter: Counter | None = None,
    keys: ApiKeys | None = None,
    root_api: str = "tradeengage",
) -> Starlette:
    auth = Auth.DEVELOPMENT if keys is None else Auth.ENFORCED
    settings = Settings.model_validate({"root_api": root_api, "auth": auth})
    return create_app([product or sample_product()], {}, settings, api_keys=keys, counter=counter)
