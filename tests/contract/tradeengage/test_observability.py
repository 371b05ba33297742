"""The documented log line, and the documented metrics after real activity."""

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from infra.telemetry import correlation_id
from runtime.system import READ_MODELS
from tests.contract.tradeengage.desk import Desk
from tests.running import until

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(desk: Desk) -> Samples:
    answer = await desk.client.get("http://127.0.0.1/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    return sum(
        value for (found, having), value in samples.items() if found == name and set(labels.items()) <= set(having)
    )


@pytest.fixture(scope="module")
async def receiver(desk: Desk) -> str:
    """The only company in Wyoming."""
    return str((await desk.register(name="Wyoming Pipes", service_area={"states": ["WY"]}))["id"])


def in_wyoming(**more: Any) -> dict[str, Any]:
    return {"address": {"street": "1 Elk", "city": "Cody", "state": "WY", "zip_code": "82414"}, **more}


async def test_a_created_job_is_logged_with_its_score_and_correlation(desk: Desk, receiver: str) -> None:
    with capture_logs() as lines:
        job = await desk.post({"X-Correlation-ID": "req-123"}, **in_wyoming())
    [line] = [line for line in lines if line["event"] == "Job created successfully"]
    assert line["log_level"] == "info"
    assert (line["method"], line["status_code"], line["job_id"]) == ("POST", 201, job["id"])
    assert line["path"].endswith("/api/v1/jobs/")
    assert isinstance(line["response_time_ms"], int)
    assert 0 < line["matching_score"] <= 5


async def test_a_request_without_a_correlation_id_is_given_one(desk: Desk, receiver: str) -> None:
    given = (await desk.client.get("/jobs/")).headers["X-Correlation-ID"]
    assert given.startswith("req-")
    assert correlation_id.get() is None
    taken = await desk.client.get("/jobs/", headers={"X-Correlation-ID": "req-123"})
    assert taken.headers["X-Correlation-ID"] == "req-123"


async def test_every_event_of_a_job_carries_its_requests_correlation_id(desk: Desk, receiver: str) -> None:
    job = await desk.post({"X-Correlation-ID": "req-of-this-test"}, **in_wyoming())
    await desk.routing(job, "synced")
    rows = await desk.running.system.database.pool.fetch(
        "select type from events where metadata ->> 'correlation_id' = 'req-of-this-test' order by position"
    )
    assert [row["type"] for row in rows] == ["ServiceJobCreated", "RoutingCreated", "RoutingClaimed", "RoutingSynced"]


async def test_a_job_that_suits_nobody_has_no_score(desk: Desk) -> None:
    with capture_logs() as lines:
        await desk.post(required_skills=["unheard of"], skill_levels={})
    [line] = [line for line in lines if line["event"] == "Job created successfully"]
    assert (line["matching_score"], line["routings"]) == (None, 0)


async def test_activity_is_counted_under_the_documented_names(desk: Desk, receiver: str) -> None:
    before = await scraped(desk)
    job = await desk.post(**in_wyoming())
    await desk.routing(job, "synced")

    async def counted() -> Samples | None:
        after = await scraped(desk)
        grown = total(after, "sync_success_total") - total(before, "sync_success_total")
        return after if grown == 1 else None

    after: Samples = await until(counted)
    for name in ("job_creation_total", "job_routing_total"):
        assert total(after, name) - total(before, name) == 1
    created = {"product": "tradeengage", "method": "POST", "route": "/jobs/", "status": "201"}
    count = "api_request_duration_seconds_count"
    assert total(after, count, **created) - total(before, count, **created) == 1


async def test_a_failed_synchronisation_is_counted(desk: Desk) -> None:
    # There is no simulator at the default address of these tests, or the credentials are gone: both are failures.
    await desk.register(
        name="Broken", service_area={"states": ["VT"]}, provider_type="servicetitan", credentials_ref="env:NOT_THERE"
    )
    before = total(await scraped(desk), "sync_failure_total", provider="servicetitan")
    vermont = {"street": "1 Elk", "city": "Stowe", "state": "VT", "zip_code": "05672"}
    failed = await desk.routing(await desk.post(address=vermont), "failed")
    assert failed["error_message"] == "credentials env:NOT_THERE: there are none by this name"
    assert total(await scraped(desk), "sync_failure_total", provider="servicetitan") == before + 1


async def test_queues_are_measured_at_each_scrape(desk: Desk, receiver: str) -> None:
    await desk.post(**in_wyoming())

    async def drained() -> Samples | None:
        samples = await scraped(desk)
        return samples if total(samples, "read_model_lag_events") == 0 else None

    samples: Samples = await until(drained)
    queues = {dict(labels)["queue"]: value for (name, labels), value in samples.items() if name == "queue_depth"}
    assert queues == {"append_lane": 0, "deadlines_due": 0, "dead_letters": 0}
    agents = {dict(labels)["agent"] for name, labels in samples if name == "agent_lag_events"}
    models = {dict(labels)["read_model"] for name, labels in samples if name == "read_model_lag_events"}
    assert agents >= {"matching", "pos_sync"}
    assert models == {model.name for model in READ_MODELS}
    waits = {name for name, _ in samples if name in ("read_model_lag_seconds", "agent_lag_seconds")}
    assert waits == {"read_model_lag_seconds", "agent_lag_seconds"}


async def test_appends_that_wait_are_seen(desk: Desk) -> None:
    requests = [asyncio.create_task(desk.post(**in_wyoming())) for _ in range(30)]
    seen = 0
    while not all(request.done() for request in requests):
        seen = max(seen, desk.running.system.store.waiting)
        await asyncio.sleep(0)
    await asyncio.gather(*requests)
    assert seen > 0


async def test_metrics_are_answered_while_queues_cannot_be_measured(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("runtime.queues.DueDeadlines.waiting", away)
    assert total(await scraped(desk), "job_creation_total") > 0
