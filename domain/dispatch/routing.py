"""A service job offered to one company, and its way into that company's PoS system."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.dispatch.statuses import MOVES, SyncStatus
from domain.errors import IllegalTransition, Refused
from domain.retries import SETTLE

# Twelve digits, two of them cents.
REVENUE_LIMIT = Decimal(10**10)


class RoutingBusy(Refused):
    """Somebody holds an unexpired claim."""

    def __init__(self, routing_id: UUID, until: datetime) -> None:
        super().__init__(f"Routing is being synchronised; the claim ends at {until.isoformat()}")
        self.routing_id, self.until = routing_id, until


class ImplausibleRevenue(Refused):
    """A provider reports more than any job earns: a mistake there, and more than an event can hold."""

    def __init__(self, routing_id: UUID) -> None:
        super().__init__(f"A revenue must be less than {REVENUE_LIMIT} dollars")
        self.routing_id = routing_id


class Routing(Aggregate):
    """A routing is claimed, synchronised and, when the provider reports so, completed."""

    TOPIC = "dispatch.Routing"

    @event("RoutingCreated", topic="dispatch.RoutingCreated")
    def __init__(
        self,
        id: UUID,
        job_id: UUID,
        company_id: UUID,
        matching_score: float,
        matched_skills: Sequence[str],
        provider_type: str,
        algorithm: str,
        features: Mapping[str, float],
        timestamp: datetime,
    ) -> None:
        self.job_id, self.company_id, self.provider_type = job_id, company_id, provider_type
        self.status, self.attempt = SyncStatus.PENDING, 0
        self.external_id: str | None = None
        self.lease_until: datetime | None = None
        self.ambiguous = self.overdue = False

    @property
    def settled(self) -> bool:
        """The provider has the job: there is nothing left to synchronise."""
        return self.status in (SyncStatus.SYNCED, SyncStatus.COMPLETED)

    def request_sync(self, timestamp: datetime) -> None:
        """Have the routing synchronised now. While a claim holds, or when it is done, there is nothing to request."""
        if not self.settled and not self._claimed_at(timestamp):
            self._sync_requested(self.attempt, timestamp)

    @event("RoutingSyncRequested", topic="dispatch.RoutingSyncRequested")
    def _sync_requested(self, attempts: int, timestamp: datetime) -> None: ...

    def claim(self, worker: str, lease: timedelta, timestamp: datetime) -> None:
        """Reserve the routing for one worker's attempt.

        Raises `RoutingBusy` while another claim may still take effect, `IllegalTransition` when the job is synced.
        """
        if self.settled:
            raise IllegalTransition("Routing", self.status, SyncStatus.PROCESSING, MOVES[self.status])
        if self._claimed_at(timestamp) and self.lease_until is not None:
            raise RoutingBusy(self.id, self.lease_until)
        self._claimed(self.attempt + 1, timestamp + lease, worker, timestamp)

    @event("RoutingClaimed", topic="dispatch.RoutingClaimed")
    def _claimed(self, attempt: int, lease_until: datetime, worker: str, timestamp: datetime) -> None:
        # Whoever takes over a claim cannot know how far the one before got.
        self.ambiguous = self.ambiguous or self.status is SyncStatus.PROCESSING
        self.status, self.attempt, self.lease_until = SyncStatus.PROCESSING, attempt, lease_until

    def record_sync(self, external_id: str, timestamp: datetime) -> None:
        """The provider has the job. Of two attempts that both succeed the first counts; reconciliation ends the other.

        Raises `IllegalTransition` for a routing that was never claimed.
        """
        if self.settled:
            return
        if SyncStatus.SYNCED not in MOVES[self.status]:
            raise IllegalTransition("Routing", self.status, SyncStatus.SYNCED, MOVES[self.status])
        self._synced(external_id, self.attempt, self.ambiguous, timestamp)

    @event("RoutingSynced", topic="dispatch.RoutingSynced")
    def _synced(self, external_id: str, attempt: int, ambiguous: bool, timestamp: datetime) -> None:
        self.status, self.external_id, self.lease_until = SyncStatus.SYNCED, external_id, None

    def record_failure(
        self, attempt: int, error: str, ambiguous: bool, retry_at: datetime | None, timestamp: datetime
    ) -> None:
        """An attempt failed; it is tried again at `retry_at`, or never by itself when that is None.

        `ambiguous`: the provider may have created the job all the same. The failure of a superseded attempt is ignored.
        """
        if self.status is not SyncStatus.PROCESSING or attempt != self.attempt:
            return
        if retry_at is None:
            self._dead_lettered(error, attempt, ambiguous, timestamp)
        else:
            self._sync_failed(error, attempt, retry_at, ambiguous, timestamp)

    @event("RoutingSyncFailed", topic="dispatch.RoutingSyncFailed")
    def _sync_failed(self, error: str, attempt: int, retry_at: datetime, ambiguous: bool, timestamp: datetime) -> None:
        self.status, self.lease_until = SyncStatus.FAILED, None
        self.ambiguous = self.ambiguous or ambiguous

    @event("RoutingDeadLettered", topic="dispatch.RoutingDeadLettered")
    def _dead_lettered(self, error: str, attempts: int, ambiguous: bool, timestamp: datetime) -> None:
        self.status, self.lease_until = SyncStatus.FAILED, None
        self.ambiguous = self.ambiguous or ambiguous

    def report_overdue(self, timestamp: datetime) -> None:
        """The time in which a routing must be synchronised is over. Said once, and only if it is not synchronised."""
        if not self.settled and not self.overdue:
            self._overdue(self.attempt, timestamp)

    @event("RoutingSyncOverdue", topic="dispatch.RoutingSyncOverdue")
    def _overdue(self, attempts: int, timestamp: datetime) -> None:
        self.overdue = True

    def request_reconciliation(self, timestamp: datetime) -> None:
        """Have the provider searched for jobs that earlier attempts left behind."""
        if self.external_id is not None and self.ambiguous:
            self._reconciliation_requested(self.external_id, timestamp)

    @event("RoutingReconciliationRequested", topic="dispatch.RoutingReconciliationRequested")
    def _reconciliation_requested(self, external_id: str, timestamp: datetime) -> None: ...

    def record_reconciliation(self, removed: Sequence[str], timestamp: datetime) -> None:
        """The provider holds our one job only; `removed` are the external ids of those cancelled there."""
        if self.ambiguous:
            self._reconciled(removed, timestamp)

    @event("RoutingReconciled", topic="dispatch.RoutingReconciled")
    def _reconciled(self, removed: Sequence[str], timestamp: datetime) -> None:
        self.ambiguous = False

    def complete(self, revenue: Decimal | None, completed_at: datetime, timestamp: datetime) -> None:
        """The company has done the job. Reported again it changes nothing.

        Raises `IllegalTransition` before the sync, `ImplausibleRevenue`.
        """
        if self.status is SyncStatus.COMPLETED:
            return
        if revenue is not None and abs(revenue) >= REVENUE_LIMIT:
            raise ImplausibleRevenue(self.id)
        if SyncStatus.COMPLETED not in MOVES[self.status]:
            raise IllegalTransition("Routing", self.status, SyncStatus.COMPLETED, MOVES[self.status])
        self._completed(revenue, completed_at, timestamp)

    @event("RoutingCompleted", topic="dispatch.RoutingCompleted")
    def _completed(self, revenue: Decimal | None, completed_at: datetime, timestamp: datetime) -> None:
        self.status = SyncStatus.COMPLETED

    def _claimed_at(self, moment: datetime) -> bool:
        return (
            self.status is SyncStatus.PROCESSING and self.lease_until is not None and moment < self.lease_until + SETTLE
        )
