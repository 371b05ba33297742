"""Which of the simulated operations fail on purpose, and what they answer then."""

import re

from pydantic import Field
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from infra.pos.simulator.envelope import envelope
from infra.pos.simulator.state import State
from infra.simulation import Answer, Fault, Faults, Kind, Operation, one_of

_JOB = r"/jpm/v2/tenant/[^/]+/jobs"
_OPERATIONS: dict[str, Operation] = {
    "token": ("POST", re.compile(r"/connect/token")),
    "customers": ("POST", re.compile(r"/crm/v2/tenant/[^/]+/customers")),
    "locations": ("POST", re.compile(r"/crm/v2/tenant/[^/]+/locations")),
    "create": ("POST", re.compile(_JOB)),
    "list": ("GET", re.compile(_JOB)),
    "get": ("GET", re.compile(_JOB + r"/\d+")),
    "cancel": ("PUT", re.compile(_JOB + r"/\d+/cancel")),
}
_ANSWERS: dict[str, Answer] = {
    "refuse_token": lambda _: JSONResponse({"error": "invalid_client"}, 400),
    "401": lambda _: envelope(401, "Unauthorized"),
    "409": lambda _: envelope(409, "Conflict"),
    "429": lambda seconds: envelope(429, "Rate limit is exceeded.", headers={"Retry-After": f"{seconds:.0f}"}),
    "500": lambda _: envelope(500, "An error occurred while processing your request."),
    "html": lambda _: HTMLResponse("<html><body><h1>Sign in</h1></body></html>"),
}


class PosFault(Fault):
    operation: str = Field(pattern=one_of(_OPERATIONS))
    fault: str = Field(pattern=one_of(Kind, _ANSWERS))


def failing(app: ASGIApp, state: State) -> Faults:
    """The application, failing as planned."""
    return Faults(app, state, _OPERATIONS, _ANSWERS)
