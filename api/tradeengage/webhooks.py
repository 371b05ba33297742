"""What providers tell by themselves. A signature stands in for credentials."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.errors import Problem, Rejected
from infra.pos import webhook
from runtime.system import System
from streams.agents.pos_completion import record_completion

router = APIRouter(prefix="/webhooks", tags=["Webhooks"])

NOT_CONFIGURED = Problem(
    503, "UNAVAILABLE", "Webhooks are not configured here; set SERVICETITAN_WEBHOOK_SECRET to take them."
)
BAD_SIGNATURE = Problem(401, "UNAUTHORIZED", f"The header {webhook.SIGNATURE_HEADER} does not sign this body.")
BAD_DELIVERY = Problem(400, "VALIDATION_ERROR", "The body is not a delivery of ServiceTitan's webhooks, version 2.")


class Received(BaseModel):
    """`recorded` is false for a delivery that tells nothing about a job of ours."""

    recorded: bool


@router.post("/servicetitan", summary="Job Completed at ServiceTitan")
async def servicetitan(request: Request) -> Received:
    """Takes a signed delivery; the same one again changes nothing."""
    system: System = request.app.state.services
    secret = system.settings.servicetitan_webhook_secret
    if secret is None:
        raise Rejected(NOT_CONFIGURED)
    body = await request.body()
    try:
        webhook.verify(secret, body, request.headers.get(webhook.SIGNATURE_HEADER))
        completion = webhook.completion(body)
    except webhook.BadSignature:
        raise Rejected(BAD_SIGNATURE) from None
    except webhook.BadDelivery:
        raise Rejected(BAD_DELIVERY) from None
    return Received(
        recorded=completion is not None and await record_completion(system.bus, completion.job, "servicetitan_webhook")
    )
