"""A job that the receiving company has done comes back: by a question at intervals, or by a signed webhook."""

import asyncio
import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.pos.servicetitan.messages import ROUTING_KEY
from infra.pos.webhook import SIGNATURE_HEADER, sign
from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import COMPLETED_JOB, ERROR
from tests.integration.pos.conftest import Simulator, served
from tests.integration.tradeengage.conftest import Open

SECRET = "whsec-of-the-tests"


async def synced(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    await desk.register(provider_type="servicetitan")
    job = await desk.post()
    return job, await desk.routing(job, "synced")


def delivery(routing: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = {
        "id": int(routing["external_id"]),
        "jobStatus": "Completed",
        "completedOn": "2026-03-02T12:00:00Z",
        "total": 450.0,
        "externalData": [{"key": ROUTING_KEY, "value": routing["id"]}],
    }
    return {"id": str(uuid4()), "type": "job.completed", "tenantId": "development", "data": {**data, **changes}}


async def deliver(desk: Desk, body: dict[str, Any], signature: str | None = None) -> httpx.Response:
    text = json.dumps(body).encode()
    headers = {SIGNATURE_HEADER: sign(SECRET, text) if signature is None else signature}
    return await desk.client.post("/webhooks/servicetitan", content=text, headers=headers)


async def test_a_completed_job_is_found_by_asking(open_desk: Open, titan: Simulator) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, POS_POLL_SECONDS="0.1") as desk:
        job, routing = await synced(desk)
        await titan.complete("development", routing["external_id"], Decimal("450.00"))
        found = await desk.completed(job)
        assert_like(COMPLETED_JOB, found)
        assert found["revenue"] == 450.00
        assert (await desk.routing(job, "completed"))["external_id"] == routing["external_id"]


async def test_a_signed_webhook_completes_a_job_once(open_desk: Open, titan: Simulator) -> None:
    async with open_desk(SERVICETITAN_URL=titan.url, SERVICETITAN_WEBHOOK_SECRET=SECRET) as desk:
        job, routing = await synced(desk)
        body = delivery(routing)
        first = await deliver(desk, body)
        assert (first.status_code, first.json()) == (200, {"recorded": True})
        found = await desk.completed(job)
        assert (found["revenue"], found["completed_at"]) == (450.00, "2026-03-02T12:00:00Z")
        head = await desk.head()
        again = await asyncio.gather(*(deliver(desk, body) for _ in range(5)))
        assert {answer.status_code for answer in again} == {200}
        assert await desk.head() == head


async def test_the_simulators_own_webhooks_are_taken_twice_and_out_of_order(open_desk: Open, titan: Simulator) -> None:
    async with (
        open_desk(SERVICETITAN_URL=titan.url, SERVICETITAN_WEBHOOK_SECRET=SECRET, POS_POLL_SECONDS="600") as desk,
        served(desk.running.client._transport.app) as url,
    ):  # type: ignore[attr-defined]
        subscription = {"url": f"{url}/tradeengage/api/v1/webhooks/servicetitan", "secret": SECRET}
        more = {"twice": True, "out_of_order": True, "delay_scale": 0.001}
        (await titan.control.post("/_simulator/webhooks", json=subscription | more)).raise_for_status()
        job, routing = await synced(desk)
        await titan.complete("development", routing["external_id"], Decimal("450.00"))
        assert (await desk.completed(job))["revenue"] == 450.00


@pytest.mark.parametrize("signature", ["", "00", sign("another secret", b"{}"), "key"])
async def test_a_body_that_is_not_signed_changes_nothing(open_desk: Open, signature: str) -> None:
    async with open_desk(SERVICETITAN_WEBHOOK_SECRET=SECRET) as desk:
        head = await desk.head()
        routing = {"id": str(uuid4()), "external_id": "1"}
        answer = await deliver(desk, delivery(routing), signature)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHORIZED")
        assert_like(ERROR, answer.json())
        assert await desk.head() == head


async def test_a_signed_body_that_tells_nothing_about_a_job_of_ours_is_taken_and_ignored(open_desk: Open) -> None:
    async with open_desk(SERVICETITAN_WEBHOOK_SECRET=SECRET) as desk:
        head = await desk.head()
        nobodys = {"id": str(uuid4()), "external_id": "1"}
        updated = {**delivery(nobodys), "type": "job.updated"}
        for body in (delivery(nobodys), delivery(nobodys, externalData=None), updated):
            answer = await deliver(desk, body)
            assert (answer.status_code, answer.json()) == (200, {"recorded": False})
        nonsense = await deliver(desk, {"type": "job.completed"})
        assert (nonsense.status_code, nonsense.json()["error_code"]) == (400, "VALIDATION_ERROR")
        assert await desk.head() == head


async def test_without_a_secret_webhooks_are_refused(open_desk: Open) -> None:
    async with open_desk() as desk:
        answer = await deliver(desk, delivery({"id": str(uuid4()), "external_id": "1"}))
        assert (answer.status_code, answer.json()["error_code"]) == (503, "UNAVAILABLE")
