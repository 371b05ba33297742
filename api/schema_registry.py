"""Our event schemas as Confluent's Schema Registry serves them, so that any Kafka client decodes our topics.

Read only: schemas and their ids come with the release. A subject is a record's full name
(`jobstream.dispatch.RoutingSynced`, RecordNameStrategy), because a topic carries several kinds of events.
Fields marked `personal` hold sealed text for whoever lacks the person's key; see `api/subject_keys.py`.
"""

import json
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from schemas.ids import fingerprint
from schemas.registry import EventSchema, Registry, UnknownEventType

SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
_PREFIX = "jobstream."


class RegistryResponse(JSONResponse):
    media_type = "application/vnd.schemaregistry.v1+json"


class RegistryError(Exception):
    """A refusal as Confluent's registry words it: the first three digits of `code` are the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Lookup(BaseModel):
    """A schema whose id is asked for."""

    text: str = Field(alias="schema", description="The schema, as JSON text")
    kind: str = Field("AVRO", alias="schemaType")


def schema_registry_app(registry: Registry) -> FastAPI:
    """The application to mount at `/schema-registry`."""
    app = FastAPI(
        title="Schema registry (read-only)",
        docs_url=None,
        redoc_url=None,
        default_response_class=RegistryResponse,
        exception_handlers={
            RegistryError: _refused,
            HTTPException: _not_served,
            RequestValidationError: _malformed,
        },
    )
    app.include_router(_subjects(registry))
    app.include_router(_ids(registry))
    app.include_router(_settings(registry))
    return app


def _subjects(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/subjects")

    @router.get("")
    async def subjects() -> list[str]:
        return [registry.latest(type).subject for type in registry.types]

    @router.get("/{subject}/versions")
    async def versions(subject: str) -> list[int]:
        return [schema.version for schema in _versions(registry, subject)]

    @router.get("/{subject}/versions/{version}")
    async def version(subject: str, version: str) -> dict[str, Any]:
        return _described(_version(_versions(registry, subject), version))

    @router.post("/{subject}")
    async def lookup(subject: str, lookup: Lookup) -> dict[str, Any]:
        candidates, wanted = _versions(registry, subject), _fingerprint(lookup)
        for schema in reversed(candidates):
            if schema.fingerprint == wanted:
                return _described(schema)
        raise RegistryError(SCHEMA_NOT_FOUND, "Schema not found")

    return router


def _ids(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/schemas")

    @router.get("/types")
    async def types() -> list[str]:
        return ["AVRO"]

    @router.get("/ids/{id}")
    async def schema(id: int) -> dict[str, Any]:
        return {"schema": _by_id(registry, id).text}

    @router.get("/ids/{id}/versions")
    async def uses(id: int) -> list[dict[str, Any]]:
        schema = _by_id(registry, id)
        return [{"subject": schema.subject, "version": schema.version}]

    return router


def _settings(registry: Registry) -> APIRouter:
    router = APIRouter()

    @router.get("/config")
    async def config() -> dict[str, str]:
        return {"compatibilityLevel": "BACKWARD_TRANSITIVE"}

    @router.get("/config/{subject}")
    async def subject_config(subject: str) -> dict[str, str]:
        _versions(registry, subject)
        return await config()

    @router.get("/mode")
    async def mode() -> dict[str, str]:
        return {"mode": "READONLY"}

    @router.get("/mode/{subject}")
    async def subject_mode(subject: str) -> dict[str, str]:
        _versions(registry, subject)
        return await mode()

    return router


def _versions(registry: Registry, subject: str) -> tuple[EventSchema, ...]:
    try:
        return registry.versions(subject.removeprefix(_PREFIX) if subject.startswith(_PREFIX) else "")
    except UnknownEventType:
        raise RegistryError(SUBJECT_NOT_FOUND, f"Subject '{subject}' not found.") from None


def _version(versions: tuple[EventSchema, ...], wanted: str) -> EventSchema:
    if wanted == "latest":
        return versions[-1]
    if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) < 2**31):
        raise RegistryError(
            INVALID_VERSION,
            f"The specified version '{wanted}' is not a valid version id. "
            'Allowed values are between [1, 2^31-1] and the string "latest"',
        )
    if int(wanted) > len(versions):
        raise RegistryError(VERSION_NOT_FOUND, f"Version {wanted} not found.")
    return versions[int(wanted) - 1]


def _by_id(registry: Registry, id: int) -> EventSchema:
    schema = registry.by_id(id)
    if schema is None:
        raise RegistryError(SCHEMA_NOT_FOUND, f"Schema {id} not found")
    return schema


def _described(schema: EventSchema) -> dict[str, Any]:
    return {"subject": schema.subject, "version": schema.version, "id": schema.id, "schema": schema.text}


def _fingerprint(lookup: Lookup) -> str:
    try:
        if lookup.kind == "AVRO":
            return fingerprint(json.loads(lookup.text))
    except (json.JSONDecodeError, RecursionError):
        pass  # answered as any other text that is no Avro schema
    raise RegistryError(INVALID_SCHEMA, "Either the input schema or one of its references is invalid: not Avro")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RegistryError)
    return RegistryResponse({"error_code": error.code, "message": str(error)}, error.code // 100)


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"HTTP {error.status_code} {error.detail}"
    if error.status_code == 405:
        message = "This registry is read-only: schemas and their ids come with the release"
    return RegistryResponse({"error_code": error.status_code, "message": message}, error.status_code, error.headers)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if request.method == "GET":  # an id that is no number is a path that leads nowhere
        return RegistryResponse({"error_code": 404, "message": "HTTP 404 Not Found"}, 404)
    return RegistryResponse({"error_code": 422, "message": "The body must be JSON with the schema's text"}, 422)
