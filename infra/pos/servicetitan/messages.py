"""ServiceTitan's JSON, in both directions."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from infra.pos.credentials import Credentials
from infra.pos.provider import ExternalJob, ExternalStatus, WorkOrder

# External data is kept per application; these two say which entry of it is ours.
APPLICATION_GUID = "5d3c1f0e-6a52-4c1e-9b57-0f6c9a1e7d21"
ROUTING_KEY = "jobstreamRoutingId"

_STATUSES = {
    "Scheduled": ExternalStatus.SCHEDULED,
    "Dispatched": ExternalStatus.SCHEDULED,
    "InProgress": ExternalStatus.IN_PROGRESS,
    "Hold": ExternalStatus.HOLD,
    "Completed": ExternalStatus.COMPLETED,
    "Canceled": ExternalStatus.CANCELED,
}


def _status(value: object) -> ExternalStatus:
    if not isinstance(value, str) or value not in _STATUSES:
        raise ValueError("not a job status of the documentation")
    return _STATUSES[value]


class Token(BaseModel):
    access_token: str = Field(pattern=r"^[\x21-\x7e]+$")  # it becomes part of a header
    expires_in: float


class Created(BaseModel):
    """A customer or a location, of which only the id matters."""

    id: int


class Envelope(BaseModel):
    """What an error looks like. Its `errors` and `data` may quote what was sent, so they are not read."""

    title: str


class ExternalDatum(BaseModel):
    key: str
    value: str


class Job(BaseModel):
    id: int
    jobStatus: Annotated[ExternalStatus, BeforeValidator(_status)]
    completedOn: AwareDatetime | None = None
    total: Decimal | None = None
    externalData: list[ExternalDatum] | None = None

    def external(self) -> ExternalJob:
        revenue = None if self.total is None else self.total.quantize(Decimal("0.01"))
        return ExternalJob(str(self.id), self._routing(), self.jobStatus, revenue, self.completedOn)

    def _routing(self) -> UUID | None:
        ours = next((datum.value for datum in self.externalData or () if datum.key == ROUTING_KEY), None)
        try:
            return None if ours is None else UUID(ours)
        except ValueError:
            return None  # somebody wrote something else into our entry, so it is not a job of ours any more


class JobPage(BaseModel):
    page: int
    hasMore: bool
    data: list[Job]


class CancelReason(BaseModel):
    id: int
    active: bool


class CancelReasonPage(BaseModel):
    data: list[CancelReason]


def customer(order: WorkOrder) -> dict[str, Any]:
    contacts = [("MobilePhone", order.homeowner_phone), ("Email", order.homeowner_email)]
    return {
        "name": order.homeowner_name,
        "type": "Residential",
        "address": address(order),
        "contacts": [{"type": kind, "value": value} for kind, value in contacts if value],
    }


def location(order: WorkOrder, customer_id: int) -> dict[str, Any]:
    return {"customerId": customer_id, "name": order.homeowner_name, "address": address(order)}


def address(order: WorkOrder) -> dict[str, str]:
    return {"street": order.street, "city": order.city, "state": order.state, "zip": order.zip_code, "country": "USA"}


def job(
    order: WorkOrder, credentials: Credentials, customer_id: int, location_id: int, now: datetime
) -> dict[str, Any]:
    skills = f"\nSkills: {', '.join(order.skills)}" if order.skills else ""
    return {
        "customerId": customer_id,
        "locationId": location_id,
        "businessUnitId": credentials.business_unit_id,
        "jobTypeId": credentials.job_type_id,
        "campaignId": credentials.campaign_id,
        "priority": "Normal",
        "summary": f"{order.summary}{skills}",
        "appointments": [appointment(now)],
        "externalData": {
            "applicationGuid": APPLICATION_GUID,
            "externalData": [{"key": ROUTING_KEY, "value": str(order.routing_id)}],
        },
    }


def appointment(now: datetime) -> dict[str, str]:
    """A job needs one, and ours has no time yet: two hours, the same time tomorrow, for the dispatcher to move."""
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {"start": rfc3339(start), "end": rfc3339(start + timedelta(hours=2))}


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
