"""One trace leads from a client's own, through the request and the event, into the agent and each call to the PoS."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from infra import telemetry
from tests.integration.pos.conftest import Simulator
from tests.integration.tradeengage.conftest import Open
from tests.running import until

TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_a_clients_trace_reaches_the_call_to_servicetitan(open_desk: Open, titan: Simulator) -> None:
    exporter = InMemorySpanExporter()
    async with open_desk(SERVICETITAN_URL=titan.url) as desk:
        await desk.register(provider_type="servicetitan")
        with telemetry.recording(exporter):
            job = await desk.post({"traceparent": f"00-{TRACE}-{CLIENT}-01", "X-Correlation-ID": "req-123"})
            await desk.routing(job, "synced")

            async def ended() -> dict[str, ReadableSpan] | None:
                found = {span.name: span for span in exporter.get_finished_spans() if _trace_of(span) == TRACE}
                return found if "pos_sync RoutingCreated" in found else None

            spans: dict[str, Any] = await until(ended)
    request, agent = spans["POST /jobs/"], spans["pos_sync RoutingCreated"]
    assert f"{request.parent.span_id:016x}" == CLIENT
    assert agent.parent.span_id == request.context.span_id
    for call in ("servicetitan find", "servicetitan prepare", "servicetitan create"):
        assert spans[call].parent.span_id == agent.context.span_id
        assert spans[call].attributes["jobstream.outcome"] == "ok"
    assert not any("John Doe" in span.to_json() for span in spans.values())


def _trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"
