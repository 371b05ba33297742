"""Errors of Automation: `{detail}` alone, and 400 for whatever cannot be read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.errors import ErrorShape, Problem
from api.validation import FieldProblem, sentence


class PlainError(BaseModel):
    """An error: one sentence for people."""

    model_config = ConfigDict(json_schema_extra={"example": {"detail": "Job not found"}})

    detail: str


def _plain(problem: Problem, at: datetime) -> Mapping[str, Any]:
    return {"detail": problem.detail}


def _sentence(fields: tuple[FieldProblem, ...]) -> str:
    """The document's own words for an id that is none, wherever it stands."""
    first = fields[0]
    if first.type != "missing" and first.path.endswith("_id"):
        return f"Invalid {first.path} provided"
    return sentence(fields)


UNKNOWN_JOB: dict[int | str, dict[str, Any]] = {404: {"model": PlainError, "description": "The job is not known"}}

# The document knows no 422: "400 Bad Request" is its answer to what is wrong in a path, a query or a body.
ERRORS = ErrorShape(model=PlainError, render=_plain, invalid=400, word=_sentence)
