"""What a role without an HTTP interface of its own tells its operator: /metrics and /health."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app import metrics

Report = Callable[[], Mapping[str, Any]]


def operations_app(report: Report) -> Starlette:
    """`report` says how the role does; `{"status": "healthy", …}` answers 200, anything else 503."""

    async def health(request: Request) -> Response:
        said = dict(report())
        return JSONResponse(said, 200 if said["status"] == "healthy" else 503, {"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/metrics", metrics), Route("/health", health)])
