"""Which of the simulated operations fail on purpose, and what they answer then."""

import re

from pydantic import Field
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from infra.calendar.simulator.failures import failure
from infra.calendar.simulator.state import State
from infra.simulation import Answer, Fault, Faults, Kind, Operation, one_of

_EVENTS = r"/calendar/v3/calendars/[^/]+/events"
_OPERATIONS: dict[str, Operation] = {
    "token": ("POST", re.compile(r"/token")),
    "insert": ("POST", re.compile(_EVENTS)),
    "get": ("GET", re.compile(_EVENTS + r"/[^/]+")),
    "patch": ("PATCH", re.compile(_EVENTS + r"/[^/]+")),
    "delete": ("DELETE", re.compile(_EVENTS + r"/[^/]+")),
}
_REVOKED = {"error": "invalid_grant", "error_description": "Token has been revoked."}
_LIMITED = ("rateLimitExceeded", "Rate Limit Exceeded")
_ANSWERS: dict[str, Answer] = {
    "refuse_token": lambda _: JSONResponse(_REVOKED, 400),
    "401": lambda _: failure(401, "authError", "Invalid Credentials"),
    "403": lambda _: failure(403, "forbidden", "Forbidden"),
    "403 rate": lambda _: failure(403, *_LIMITED),
    "429": lambda seconds: failure(429, *_LIMITED, {"Retry-After": f"{seconds:.0f}"}),
    "500": lambda _: failure(500, "backendError", "Backend Error"),
    "html": lambda _: HTMLResponse("<html><body><h1>Sign in</h1></body></html>"),
}


class CalendarFault(Fault):
    operation: str = Field(pattern=one_of(_OPERATIONS))
    fault: str = Field(pattern=one_of(Kind, _ANSWERS))


def failing(app: ASGIApp, state: State) -> Faults:
    """The application, failing as planned."""
    return Faults(app, state, _OPERATIONS, _ANSWERS)
