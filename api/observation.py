"""Every request leaves a span, a log line and a duration, and carries a correlation id."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from prometheus_client import Histogram
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.telemetry import REQUEST_SECONDS, correlation_id, span, traceparent

_log = structlog.get_logger()
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_CARRIED = (b"traceparent", b"tracestate")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "(unmatched)"
LEFT = 499  # nginx's status for a client that did not wait for its answer

_line: ContextVar[dict[str, Any] | None] = ContextVar("request_line", default=None)
# Label look-ups take a lock and build a tuple; there are as many children as routes and statuses.
_durations: dict[tuple[str, str, str, int], Histogram] = {}


def describe(message: str | None = None, **fields: Any) -> None:
    """Adds `fields` to the log line of the current request, and words it, e.g. "Job created successfully".

    Outside a request it does nothing, so that a function may be called from either side.
    """
    line = _line.get()
    if line is not None:
        line.update(fields)
        if message is not None:
            line["message"] = message


class Observation:
    """The outermost layer of the HTTP interface."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        correlation, parent = _carried_in(scope)
        started, status = time.perf_counter(), LEFT
        line: dict[str, Any] = {}

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_carried_out(correlation)]
            await send(message)

        with _request(correlation, line), span(scope["method"], SpanKind.SERVER, parent) as current:
            try:
                await self.app(scope, receive, observed)
            except BaseException:
                status = 500
                raise
            finally:
                seconds = time.perf_counter() - started
                product, route = _place(scope)
                _describe_span(current, scope["method"], route, status)
                _observe(product, scope["method"], route, status, seconds)
                _write(scope, status, seconds, line)


@contextmanager
def _request(correlation: str, line: dict[str, Any]) -> Iterator[None]:
    bound, opened = correlation_id.set(correlation), _line.set(line)
    try:
        yield
    finally:
        correlation_id.reset(bound)
        _line.reset(opened)


def _carried_in(scope: Scope) -> tuple[str, Mapping[str, str]]:
    """The correlation id (ours when none came, or none that is fit for a log) and the trace headers."""
    correlation, request_id, parent = "", "", {}
    for name, value in scope["headers"]:
        if name == b"x-correlation-id":
            correlation = value.decode("latin-1")
        elif name == b"x-request-id":
            request_id = value.decode("latin-1")
        elif name in _CARRIED:
            parent[name.decode()] = value.decode("latin-1")
    for candidate in (correlation, request_id):
        if _SANE_ID.fullmatch(candidate):
            return candidate, parent
    return f"req-{secrets.token_hex(8)}", parent


def _carried_out(correlation: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-correlation-id", correlation.encode("latin-1")),
        (b"traceparent", (traceparent() or "").encode("latin-1")),
    ]


def _place(scope: Scope) -> tuple[str, str]:
    """The product and the route's template. Below the root there is no product, and an unknown path has no template."""
    product = getattr(getattr(scope.get("app"), "state", None), "product", "")
    route = scope.get("route")
    # An unknown path below a product leaves the mount as what matched last.
    if route is None or (product and isinstance(route, Mount)):
        return product, UNMATCHED
    return product, route.path


def _describe_span(current: Span, method: str, route: str, status: int) -> None:
    if not current.is_recording():
        return
    current.update_name(f"{method} {route}")
    current.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        current.set_status(Status(StatusCode.ERROR))


def _observe(product: str, method: str, route: str, status: int, seconds: float) -> None:
    # Senders may invent methods; each would be a time series for ever.
    known = method if method in _METHODS else "OTHER"
    key = (product, known, route, status)
    duration = _durations.get(key)
    if duration is None:
        duration = _durations[key] = REQUEST_SECONDS.labels(product, known, route, str(status))
    duration.observe(seconds)


def _write(scope: Scope, status: int, seconds: float, line: dict[str, Any]) -> None:
    write = _log.error if status >= 500 else _log.info
    default = "Request failed" if status >= 500 else "Request refused" if status >= 400 else "Request completed"
    write(
        line.pop("message", default),
        method=scope["method"],
        path=scope["path"],
        status_code=status,
        response_time_ms=round(seconds * 1000),
        **line,
    )
