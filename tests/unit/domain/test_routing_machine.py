"""A routing under any sequence of commands and any passing of time, against a model of what it promises."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from commands.dispatch import (
    ClaimRouting,
    CompleteRouting,
    RecordReconciliation,
    RecordRoutingFailure,
    RecordRoutingSync,
    ReportRoutingOverdue,
    RequestReconciliation,
    RequestSync,
)
from domain.errors import DomainError
from projections.deadlines.tables import deadline
from projections.routings.tables import routing
from tests.grammar import World, given, happened
from tests.samples import NOW, ROUTING

LEASE, SETTLE = timedelta(seconds=45), timedelta(seconds=5)


@dataclass
class Model:
    """What somebody who knows the rules expects to see."""

    status: str = "pending"
    attempt: int = 0
    taken_until: datetime = NOW
    external_id: str | None = None
    ambiguous: bool = False
    overdue: bool = False


class RoutingMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world: World = given(happened("ServiceJobCreated"), happened("RoutingCreated"))
        self.model = Model()

    def accepts(self, command: object) -> bool:
        """Whether anything was recorded."""
        sent = self.world.when(command)
        assert not isinstance(sent.outcome, Exception) or isinstance(sent.outcome, DomainError)
        return bool(sent.events)

    @property
    def settled(self) -> bool:
        return self.model.status in ("synced", "completed")

    @property
    def taken(self) -> bool:
        return self.model.status == "processing" and self.world.clock.now() < self.model.taken_until

    @rule(seconds=st.sampled_from([0.5, 5, 44, 50, 600]))
    def time_passes(self, seconds: float) -> None:
        self.world.after(seconds=seconds)

    @rule()
    def claim(self) -> None:
        free = not self.settled and not self.taken
        assert self.accepts(ClaimRouting(ROUTING, "w", LEASE)) == free
        if free:
            self.model.ambiguous |= self.model.status == "processing"
            self.model.status, self.model.attempt = "processing", self.model.attempt + 1
            self.model.taken_until = self.world.clock.now() + LEASE + SETTLE

    @rule()
    def request(self) -> None:
        assert self.accepts(RequestSync(ROUTING)) == (not self.settled and not self.taken)

    @rule(external_id=st.sampled_from(["st-1", "st-2"]))
    def sync(self, external_id: str) -> None:
        possible = self.model.status in ("processing", "failed")
        assert self.accepts(RecordRoutingSync(ROUTING, external_id)) == possible
        if possible:
            self.model.status, self.model.external_id = "synced", external_id

    @rule(late=st.booleans(), permanent=st.booleans(), ambiguous=st.booleans())
    def fail(self, late: bool, permanent: bool, ambiguous: bool) -> None:
        attempt = self.model.attempt - late
        possible = self.model.status == "processing" and not late
        assert self.accepts(RecordRoutingFailure(ROUTING, attempt, "no", permanent, ambiguous)) == possible
        if possible:
            self.model.status = "failed"
            self.model.ambiguous |= ambiguous

    @rule()
    def complete(self) -> None:
        possible = self.model.status in ("processing", "failed", "synced")
        done = self.world.clock.now()
        assert self.accepts(CompleteRouting(ROUTING, "st-1", None, done)) == possible
        if possible:
            self.model.status, self.model.external_id = "completed", self.model.external_id or "st-1"

    @rule()
    def report_overdue(self) -> None:
        possible = not self.settled and not self.model.overdue
        assert self.accepts(ReportRoutingOverdue(ROUTING)) == possible
        self.model.overdue |= possible

    @rule()
    def request_reconciliation(self) -> None:
        possible = self.model.ambiguous and self.model.external_id is not None
        assert self.accepts(RequestReconciliation(ROUTING)) == possible

    @rule()
    def reconcile(self) -> None:
        assert self.accepts(RecordReconciliation(ROUTING, [])) == self.model.ambiguous
        self.model.ambiguous = False

    @invariant()
    def the_read_model_shows_it(self) -> None:
        self.world.then_rows(
            routing,
            sync_status=self.model.status,
            external_id=self.model.external_id,
            retry_count=max(0, self.model.attempt - 1),
        )

    @invariant()
    def an_unfinished_routing_is_never_forgotten(self) -> None:
        """Whatever crashes: while it is processing its lease is watched, and doubt about a synced one is cleared up."""
        due = {(row["stream_id"], row["kind"]): row for row in self.world.rows(deadline)}
        lease = (ROUTING, "routing_lease")
        assert (lease in due) == (self.model.status == "processing")
        if lease in due:
            assert due[lease]["due_at"] == self.model.taken_until
        assert not self.settled or (ROUTING, "routing_retry") not in due
        if self.settled and self.model.ambiguous:
            assert (ROUTING, "routing_reconciliation") in due


TestRoutingMachine = RoutingMachine.TestCase
TestRoutingMachine.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
