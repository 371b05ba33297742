"""A posting of a job, as its finder took it down."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.errors import NotFound

FIELDS = ("company", "title", "description", "url", "location", "salary_min", "salary_max", "source")


class Job(Aggregate):
    """What a company offers. Who pursues it, and how far that has come, is the application's to say."""

    TOPIC = "jobs.Job"

    @event("JobCreated", topic="jobs.JobCreated")
    def __init__(
        self,
        id: UUID,
        number: int,
        reference: str,
        company: str,
        title: str,
        description: str | None,
        url: str | None,
        location: str | None,
        salary_min: Decimal | None,
        salary_max: Decimal | None,
        source: str | None,
        timestamp: datetime,
    ) -> None:
        self.number, self.reference, self.removed = number, reference, False
        self.company, self.title, self.description, self.url = company, title, description, url
        self.location, self.salary_min, self.salary_max, self.source = location, salary_min, salary_max, source

    def require_there(self) -> None:
        """Raises `NotFound` for a job that was removed."""
        if self.removed:
            raise NotFound("Job", str(self.number))

    def update(self, changes: Mapping[str, Any], timestamp: datetime) -> None:
        """Set the named fields; none that differs means no event. Raises `KeyError` for a field that no job has."""
        self.require_there()
        if unknown := changes.keys() - set(FIELDS):
            raise KeyError(*sorted(unknown))
        real = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if real:
            after = {name: getattr(self, name) for name in FIELDS} | real
            self._updated(number=self.number, changed=sorted(real), **after, timestamp=timestamp)

    @event("JobUpdated", topic="jobs.JobUpdated")
    def _updated(
        self,
        number: int,
        changed: Sequence[str],
        company: str,
        title: str,
        description: str | None,
        url: str | None,
        location: str | None,
        salary_min: Decimal | None,
        salary_max: Decimal | None,
        source: str | None,
        timestamp: datetime,
    ) -> None:
        self.company, self.title, self.description, self.url = company, title, description, url
        self.location, self.salary_min, self.salary_max, self.source = location, salary_min, salary_max, source

    def remove(self, timestamp: datetime) -> None:
        """Take the posting away. Raises `NotFound` when that was done before."""
        self.require_there()
        self._removed(self.number, timestamp)

    @event("JobRemoved", topic="jobs.JobRemoved")
    def _removed(self, number: int, timestamp: datetime) -> None:
        self.removed = True
