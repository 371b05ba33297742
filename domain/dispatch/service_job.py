"""A service job: work that one company found and others may do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.dispatch.matching import Requirement
from domain.dispatch.statuses import JobStatus
from domain.errors import Refused


class AlreadyMatched(Refused):
    """The job was routed before."""


class ServiceJob(Aggregate):
    """Work at a homeowner's address. The homeowner's data is personal data of the job's own subject."""

    TOPIC = "dispatch.ServiceJob"

    @event("ServiceJobCreated", topic="dispatch.ServiceJobCreated")
    def __init__(
        self,
        id: UUID,
        summary: str,
        street: str,
        city: str,
        state: str,
        zip_code: str,
        homeowner_name: str,
        homeowner_phone: str | None,
        homeowner_email: str | None,
        company_id: UUID,
        technician_id: UUID,
        required_skills: Sequence[str],
        skill_levels: Mapping[str, str],
        category: str | None,
        routings: int,
        timestamp: datetime,
    ) -> None:
        self.summary, self.street, self.city, self.state, self.zip_code = summary, street, city, state, zip_code
        self.homeowner_name, self.homeowner_phone, self.homeowner_email = (
            homeowner_name,
            homeowner_phone,
            homeowner_email,
        )
        self.company_id, self.required_skills = company_id, tuple(required_skills)
        self.skill_levels, self.category = dict(skill_levels), category
        self.status, self.matched = JobStatus.PENDING, routings > 0

    @property
    def requirement(self) -> Requirement:
        """What matching asks of a company."""
        return Requirement.of(
            self.company_id, self.required_skills, self.skill_levels, self.category, self.state, self.zip_code
        )

    def match(self, routings: int, timestamp: datetime) -> None:
        """Companies were found for a job that had none. Recorded once: it keeps two matchings from routing it twice.

        Raises `AlreadyMatched` when the job has its routings.
        """
        if self.matched:
            raise AlreadyMatched("Service job has its routings already")
        self._matched(routings, timestamp)

    @event("ServiceJobMatched", topic="dispatch.ServiceJobMatched")
    def _matched(self, routings: int, timestamp: datetime) -> None:
        self.matched = True

    def complete(self, routing_id: UUID, revenue: Decimal | None, completed_at: datetime, timestamp: datetime) -> None:
        """A company has done the work. The first report counts; later ones change nothing."""
        if self.status is not JobStatus.COMPLETED:
            self._completed(routing_id, revenue, completed_at, timestamp)

    @event("ServiceJobCompleted", topic="dispatch.ServiceJobCompleted")
    def _completed(
        self, routing_id: UUID, revenue: Decimal | None, completed_at: datetime, timestamp: datetime
    ) -> None:
        self.status = JobStatus.COMPLETED
