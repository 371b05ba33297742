import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

# In a process of its own: a tracer provider is registered once per process.
REQUEST = """
import asyncio, sys
import httpx
from opentelemetry import trace
from infra import telemetry
from tests.unit.api.sample import sample_app

async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sample_app()), base_url="http://localhost") as client:
        with telemetry.span("outer"):
            with trace.get_tracer("another library").start_as_current_span("foreign"):
                pass
        await client.post("/api/v1/jobs/1/fail/defect", headers={"traceparent": sys.argv[2]})

telemetry.configure("jobstream-test", sys.argv[1])
asyncio.run(main())
telemetry.shutdown()
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Span]]]:
    """An OTLP endpoint on loopback, and the spans that it has received."""
    received: list[Span] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    received.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test says what went wrong."""

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_spans_reach_the_collector_once_and_without_exceptions_messages(
    collector: tuple[str, list[Span]],
) -> None:
    address, received = collector
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", REQUEST, address, f"00-{TRACE}-b7ad6b7169203331-01", env={**os.environ, "PYTHONPATH": "."}
    )
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    spans = {span.name: span for span in received}
    assert spans.keys() == {"outer", "foreign", "POST /jobs/{job_id}/fail/{how}"}
    assert len(received) == 3
    assert spans["foreign"].trace_id == spans["outer"].trace_id
    assert spans["POST /jobs/{job_id}/fail/{how}"].trace_id.hex() == TRACE
    assert b"secret" not in b"".join(span.SerializeToString() for span in received)
