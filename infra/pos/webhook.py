"""ServiceTitan's webhooks, coming in: is it theirs, and which job was completed?

Version 2: the body is `{id, type, tenantId, occurredOn, data}` with the job in `data`, signed as a whole. A delivery
may come twice, late, or in another order than it happened.
"""

import hashlib
import hmac
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from infra.pos.provider import ExternalJob, ExternalStatus
from infra.pos.servicetitan.messages import Job

SIGNATURE_HEADER = "x-servicetitan-signature"
JOB_COMPLETED = "job.completed"


class BadSignature(Exception):
    """The body was not signed with our secret; nothing in it may be believed."""


class BadDelivery(Exception):
    """The body is signed but makes no sense."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A job that was completed at a provider. Job ids are unique within a tenant only."""

    delivery_id: str
    tenant: str
    job: ExternalJob


class _Kind(BaseModel):
    type: str


class _Delivery(BaseModel):
    id: str
    tenantId: str
    data: Job


def sign(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of the raw body, in hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, body: bytes, signature: str | None) -> None:
    """Raises `BadSignature`. `body` is what came in, before anything parsed it. In constant time."""
    given = (signature or "").strip().lower().encode()
    if not secret or not hmac.compare_digest(sign(secret, body).encode(), given):
        raise BadSignature


def completion(body: bytes) -> Completion | None:
    """The completed job of a verified body, or None when it tells of something else. Raises `BadDelivery`."""
    delivery: _Delivery | None = None
    try:
        if _Kind.model_validate_json(body).type != JOB_COMPLETED:
            return None
        delivery = _Delivery.model_validate_json(body)
    except ValidationError:
        pass  # raised below, outside the handler: pydantic's text quotes the body
    if delivery is None or delivery.data.jobStatus is not ExternalStatus.COMPLETED:
        raise BadDelivery("not a job.completed delivery of version 2")
    return Completion(delivery.id, delivery.tenantId, delivery.data.external())
