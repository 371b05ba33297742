"""What the simulated ServiceTitan remembers."""

import itertools
import secrets
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from infra.pos.servicetitan.messages import rfc3339

TOKEN_SECONDS = 900
PER_SECOND = 60


@dataclass(slots=True)
class Job:
    id: int
    order: dict[str, Any]  # what it was created with
    created: datetime
    modified: datetime
    status: str = "Scheduled"
    completed: datetime | None = None
    total: Decimal | None = None

    def external_data(self, application: str) -> list[dict[str, str]]:
        own = self.order.get("externalData") or {}
        return own["externalData"] if own.get("applicationGuid", "").lower() == application.lower() else []

    def answer(self, application: str | None) -> dict[str, Any]:
        """The job as the interface shows it; external data only of the application that was asked for."""
        shown = {key: value for key, value in self.order.items() if key not in ("appointments", "externalData")}
        return shown | {
            "id": self.id,
            "jobNumber": str(self.id),
            "jobStatus": self.status,
            "createdOn": rfc3339(self.created),
            "modifiedOn": rfc3339(self.modified),
            "completedOn": rfc3339(self.completed) if self.completed else None,
            "total": None if self.total is None else float(self.total),
            "appointmentCount": len(self.order["appointments"]),
            "externalData": self.external_data(application) if application else None,
        }


@dataclass(slots=True)
class Tenant:
    customers: set[int] = field(default_factory=set)
    locations: dict[int, int] = field(default_factory=dict)  # location → customer
    jobs: dict[int, Job] = field(default_factory=dict)


class State:
    """Everything, by tenant. In memory: a simulator that starts is empty."""

    def __init__(self) -> None:
        self.tenants: defaultdict[str, Tenant] = defaultdict(Tenant)
        self.ids = itertools.count(10_001)
        self.expire_next_token: float | None = None
        self._tokens: dict[str, float] = {}
        self._recent: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=PER_SECOND))

    def issue_token(self) -> str:
        life = TOKEN_SECONDS if self.expire_next_token is None else self.expire_next_token
        self.expire_next_token = None
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + life
        return token

    def accepts(self, token: str) -> bool:
        return time.monotonic() < self._tokens.get(token, 0.0)

    def within_limit(self, app_key: str, tenant: str) -> bool:
        """Counts the request, unless 60 were counted in the last second."""
        recent, now = self._recent[app_key, tenant], time.monotonic()
        if len(recent) == PER_SECOND and now - recent[0] < 1.0:
            return False
        recent.append(now)
        return True

    def add_job(self, tenant: str, order: dict[str, Any]) -> Job:
        now = datetime.now(UTC)
        job = Job(next(self.ids), order, created=now, modified=now)
        self.tenants[tenant].jobs[job.id] = job
        return job

    def move(self, job: Job, status: str, total: Decimal | None = None) -> None:
        job.status, job.modified = status, datetime.now(UTC)
        if status == "Completed":
            job.completed, job.total = job.modified, total

    def clear(self) -> None:
        """Forgets everything but the last id: an id never comes to mean something else."""
        self.tenants.clear()
        self._tokens.clear()
        self._recent.clear()
        self.expire_next_token = None
