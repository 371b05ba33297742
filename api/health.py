"""Is it well: the four health routes that the documents publish, answered by really asking every part."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from api.errors import timestamp
from domain.clock import Clock

_log = structlog.get_logger()

Status = Literal["healthy", "degraded", "unhealthy"]
SECONDS = 1.0  # how long one part may take to answer


@dataclass(frozen=True, slots=True)
class Component:
    """What a check found. `details` go into the answer; `timed` says whether the response time does."""

    status: Status = "healthy"
    details: Mapping[str, Any] = field(default_factory=dict)
    timed: bool = True


WELL = Component()
Check = Callable[[], Awaitable[Component]]
Readiness = Callable[[], Awaitable[Mapping[str, Any]]]


class Health(BaseModel):
    status: Status
    timestamp: str
    version: str


class ComponentHealth(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: Status
    response_time: str | None = None


class DetailedHealth(Health):
    components: dict[str, ComponentHealth]


class Probe(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: Literal["ready", "not ready", "alive"]
    timestamp: str


def health_router(
    checks: Mapping[str, Check],
    version: str,
    clock: Clock,
    readiness: Readiness,
    vital: frozenset[str] = frozenset({"database"}),
) -> APIRouter:
    """Routes below /health.

    A check that raises, or takes longer than `SECONDS`, is unhealthy. The whole is unhealthy (503) when a `vital` part
    is, degraded (200) when any other part is not well. `readiness` answers what is still missing; {} means ready.
    """
    router = APIRouter(prefix="/health", tags=["Health"])
    vitals = {name: check for name, check in checks.items() if name in vital}

    def stamped(status: str, **more: Any) -> dict[str, Any]:
        return {"status": status, "timestamp": timestamp(clock.now()), **more}

    @router.get("", summary="Basic Health Check", response_model=Health, responses=_sick(Health))
    async def basic() -> JSONResponse:
        status = _overall(await _ask(vitals), vital)
        return _answer(stamped(status, version=version), status != "unhealthy")

    @router.get(
        "/detailed", summary="Detailed Health Check", response_model=DetailedHealth, responses=_sick(DetailedHealth)
    )
    async def detailed() -> JSONResponse:
        components = await _ask(checks)
        status = _overall(components, vital)
        return _answer(stamped(status, version=version, components=components), status != "unhealthy")

    @router.get("/ready", summary="Readiness Probe", response_model=Probe, responses=_sick(Probe))
    async def ready() -> JSONResponse:
        parts = await _ask(vitals)
        if sick := sorted(name for name, part in parts.items() if part["status"] == "unhealthy"):
            return _answer(stamped("not ready", waiting_for=sick), False)
        missing = await readiness()
        return _answer(stamped("not ready", **missing) if missing else stamped("ready"), not missing)

    @router.get("/live", summary="Liveness Probe", response_model=Probe)
    async def live() -> JSONResponse:
        return _answer(stamped("alive"), True)

    return router


async def _ask(checks: Mapping[str, Check]) -> dict[str, dict[str, Any]]:
    answers = await asyncio.gather(*(_ask_one(name, check) for name, check in checks.items()))
    return dict(zip(checks, answers, strict=True))


async def _ask_one(name: str, check: Check) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(SECONDS):
            found = await check()
    except Exception as error:  # noqa: BLE001  # whatever it is, the part is not well
        _log.warning("Health check failed", component=name, exc_info=error)
        # Only the kind of error: anybody may ask for health, and messages can hold addresses.
        found = Component("unhealthy", {"error": type(error).__name__})
    answer: dict[str, Any] = {"status": found.status}
    if found.timed:
        answer["response_time"] = f"{(time.perf_counter() - started) * 1000:.0f}ms"
    return answer | dict(found.details)


def _overall(components: Mapping[str, Mapping[str, Any]], vital: frozenset[str]) -> Status:
    if any(components[name]["status"] == "unhealthy" for name in vital & components.keys()):
        return "unhealthy"
    return "healthy" if all(part["status"] == "healthy" for part in components.values()) else "degraded"


def _answer(body: dict[str, Any], well: bool) -> JSONResponse:
    return JSONResponse(body, 200 if well else 503, {"Cache-Control": "no-store"})


def _sick(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {503: {"model": model, "description": "Not well, or not ready yet"}}
