import asyncio

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import REGISTRY

from infra import telemetry
from infra.outbound import Ambiguous, BulkheadFull, Operation, OutboundError, Policy, Throttled, Unavailable
from infra.outbound.http import exchange, retry_after
from tests.unit.outbound.conftest import Time

READ = Operation("read", timeout=1.0, repeatable=True)
CREATE = Operation("create", timeout=1.0, repeatable=False)


async def test_a_create_beyond_its_hard_timeout_is_ambiguous(time: Time) -> None:
    with pytest.raises(Ambiguous, match="no answer to create in 1 s"):
        await time.outbound().call(CREATE, asyncio.Event().wait)


async def test_a_read_beyond_its_hard_timeout_is_unavailable_and_repeated(time: Time) -> None:
    with pytest.raises(Unavailable):
        await time.outbound().call(READ, asyncio.Event().wait)
    assert len(time.slept) == 2


async def test_a_full_bulkhead_turns_callers_away_at_once(time: Time) -> None:
    outbound, answer = time.outbound(policy=Policy(slots=1, queue=1)), asyncio.Event()
    running, waiting = (asyncio.create_task(outbound.call(CREATE, answer.wait)) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(BulkheadFull, match="1 calls wait already"):
        await outbound.call(CREATE, answer.wait)
    answer.set()
    await asyncio.gather(running, waiting)


async def test_waiting_for_a_slot_is_bounded(time: Time) -> None:
    outbound, answer = time.outbound(policy=Policy(slots=1, queue_wait=0.001)), asyncio.Event()
    running = asyncio.create_task(outbound.call(CREATE, answer.wait))
    await asyncio.sleep(0)
    with pytest.raises(BulkheadFull, match="no slot came free"):
        await outbound.call(CREATE, answer.wait)
    answer.set()
    await running


async def test_a_cancelled_caller_gives_its_slot_back(time: Time) -> None:
    outbound = time.outbound(policy=Policy(slots=1, queue=0))
    running = asyncio.create_task(outbound.call(CREATE, asyncio.Event().wait))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await outbound.call(CREATE, lambda: asyncio.sleep(0, "through")) == "through"


async def test_every_attempt_is_measured_by_its_outcome(time: Time) -> None:
    async def down() -> None:
        raise Unavailable("down")

    outbound = time.outbound("measured")
    with pytest.raises(Unavailable):
        await outbound.call(READ, down)
    labels = {"system": "measured", "operation": "read", "outcome": "unavailable"}
    assert REGISTRY.get_sample_value("outbound_call_seconds_count", labels) == 3


async def test_the_span_names_system_and_operation_and_quotes_nothing(time: Time) -> None:
    exporter = InMemorySpanExporter()

    async def quotes() -> None:
        raise ValueError("Jane Smith, (555) 987-6543")

    with telemetry.recording(exporter), pytest.raises(ValueError, match="Jane"):
        await time.outbound().call(CREATE, quotes)
    (span,) = exporter.get_finished_spans()
    assert span.kind is SpanKind.CLIENT
    assert span.attributes == {
        "jobstream.provider": "somewhere",
        "jobstream.operation": "create",
        "jobstream.outcome": "defect",
    }
    assert "Jane" not in span.to_json()


@pytest.mark.parametrize(
    ("status", "read", "create"),
    [
        (408, Unavailable, Ambiguous),
        (429, Throttled, Throttled),
        (500, Unavailable, Ambiguous),
        (503, Unavailable, Ambiguous),
        (504, Unavailable, Ambiguous),
    ],
)
async def test_an_answer_that_is_none_leaves_a_create_in_doubt_and_a_read_to_be_repeated(
    status: int, read: type[OutboundError], create: type[OutboundError]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    async with httpx.AsyncClient(transport=transport, base_url="http://somewhere") as client:
        for operation, expected in ((READ, read), (CREATE, create)):
            with pytest.raises(OutboundError) as caught:
                await exchange(client, "somewhere", operation, client.build_request("GET", "/"))
            assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("9" * 400, 86_400.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Fri, 21 Oct 2999 07:28:00 GMT", 86_400.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(httpx.Response(429, headers={"Retry-After": header})) == seconds
