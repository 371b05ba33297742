import re
from collections.abc import Iterator

import httpx
import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from structlog.typing import EventDict

from infra.telemetry import recording
from tests.unit.api.sample import JOB, sample_app

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EventDict]]:
    # Loggers made before a test may have kept the configuration that they found.
    monkeypatch.setattr("api.observation._log", structlog.get_logger())
    with capture_logs() as captured:
        yield captured


async def test_a_request_leaves_the_line_that_the_document_shows(
    client: httpx.AsyncClient, lines: list[EventDict]
) -> None:
    await client.post("/api/v1/jobs/", json=JOB)
    assert len(lines) == 1
    assert isinstance(lines[0].pop("response_time_ms"), int)
    assert lines[0] == {
        "event": "Job created successfully",
        "log_level": "info",
        "method": "POST",
        "path": "/api/v1/jobs/",
        "status_code": 201,
        "job_id": "j-1",
        "matching_score": 4.5,
    }


async def test_a_failure_is_logged_as_an_error_with_its_cause(
    client: httpx.AsyncClient, lines: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.boundary._log", structlog.get_logger())
    await client.post("/api/v1/jobs/1/fail/defect")
    cause, request = lines
    assert (cause["event"], cause["exc_info"]) == ("Unexpected error", True)
    assert (request["event"], request["log_level"], request["status_code"]) == ("Request failed", "error", 500)


@pytest.mark.parametrize("header", ["X-Correlation-ID", "X-Request-ID"])
async def test_a_correlation_id_that_comes_in_goes_out(client: httpx.AsyncClient, header: str) -> None:
    assert (await client.get("/api/v1/jobs/", headers={header: "req-123"})).headers["X-Correlation-ID"] == "req-123"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, '"\\injected', "é".encode().decode("latin-1")])
async def test_a_correlation_id_unfit_for_a_log_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    headers = [(b"x-correlation-id", sent.encode("latin-1"))]
    made = (await client.get("/api/v1/jobs/", headers=headers)).headers["X-Correlation-ID"]
    assert re.fullmatch(r"req-[0-9a-f]{16}", made)


async def test_a_trace_goes_on_without_an_exporter(client: httpx.AsyncClient) -> None:
    sent = f"00-{TRACE}-b7ad6b7169203331-01"
    back = (await client.get("/api/v1/jobs/", headers={"traceparent": sent})).headers["traceparent"]
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", back)
    assert back != sent


async def test_a_recorded_request_is_a_server_span_named_by_its_route(client: httpx.AsyncClient) -> None:
    exporter = InMemorySpanExporter()
    with recording(exporter):
        await client.get("/api/v1/jobs/nothing", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /jobs/{job_id}"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 422


def requests_counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("api_request_duration_seconds_count", labels) or 0.0


async def test_durations_are_labelled_by_template_and_never_by_what_senders_invent(client: httpx.AsyncClient) -> None:
    by_template = {"product": "tradeengage", "method": "GET", "route": "/jobs/{job_id}", "status": "422"}
    invented = {"product": "tradeengage", "method": "OTHER", "route": "(unmatched)", "status": "404"}
    before = requests_counted(**by_template), requests_counted(**invented)
    await client.get("/api/v1/jobs/1")
    await client.request("BREW", "/api/v1/coffee")
    after = requests_counted(**by_template), requests_counted(**invented)
    assert after == (before[0] + 1, before[1] + 1)


async def test_the_documented_metrics_are_served() -> None:
    transport = httpx.ASGITransport(sample_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        metrics = (await client.get("/metrics")).text
    for name in ("job_creation_total", "job_routing_total", "sync_success_total", "sync_failure_total"):
        assert f"# TYPE {name} counter" in metrics
    assert "# TYPE api_request_duration_seconds histogram" in metrics
    assert "# TYPE queue_depth gauge" in metrics
