"""The simulated interface's operations, and the ones that tell it what to do."""

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from infra.pos.simulator.bodies import Cancel, Customer, JobQuery, Location, NewJob, selected
from infra.pos.simulator.envelope import ApiError, invalid, refused
from infra.pos.simulator.faults import PosFault, failing
from infra.pos.simulator.state import TOKEN_SECONDS, Job, State
from infra.pos.simulator.webhooks import Subscription, Webhooks
from infra.simulation import Faults


class Total(BaseModel):
    total: Decimal


def build() -> ASGIApp:
    """The application. Its state lives as long as it does."""
    state, webhooks = State(), Webhooks()
    app = FastAPI(title="ServiceTitan simulator", docs_url=None, redoc_url=None)
    faults = failing(app, state)
    app.add_exception_handler(ApiError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.include_router(_token(state))
    app.include_router(_customers(state))
    app.include_router(_jobs(state))
    app.include_router(_controls(state, faults, webhooks))
    return faults


def _authorised(state: State) -> Any:
    def check(
        tenant: str,
        authorization: Annotated[str, Header()] = "",
        st_app_key: Annotated[str, Header()] = "",
    ) -> None:
        if not st_app_key or not state.accepts(authorization.removeprefix("Bearer ")):
            raise ApiError(401, "Unauthorized")
        if not state.within_limit(st_app_key, tenant):
            raise ApiError(429, "Rate limit is exceeded.", headers={"Retry-After": "1"})

    return Depends(check)


def _token(state: State) -> APIRouter:
    routes = APIRouter()

    @routes.post("/connect/token")
    async def token(request: Request) -> JSONResponse:
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode("latin-1")).items()}
        if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
            return JSONResponse({"error": "invalid_request"}, 400)
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if not form.get("client_id") or not form.get("client_secret"):
            return JSONResponse({"error": "invalid_client"}, 400)
        answer = {"access_token": state.issue_token(), "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}
        return JSONResponse(answer)

    return routes


def _customers(state: State) -> APIRouter:
    routes = APIRouter(prefix="/crm/v2/tenant/{tenant}", dependencies=[_authorised(state)])

    @routes.post("/customers")
    async def create_customer(tenant: str, customer: Customer) -> dict[str, Any]:
        number = next(state.ids)
        state.tenants[tenant].customers.add(number)
        return customer.model_dump() | {"id": number, "active": True}

    @routes.post("/locations")
    async def create_location(tenant: str, location: Location) -> dict[str, Any]:
        if location.customerId not in state.tenants[tenant].customers:
            raise ApiError(409, "Customer does not exist.")
        number = next(state.ids)
        state.tenants[tenant].locations[number] = location.customerId
        return location.model_dump() | {"id": number, "active": True}

    return routes


def _jobs(state: State) -> APIRouter:
    routes = APIRouter(prefix="/jpm/v2/tenant/{tenant}", dependencies=[_authorised(state)])

    @routes.post("/jobs")
    async def create_job(tenant: str, job: NewJob) -> dict[str, Any]:
        if state.tenants[tenant].locations.get(job.locationId) != job.customerId:
            raise ApiError(409, "Location does not belong to the customer.")
        return state.add_job(tenant, job.model_dump(mode="json")).answer(None)

    @routes.get("/jobs")
    async def list_jobs(tenant: str, query: Annotated[JobQuery, Depends()]) -> dict[str, Any]:
        found = selected(state.tenants[tenant].jobs.values(), query)
        first = (query.page - 1) * query.pageSize
        return {
            "page": query.page,
            "pageSize": query.pageSize,
            "hasMore": first + query.pageSize < len(found),
            "totalCount": len(found) if query.includeTotal else None,
            "data": [job.answer(query.externalDataApplicationGuid) for job in found[first : first + query.pageSize]],
        }

    @routes.get("/jobs/{number}")
    async def get_job(tenant: str, number: int, externalDataApplicationGuid: str | None = None) -> dict[str, Any]:
        return _known(state, tenant, number).answer(externalDataApplicationGuid)

    @routes.put("/jobs/{number}/cancel")
    async def cancel_job(tenant: str, number: int, _: Cancel) -> None:
        job = _known(state, tenant, number)
        if job.status in ("Completed", "Canceled"):
            raise ApiError(409, f"Job is {job.status}.")
        state.move(job, "Canceled")

    @routes.get("/job-cancel-reasons")
    async def cancel_reasons() -> dict[str, Any]:
        reasons = [{"id": 1, "name": "Withdrawn", "active": True}]
        return {"page": 1, "pageSize": 50, "hasMore": False, "totalCount": None, "data": reasons}

    return routes


def _controls(state: State, faults: Faults, webhooks: Webhooks) -> APIRouter:
    routes = APIRouter(prefix="/_simulator")

    @routes.post("/faults")
    async def plan(planned: list[PosFault]) -> None:
        for fault in planned:
            faults.plan(fault)

    @routes.post("/tenants/{tenant}/jobs/{number}/complete")
    async def complete(tenant: str, number: int, done: Total) -> dict[str, Any]:
        job = _known(state, tenant, number)
        state.move(job, "Completed", done.total)
        application = (job.order.get("externalData") or {}).get("applicationGuid")
        webhooks.completed(tenant, job, application)
        return job.answer(application)

    @routes.post("/webhooks")
    async def subscribe(subscription: Subscription) -> None:
        webhooks.subscriptions.append(subscription)

    @routes.get("/jobs")
    async def jobs() -> list[dict[str, Any]]:
        kept = [(name, job) for name, tenant in state.tenants.items() for job in tenant.jobs.values()]
        return [{"tenant": name, **job.order, "id": job.id, "jobStatus": job.status} for name, job in kept]

    @routes.delete("")
    async def reset() -> None:
        faults.reset()
        webhooks.reset()
        state.clear()

    return routes


def _known(state: State, tenant: str, number: int) -> Job:
    job = state.tenants[tenant].jobs.get(number)
    if job is None:
        raise ApiError(404, "Job does not exist.")
    return job
