"""What must never come to light: credentials, and the homeowner."""

import json
import logging
import traceback

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from infra.outbound import OutboundError, Refused
from infra.pos.servicetitan import ServiceTitan
from tests.integration.pos.conftest import ACME, SECRET, Simulator, Time, served, titan_at, work_order

FAULTS = ["refuse_token", "401", "409", "429", "500", "html", "slow", "drop"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["token", "customers", "create"])
async def test_no_failure_shows_credentials_or_the_homeowner(
    titan: ServiceTitan, simulator: Simulator, caplog: pytest.LogCaptureFixture, operation: str, fault: str
) -> None:
    order = work_order()
    hidden = (SECRET, ACME.client_id, ACME.app_key, *order.personal())
    await simulator.fail(operation, fault, times=2, seconds=0.5)
    with caplog.at_level(logging.DEBUG, "httpx"):
        try:
            await titan.create(ACME, order)
        except OutboundError as error:
            seen = "".join(traceback.format_exception(error))
        else:
            seen = ""
    seen += caplog.text
    assert not [text for text in hidden if text in seen]


async def test_a_refusal_that_quotes_the_homeowner_is_passed_on_without_them() -> None:
    async def quoting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/connect/token":
            answer = JSONResponse({"access_token": "token", "expires_in": 900})
        else:
            sent = json.loads(await Request(scope, receive).body())
            contacts = [contact["value"] for contact in sent["contacts"]]
            quoted = [sent["name"].upper(), *contacts, *sent["address"].values()]
            answer = JSONResponse({"title": f"Blocked: {', '.join(quoted)}; ask Smith"}, 400)
        await answer(scope, receive, send)

    order = work_order()
    async with served(quoting) as url, titan_at(url, Time()) as titan:
        with pytest.raises(Refused, match="Blocked") as caught:
            await titan.create(ACME, order)
    text = "".join(traceback.format_exception(caught.value)).lower()
    assert not [personal for personal in order.personal() if personal.lower() in text]


def test_a_work_order_shows_only_its_routing() -> None:
    order = work_order()
    assert repr(order) == f"WorkOrder(routing_id={order.routing_id})"
