from datetime import timedelta
from typing import Any

import pytest

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
from domain.dispatch.routing import RoutingBusy
from domain.errors import IllegalTransition, NotFound
from tests.grammar import given, happened
from tests.samples import JOB, NOW, ROUTING

LEASE = timedelta(seconds=45)
CREATED = happened("RoutingCreated")
CLAIMED = happened("RoutingClaimed", lease_until=NOW + LEASE)
SYNCED = happened("RoutingSynced")
FAILED = happened("RoutingSyncFailed")
DEAD = happened("RoutingDeadLettered")
JOB_CREATED = happened("ServiceJobCreated")

CLAIM = ClaimRouting(ROUTING, "worker-2", LEASE)
REQUEST = RequestSync(ROUTING)
SYNC = RecordRoutingSync(ROUTING, "st-1")


def failure(attempt: int = 1, *, permanent: bool = False, ambiguous: bool = False) -> RecordRoutingFailure:
    return RecordRoutingFailure(ROUTING, attempt, "mock: no answer", permanent, ambiguous)


def test_a_claim_is_a_numbered_attempt_with_a_lease() -> None:
    claimed = given(CREATED).when(CLAIM)
    claimed.then("RoutingClaimed", attempt=1, lease_until=NOW + LEASE, worker="worker-2")
    assert claimed.result == 1


def test_a_claim_after_a_failure_is_the_next_attempt() -> None:
    given(CREATED, CLAIMED, FAILED).when(CLAIM).then("RoutingClaimed", attempt=2)


def test_a_dead_lettered_routing_can_be_claimed_again() -> None:
    given(CREATED, CLAIMED, DEAD).when(CLAIM).then("RoutingClaimed", attempt=2)


@pytest.mark.parametrize("seconds", [0, 44, 45, 49.999])
def test_nobody_claims_while_another_claim_may_still_take_effect(seconds: float) -> None:
    refusal = given(CREATED, CLAIMED).after(seconds=seconds).when(CLAIM).then_refused(RoutingBusy)
    assert refusal.until == NOW + LEASE


def test_an_expired_claim_is_taken_over_once_the_call_of_the_dead_worker_has_settled() -> None:
    given(CREATED, CLAIMED).after(seconds=50).when(CLAIM).then("RoutingClaimed", attempt=2)


def test_whoever_takes_over_a_claim_cannot_know_whether_the_provider_has_the_job() -> None:
    world = given(CREATED, CLAIMED).after(seconds=50)
    world.when(CLAIM)
    world.when(SYNC).then("RoutingSynced", attempt=2, ambiguous=True)


@pytest.mark.parametrize("past", [(SYNCED,), (SYNCED, happened("RoutingCompleted"))], ids=["synced", "completed"])
def test_a_settled_routing_is_never_claimed(past: Any) -> None:
    given(CREATED, CLAIMED, *past).when(CLAIM).then_refused(IllegalTransition)


def test_a_sync_is_recorded_with_its_attempt() -> None:
    given(CREATED, CLAIMED).when(SYNC).then("RoutingSynced", external_id="st-1", attempt=1, ambiguous=False)


@pytest.mark.parametrize("again", ["st-12345", "st-67890"])
def test_of_two_syncs_the_first_counts(again: str) -> None:
    given(CREATED, CLAIMED, SYNCED).when(RecordRoutingSync(ROUTING, again)).then_nothing()


def test_a_late_answer_still_counts_after_its_attempt_was_given_up() -> None:
    given(CREATED, CLAIMED, FAILED).when(SYNC).then("RoutingSynced", attempt=1)


def test_a_routing_that_was_never_claimed_cannot_be_synced() -> None:
    refusal = given(CREATED).when(SYNC).then_refused(IllegalTransition)
    assert str(refusal) == "Routing cannot go from pending to synced; allowed: processing"


def test_a_failure_is_tried_again_after_two_seconds() -> None:
    given(CREATED, CLAIMED).when(failure()).then(
        "RoutingSyncFailed", attempt=1, error="mock: no answer", retry_at=NOW + timedelta(seconds=2), ambiguous=False
    )


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 1.5), (0.5, 2.0), (0.75, 2.25)])
def test_the_wait_is_jittered_by_a_quarter(chance: float, seconds: float) -> None:
    retry_at = NOW + timedelta(seconds=seconds)
    given(CREATED, CLAIMED).by(chance).when(failure()).then("RoutingSyncFailed", retry_at=retry_at)


def test_the_failure_of_a_superseded_attempt_is_ignored() -> None:
    again = happened("RoutingClaimed", attempt=2)
    given(CREATED, CLAIMED, FAILED, again).when(failure(1)).then_nothing()


@pytest.mark.parametrize("past", [(), (CLAIMED, FAILED), (CLAIMED, SYNCED)], ids=["pending", "failed", "synced"])
def test_only_a_claimed_routing_can_fail(past: Any) -> None:
    given(CREATED, *past).when(failure()).then_nothing()


def test_a_permanent_failure_is_dead_lettered_at_once() -> None:
    given(CREATED, CLAIMED).when(failure(permanent=True)).then("RoutingDeadLettered", attempts=1)


def test_the_ninth_failure_is_the_last() -> None:
    for attempt, expected in ((8, "RoutingSyncFailed"), (9, "RoutingDeadLettered")):
        claimed = happened("RoutingClaimed", attempt=attempt)
        given(CREATED, claimed).when(failure(attempt)).then(expected)


@pytest.mark.parametrize("permanent", [False, True])
def test_doubt_about_the_provider_is_kept_until_the_sync(permanent: bool) -> None:
    world = given(CREATED, CLAIMED)
    world.when(failure(ambiguous=True, permanent=permanent))
    world.when(CLAIM)
    world.when(SYNC).then("RoutingSynced", attempt=2, ambiguous=True)


@pytest.mark.parametrize(
    ("past", "attempts"), [((), 0), ((CLAIMED, FAILED), 1), ((CLAIMED, DEAD), 1)], ids=["pending", "failed", "dead"]
)
def test_a_sync_can_be_requested_while_the_provider_does_not_have_the_job(past: Any, attempts: int) -> None:
    given(CREATED, *past).when(REQUEST).then("RoutingSyncRequested", attempts=attempts)


@pytest.mark.parametrize("past", [(SYNCED,), (SYNCED, happened("RoutingCompleted"))], ids=["synced", "completed"])
def test_there_is_nothing_to_request_when_the_provider_has_the_job(past: Any) -> None:
    given(CREATED, CLAIMED, *past).when(REQUEST).then_nothing()


def test_there_is_nothing_to_request_while_a_claim_holds() -> None:
    world = given(CREATED, CLAIMED).after(seconds=49)
    world.when(REQUEST).then_nothing()
    world.after(seconds=1).when(REQUEST).then("RoutingSyncRequested", attempts=1)


@pytest.mark.parametrize("past", [(), (CLAIMED,), (CLAIMED, FAILED), (CLAIMED, DEAD)])
def test_an_overdue_routing_is_reported_once(past: Any) -> None:
    world = given(CREATED, *past)
    world.when(ReportRoutingOverdue(ROUTING)).then("RoutingSyncOverdue", attempts=1 if past else 0)
    world.when(ReportRoutingOverdue(ROUTING)).then_nothing()


def test_a_synced_routing_is_not_overdue() -> None:
    given(CREATED, CLAIMED, SYNCED).when(ReportRoutingOverdue(ROUTING)).then_nothing()


DOUBTFUL = (CREATED, CLAIMED, happened("RoutingSyncFailed", ambiguous=True), happened("RoutingClaimed", attempt=2))


def test_a_doubtful_sync_is_reconciled_once() -> None:
    world = given(*DOUBTFUL, happened("RoutingSynced", external_id="st-2", ambiguous=True))
    world.when(RequestReconciliation(ROUTING)).then("RoutingReconciliationRequested", external_id="st-2")
    world.when(RecordReconciliation(ROUTING, ["st-3"])).then("RoutingReconciled", removed=["st-3"])
    world.when(RequestReconciliation(ROUTING)).then_nothing()
    world.when(RecordReconciliation(ROUTING, [])).then_nothing()


def test_a_reconciliation_that_failed_can_be_asked_for_again() -> None:
    world = given(*DOUBTFUL, happened("RoutingSynced", ambiguous=True), happened("RoutingReconciliationRequested"))
    world.when(RequestReconciliation(ROUTING)).then("RoutingReconciliationRequested")


@pytest.mark.parametrize("past", [DOUBTFUL, (CREATED, CLAIMED, SYNCED)], ids=["not synced", "no doubt"])
def test_there_is_nothing_to_reconcile_without_doubt_and_a_job(past: Any) -> None:
    given(*past).when(RequestReconciliation(ROUTING)).then_nothing()


def test_a_routing_that_was_never_claimed_cannot_be_completed() -> None:
    complete = CompleteRouting(ROUTING, "st-1", None, NOW)
    given(JOB_CREATED, CREATED).when(complete).then_refused(IllegalTransition)


@pytest.mark.parametrize(
    "command",
    [CLAIM, REQUEST, SYNC, failure(), ReportRoutingOverdue(ROUTING), RequestReconciliation(ROUTING)],
    ids=lambda command: type(command).__name__,
)
def test_an_unknown_routing_is_not_found(command: Any) -> None:
    given().when(command).then_refused(NotFound)


def test_a_job_is_no_routing() -> None:
    given(JOB_CREATED).when(ClaimRouting(JOB, "w", LEASE)).then_refused(NotFound)
