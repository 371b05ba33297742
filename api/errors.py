"""What goes wrong, as a status and a code; each product decides what the answer looks like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.validation import FieldProblem, field_problems, sentence
from commands.bus import Conflict, Halted, KeyReused, Unavailable
from domain.errors import DomainError, NotFound, Refused
from infra.append import EpochMismatch, StoreHalted


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal or failure. `detail` is for people and repeats nothing that the sender wrote into a field."""

    status: int
    code: str
    detail: str
    fields: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Rejected(HTTPException):
    """Raised by what stands before the routes (credentials, input checks) to answer with `problem`.

    As an HTTPException it has its status in an application without a product's boundary too.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, problem.detail, problem.headers)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status and code of a class of exceptions; without `detail` the exception's own words are shown."""

    status: int
    code: str
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


HALTED = Outcome(503, "UNAVAILABLE", headers={"Retry-After": "30"})
UNAVAILABLE = Outcome(503, "UNAVAILABLE", "The service cannot do this now; please try again.", {"Retry-After": "1"})
OUTCOMES: Mapping[type[Exception], Outcome] = {
    NotFound: Outcome(404, "NOT_FOUND"),
    Refused: Outcome(400, "VALIDATION_ERROR"),
    DomainError: Outcome(400, "VALIDATION_ERROR"),
    Conflict: Outcome(409, "CONFLICT", "Others were changing this at the same time; please try again."),
    KeyReused: Outcome(
        422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another request; use a new one."
    ),
    # For as long as an operator needs to decide; the sentence names the command.
    **dict.fromkeys((Halted, StoreHalted, EpochMismatch), HALTED),
    Unavailable: UNAVAILABLE,
    # What sockets, pools and queries raise while a server is away, starting or stopping.
    ConnectionError: UNAVAILABLE,
    FileNotFoundError: UNAVAILABLE,  # its socket in the file system
    TimeoutError: UNAVAILABLE,
    asyncpg.PostgresConnectionError: UNAVAILABLE,
    asyncpg.OperatorInterventionError: UNAVAILABLE,
    asyncpg.TooManyConnectionsError: UNAVAILABLE,
    asyncpg.InterfaceError: UNAVAILABLE,
    # A query on a session whose server said good-bye, between that word and the end of the connection.
    asyncpg.InternalClientError: UNAVAILABLE,
}
INTERNAL = Problem(500, "INTERNAL_ERROR", "An unexpected error occurred.")
HTTP_CODES: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}
HTTP_DETAILS: Mapping[int, str] = {
    404: "There is nothing at this path.",
    405: "This path does not take this method.",
}


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How a product words its errors.

    `model` (and `validation_model` for `invalid`, where it differs) is what its OpenAPI document shows; `render` makes
    the JSON object of a problem at a moment; `outcomes` adds to or replaces the statuses of exception classes.
    `invalid` is the status of input that cannot be read, `word` the sentence about its fields.
    """

    model: type[BaseModel]
    render: Callable[[Problem, datetime], Mapping[str, Any]]
    outcomes: Mapping[type[Exception], Outcome] = field(default_factory=dict)
    validation_model: type[BaseModel] | None = None
    invalid: int = 422
    word: Callable[[tuple[FieldProblem, ...]], str] = sentence

    def problem(self, error: Exception) -> Problem:
        """The problem that `error` stands for: an internal error, of which nothing is shown, if it has no outcome."""
        match error:
            case Rejected() if error.problem.fields:
                return replace(error.problem, status=self.invalid)
            case Rejected():
                return error.problem
            case RequestValidationError():
                fields = field_problems(error.errors())
                return Problem(self.invalid, "VALIDATION_ERROR", self.word(fields), fields)
            case HTTPException():
                return _of_http(error)
        for kind in type(error).__mro__:
            if outcome := self.outcomes.get(kind) or OUTCOMES.get(kind):
                return Problem(outcome.status, outcome.code, outcome.detail or str(error), headers=outcome.headers)
        return INTERNAL

    def response(self, problem: Problem, at: datetime) -> Response:
        body = orjson.dumps(self.render(problem, at))
        return Response(body, problem.status, dict(problem.headers), media_type="application/json")


def _of_http(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    # The library's own refusals say no more than the status does.
    detail = HTTP_DETAILS.get(error.status_code, phrase) if error.detail == phrase else str(error.detail)
    code = HTTP_CODES.get(error.status_code, "INTERNAL_ERROR" if error.status_code >= 500 else "VALIDATION_ERROR")
    return Problem(error.status_code, code, detail, headers=error.headers or {})


class CodedError(BaseModel):
    """An error: a sentence for people, a code for programs, and when it happened."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "detail": "Error message description",
                "error_code": "ERROR_CODE",
                "timestamp": "2025-08-27T16:00:00Z",
            }
        }
    )

    detail: str
    error_code: str
    timestamp: datetime


def timestamp(at: datetime) -> str:
    """`at` in UTC to the second, e.g. 2025-08-27T16:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _coded(problem: Problem, at: datetime) -> Mapping[str, Any]:
    return {"detail": problem.detail, "error_code": problem.code, "timestamp": timestamp(at)}


CODED = ErrorShape(model=CodedError, render=_coded)
