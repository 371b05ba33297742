"""What every point-of-sale provider can do."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from infra.pos.credentials import Credentials


class ExternalStatus(StrEnum):
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    HOLD = "hold"
    COMPLETED = "completed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A service job as one company shall receive it. Holds personal data: never log it."""

    routing_id: UUID
    job_id: UUID
    summary: str
    street: str
    city: str
    state: str
    zip_code: str
    homeowner_name: str
    homeowner_phone: str | None
    homeowner_email: str | None
    category: str | None
    skills: tuple[str, ...]

    def __repr__(self) -> str:
        return f"WorkOrder(routing_id={self.routing_id})"

    def personal(self) -> tuple[str, ...]:
        """The texts in it that tell who the homeowner is."""
        texts = (self.homeowner_name, self.homeowner_phone, self.homeowner_email, self.street, self.summary)
        return tuple(text for text in (*texts, *self.homeowner_name.split()) if text and len(text) > 2)


@dataclass(frozen=True, slots=True)
class ExternalJob:
    """A job as the provider has it. `routing_id` is None for one that did not come from us."""

    external_id: str
    routing_id: UUID | None
    status: ExternalStatus
    revenue: Decimal | None
    completed_at: datetime | None


class Provider(Protocol):
    """Every method but `health` raises `Refused` or `Unavailable`; `create` may also raise `Ambiguous`."""

    name: str
    create_seconds: float
    """The longest that `create` takes, in seconds; a lease on the work must be longer."""

    async def find(self, credentials: Credentials | None, routing_id: UUID) -> list[ExternalJob]:
        """The jobs that carry our id: [] when there is none, normally one; several are duplicates."""
        ...

    async def create(self, credentials: Credentials | None, order: WorkOrder) -> ExternalJob:
        """Creates the job. After `Ambiguous` it may be there, now or a while later: `find` it before trying again."""
        ...

    async def cancel(self, credentials: Credentials | None, external_id: str) -> None:
        """Cancels the job. Cancelling one that is cancelled already changes nothing."""
        ...

    async def completed_since(self, credentials: Credentials | None, since: datetime) -> list[ExternalJob]:
        """Our completed jobs that changed at or after `since` (aware).

        Ask with some overlap, for a change may become visible after its time; a job may well come twice.
        """
        ...

    async def health(self) -> str:
        """Says "healthy", "degraded" (calls are being held back) or "unhealthy"; costs nothing and calls nobody."""
        ...
