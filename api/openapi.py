"""Adds to FastAPI's document what the layers around the routes do: refusals, limits, credentials, headers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.errors import ErrorShape
from api.paths import is_below
from api.rate_limit import RateLimits

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_REFUSALS = {
    "400": "The request cannot be carried out",
    "401": "No valid API key",
    "403": "The API key may not do this",
    "404": "Not found",
    "409": "In conflict with the present state",
    "413": "The body is larger than 10 MB",
    "422": "Validation error",
    "429": "Too many requests",
    "500": "Unexpected error",
    "503": "Temporarily unavailable",
}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Correlation-ID": {"description": "Names this request in logs and events", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {"description": "Requests allowed per window", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "Requests left in this window", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {"description": "When the window ends, in Unix seconds", "schema": {"type": "integer"}},
}
_SECURITY = "ApiKey"


@dataclass(frozen=True, slots=True)
class Conventions:
    """What holds for a product's operations; `limits` is None where nothing is limited."""

    errors: ErrorShape
    limits: RateLimits | None
    public: tuple[str, ...]


def document(app: FastAPI, conventions: Conventions) -> None:
    """Makes `app.openapi()` complete: no operation answers with a status that its document does not name."""
    made = app.openapi
    completed: dict[str, Any] | None = None

    def openapi() -> dict[str, Any]:
        nonlocal completed
        schema = made()
        # FastAPI keeps its document, and makes another only when routes are added.
        if schema is not completed:
            _complete(schema, conventions)
            completed = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _complete(schema: dict[str, Any], conventions: Conventions) -> None:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    models: list[type[BaseModel]] = [conventions.errors.model]
    if conventions.errors.validation_model is not None:
        models.append(conventions.errors.validation_model)
    _, definitions = models_json_schema(
        [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas.update(definitions.get("$defs", {}))
    components.setdefault("securitySchemes", {})[_SECURITY] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    for path, method, operation in _operations(schema):
        _complete_operation(path, method, operation, conventions)


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _complete_operation(path: str, method: str, operation: dict[str, Any], conventions: Conventions) -> None:
    responses = operation.setdefault("responses", {})
    limited = conventions.limits is not None and not is_below(path, conventions.limits.exempt)
    public = is_below(path, conventions.public)
    if not public:
        # The second, empty requirement: in development no credentials are asked for.
        operation["security"] = [{_SECURITY: []}, {}]
    # FastAPI names 422 wherever there are parameters, in its own model.
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    for status in _statuses(path, method, operation, limited, public, conventions.errors.invalid):
        responses.setdefault(status, _refusal(status, conventions.errors))
    shown = [*_HEADERS] if limited else ["X-Correlation-ID"]
    for response in responses.values():
        response.setdefault("headers", {}).update({name: _HEADERS[name] for name in shown})


def _statuses(
    path: str, method: str, operation: dict[str, Any], limited: bool, public: bool, invalid: int
) -> Iterator[str]:
    yield str(invalid)  # a NUL character is refused in every path and query
    yield "500"
    if not public:
        yield from ("401", "403")
    if not (public and method == "get"):
        yield from ("400", "409", "503")
    if method in ("post", "put", "patch", "delete"):
        yield "422"  # an Idempotency-Key that came before with another request
    if "{" in path:
        yield "404"
    if "requestBody" in operation or method in ("post", "put", "patch"):
        yield "413"
    if limited:
        yield "429"


def _refusal(status: str, errors: ErrorShape) -> dict[str, Any]:
    model = errors.model
    if status == str(errors.invalid) and errors.validation_model is not None:
        model = errors.validation_model
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    refusal: dict[str, Any] = {"description": _REFUSALS[status], "content": {"application/json": {"schema": reference}}}
    if status in ("429", "503"):
        header = {"description": "Seconds to wait before trying again", "schema": {"type": "integer"}}
        refusal["headers"] = {"Retry-After": header}
    return refusal
