"""The simulated interface's webhooks, going out: signed, repeated until they are taken."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
from pydantic import BaseModel, Field

from infra.pos.servicetitan.messages import rfc3339
from infra.pos.simulator.state import Job
from infra.pos.webhook import JOB_COMPLETED, SIGNATURE_HEADER, sign

DELAYS = (10.0, 30.0, 60.0, 300.0)


class Subscription(BaseModel):
    """`twice`: each delivery is sent again. `out_of_order`: the completion comes before the start of the work."""

    url: str = Field(pattern=r"^https?://")
    secret: str = Field(min_length=1)
    twice: bool = False
    out_of_order: bool = False
    delay_scale: float = Field(1.0, ge=0, description="Multiplies the delays between tries, 10, 30, 60 and 300 s")


class Webhooks:
    def __init__(self) -> None:
        self.subscriptions: list[Subscription] = []
        self._sending: set[asyncio.Task[None]] = set()

    def completed(self, tenant: str, job: Job, application: str | None) -> None:
        """Tells every subscriber that the work began and that it is done."""
        started = job.answer(application) | {"jobStatus": "InProgress", "completedOn": None, "total": None}
        done = job.answer(application)
        bodies = [_body(tenant, "job.updated", started, job), _body(tenant, JOB_COMPLETED, done, job)]
        for subscription in self.subscriptions:
            task = asyncio.create_task(_deliver(subscription, bodies))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def reset(self) -> None:
        self.subscriptions.clear()
        for task in self._sending:
            task.cancel()


def _body(tenant: str, kind: str, data: dict[str, Any], job: Job) -> bytes:
    event = {"id": str(uuid4()), "type": kind, "tenantId": tenant, "occurredOn": rfc3339(job.modified), "data": data}
    return json.dumps(event).encode()


async def _deliver(subscription: Subscription, bodies: list[bytes]) -> None:
    ordered = bodies[::-1] if subscription.out_of_order else bodies
    async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client:
        for body in ordered:
            for _ in range(2 if subscription.twice else 1):
                await _send(client, subscription, body)


async def _send(client: httpx.AsyncClient, subscription: Subscription, body: bytes) -> None:
    headers = {SIGNATURE_HEADER: sign(subscription.secret, body), "Content-Type": "application/json"}
    for delay in (*DELAYS, None):
        try:
            if (await client.post(subscription.url, content=body, headers=headers)).is_success:
                return
        except httpx.RequestError:
            pass  # as good as a refusal: it is sent again
        if delay is not None:
            await asyncio.sleep(delay * subscription.delay_scale)
