import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.pos.servicetitan import ServiceTitan
from infra.pos.webhook import SIGNATURE_HEADER, Completion, completion, verify
from tests.integration.pos.conftest import ACME, Simulator, served, work_order


@dataclass
class Receiver:
    """Takes webhooks as the application does; refuses as many as it is told to."""

    refusals: int = 0
    tries: int = 0
    taken: list[Completion | None] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        verify("secret", body, request.headers.get(SIGNATURE_HEADER))
        self.tries += 1
        if self.tries > self.refusals:
            self.taken.append(completion(body))
        await Response(status_code=503 if self.tries <= self.refusals else 204)(scope, receive, send)


async def told(
    titan: ServiceTitan, simulator: Simulator, receiver: Receiver, deliveries: int, **subscription: Any
) -> Completion:
    """Completes a job and waits for `deliveries`; gives the completion it should be."""
    async with served(receiver) as url:
        subscribed = {"url": f"{url}/hooks", "secret": "secret", **subscription}
        (await simulator.control.post("/_simulator/webhooks", json=subscribed)).raise_for_status()
        order = work_order()
        created = await titan.create(ACME, order)
        await simulator.complete("acme", created.external_id, Decimal("450.25"))
        async with asyncio.timeout(60):
            while len(receiver.taken) < deliveries:
                await asyncio.sleep(0.01)
    (job,) = await titan.find(ACME, order.routing_id)
    return Completion("", "acme", job)


def seen(receiver: Receiver) -> list[str]:
    return ["completed" if delivery else "other" for delivery in receiver.taken]


async def test_a_completion_is_told_with_signature_tenant_and_our_own_id(
    titan: ServiceTitan, simulator: Simulator
) -> None:
    receiver = Receiver()
    expected = await told(titan, simulator, receiver, 2)
    assert seen(receiver) == ["other", "completed"]
    done = receiver.taken[1]
    assert done is not None
    assert (done.tenant, done.job) == (expected.tenant, expected.job)


async def test_a_delivery_that_comes_twice_has_the_same_id(titan: ServiceTitan, simulator: Simulator) -> None:
    receiver = Receiver()
    await told(titan, simulator, receiver, 4, twice=True)
    assert seen(receiver) == ["other", "other", "completed", "completed"]
    assert receiver.taken[2] == receiver.taken[3]


async def test_deliveries_may_come_out_of_order(titan: ServiceTitan, simulator: Simulator) -> None:
    receiver = Receiver()
    await told(titan, simulator, receiver, 2, out_of_order=True)
    assert seen(receiver) == ["completed", "other"]


@pytest.mark.parametrize("refusals", [1, 4])
async def test_a_delivery_that_is_not_taken_is_sent_again(
    titan: ServiceTitan, simulator: Simulator, refusals: int
) -> None:
    receiver = Receiver(refusals)
    await told(titan, simulator, receiver, 2, delay_scale=0.0005)
    assert receiver.tries == refusals + 2
