"""Traces (OpenTelemetry), correlation ids and metrics (Prometheus), under the names that the documents publish."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:  # the SDK and its exporter take a tenth of the start, and 10 MB, from those who export nothing
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

JOBS_CREATED = Counter("job_creation_total", "Jobs created")
ROUTINGS_CREATED = Counter("job_routing_total", "Job routings created")
SYNCS_SUCCEEDED = Counter("sync_success_total", "Successful synchronizations", ["provider"])
SYNCS_FAILED = Counter("sync_failure_total", "Failed synchronizations", ["provider"])
SYNC_FIRST_ATTEMPT = Histogram(
    "sync_first_attempt_seconds",
    "From a routing's creation to its first attempt to synchronize it",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
SYNC_DURATION = Histogram(
    "sync_duration_seconds",
    "From a routing's creation to its successful synchronization",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
SYNC_SLA_BREACHED = Counter("sync_sla_breached_total", "Routings not synchronized within five minutes")
REQUEST_SECONDS = Histogram(
    "api_request_duration_seconds",
    "API response times",
    ["product", "method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUEUE_DEPTH = Gauge("queue_depth", "Background task queue depths", ["queue"])
READ_MODEL_LAG = Gauge("read_model_lag_events", "Events that a read model has not folded yet", ["read_model"])
READ_MODEL_WAIT = Gauge(
    "read_model_lag_seconds", "How long the oldest event has waited that a read model has not folded", ["read_model"]
)
AGENT_LAG = Gauge("agent_lag_events", "Events from the oldest that waits for an agent to the end", ["agent"])
AGENT_WAIT = Gauge("agent_lag_seconds", "How long the oldest event has waited that an agent has not handled", ["agent"])
DEAD_LETTERS = Gauge("dead_letters", "Events parked for an operator", ["agent"])
LIVE_CONNECTIONS = Gauge("websocket_connections", "Web sockets that are open")
LIVE_ENVELOPES = Counter("websocket_envelopes_total", "Updates sent over web sockets")
LIVE_GAPS = Counter("websocket_gaps_total", "Times that a client asked for updates that are kept no more")

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)

_PROPAGATOR = TraceContextTextMapPropagator()
_provider: "TracerProvider | None" = None


def configure(service: str, endpoint: str | None) -> None:
    """Export spans to the OTLP collector at `endpoint` (its root URL); without one nothing is recorded.

    The share of traces recorded is the SDK's own setting: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.
    """
    global _provider
    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(_provider)


def shutdown() -> None:
    """Send what is left and stop recording."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


@contextmanager
def recording(exporter: "SpanExporter") -> Iterator[None]:
    """Within it every span goes to `exporter` as soon as it ends, e.g. to an in-memory one in a test."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    global _provider
    before, _provider = _provider, TracerProvider()
    _provider.add_span_processor(SimpleSpanProcessor(exporter))
    try:
        yield
    finally:
        _provider.shutdown()
        _provider = before


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Mapping[str, str] | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """A span under `parent` (anything with a `traceparent`: HTTP headers, event metadata) or under the current one.

    Without an exporter it costs a few microseconds and records nothing, and the trace context is still carried on.
    """
    context = None if parent is None else _PROPAGATOR.extract(parent)
    if _provider is not None:
        tracer = _provider.get_tracer("jobstream")
        with tracer.start_as_current_span(
            name, context, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield current
            except Exception as error:
                # Only its kind: messages may quote what was sent.
                current.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
        return
    carried = NonRecordingSpan(_child(context))
    token = otel_context.attach(trace.set_span_in_context(carried, context))
    try:
        yield carried
    finally:
        otel_context.detach(token)


def _child(context: Context | None) -> SpanContext:
    above = trace.get_current_span(context).get_span_context()
    return SpanContext(
        trace_id=above.trace_id if above.is_valid else random.getrandbits(128) or 1,
        span_id=random.getrandbits(64) or 1,
        is_remote=False,
        trace_flags=above.trace_flags if above.is_valid else TraceFlags(0),
        trace_state=above.trace_state,
    )


def traceparent() -> str | None:
    """The current span as a W3C `traceparent`; None outside any."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return None
    return f"00-{current.trace_id:032x}-{current.span_id:016x}-{current.trace_flags:02x}"


def carried() -> dict[str, str]:
    """What goes along with an event or a call: `correlation_id` and `traceparent`, as far as there are any."""
    pairs = (("correlation_id", correlation_id.get()), ("traceparent", traceparent()))
    return {name: value for name, value in pairs if value is not None}


@contextmanager
def continued(name: str, metadata: Mapping[str, str], kind: SpanKind = SpanKind.CONSUMER) -> Iterator[Span]:
    """Goes on with the trace and the correlation id that `metadata` (an event's) brought along."""
    token = correlation_id.set(metadata.get("correlation_id"))
    try:
        with span(name, kind, parent=metadata) as current:
            yield current
    finally:
        correlation_id.reset(token)
