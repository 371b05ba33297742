"""A technician, who works for one company and spots work on site."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.errors import Refused


class Technician(Aggregate):
    """A person who works for a company. Name and contact are personal data of the technician's own subject."""

    TOPIC = "dispatch.Technician"

    @event("TechnicianRegistered", topic="dispatch.TechnicianRegistered")
    def __init__(
        self,
        id: UUID,
        company_id: UUID,
        name: str,
        email: str | None,
        phone: str | None,
        skills: Mapping[str, str],
        timestamp: datetime,
    ) -> None:
        self.company_id = company_id

    def require_company(self, company_id: UUID) -> None:
        """Raises `UnrelatedTechnician` unless the technician works for that company."""
        if self.company_id != company_id:
            raise UnrelatedTechnician(self.id, company_id)


class UnrelatedTechnician(Refused):
    def __init__(self, technician_id: UUID, company_id: UUID) -> None:
        super().__init__("Technician does not belong to the requesting company")
        self.technician_id, self.company_id = technician_id, company_id
