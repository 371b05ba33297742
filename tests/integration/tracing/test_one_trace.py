"""One trace leads from the HTTP request through the event and Kafka into the agent and the call to the PoS."""

from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from infra import telemetry
from tests.running import Running, over_kafka, running, until

ADDRESS = {"street": "123 Main Street", "city": "Anytown", "state": "CA", "zip_code": "90210"}


async def _posted_and_synced(on: Running) -> None:
    """A job is handed from one company to the other."""
    plumber = {"name": "Plumber", "skills": {"plumbing": "expert"}}
    asking, _ = [(await on.client.post("/companies/", json=plumber)).json() for _ in range(2)]
    technician = (await on.client.post(f"/companies/{asking['id']}/technicians/", json={"name": "Ana"})).json()
    job = {
        "summary": "Leak",
        "address": ADDRESS,
        "homeowner": {"name": "Jane Smith"},
        "created_by_company_id": asking["id"],
        "created_by_technician_id": technician["id"],
        "required_skills": ["plumbing"],
    }
    posted = (await on.client.post("/jobs/", json=job)).json()

    async def synced() -> bool:
        found = (await on.client.get(f"/jobs/{posted['id']}/routings")).json()
        return [routing["sync_status"] for routing in found] == ["synced"]

    await until(synced, 30)


def _above(span: ReadableSpan, spans: dict[int, ReadableSpan]) -> list[str]:
    """The names of a span and all above it, the uppermost last."""
    names = [span.name]
    while span.parent is not None and span.parent.span_id in spans:
        span = spans[span.parent.span_id]
        names.append(span.name)
    return names


def _check(exporter: InMemorySpanExporter) -> None:
    spans = {span.context.span_id: span for span in exporter.get_finished_spans() if span.context is not None}
    [call] = [span for span in spans.values() if span.name == "mock create"]
    assert _above(call, spans) == ["mock create", "pos_sync RoutingCreated", "POST /jobs/"]


async def test_one_trace_leads_from_the_request_to_the_pos_call(database: str, tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    with telemetry.recording(exporter):
        async with running(database, tmp_path) as on:
            await _posted_and_synced(on)
    _check(exporter)


async def test_one_trace_leads_through_kafka_too(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> None:
    exporter = InMemorySpanExporter()
    with telemetry.recording(exporter):
        async with over_kafka(database, tmp_path, kafka, topic_prefix) as on:
            await _posted_and_synced(on)
    _check(exporter)
