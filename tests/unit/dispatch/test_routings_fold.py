from datetime import timedelta

from projections.routings.tables import routing
from tests.grammar import given, happened
from tests.samples import NOW, PAYLOADS, ROUTING, TENANT

SECOND = timedelta(seconds=1)
CREATED = happened("RoutingCreated")
CLAIMED = happened("RoutingClaimed", at=SECOND)
FAILED = happened("RoutingSyncFailed", at=2 * SECOND)


def test_a_new_routing_is_pending_and_was_never_attempted() -> None:
    given(CREATED).then_rows(
        routing,
        id=ROUTING,
        owner=TENANT,
        position=1,
        sync_status="pending",
        external_id=None,
        retry_count=0,
        claimed_at=None,
        last_sync_attempt=None,
        last_synced_at=None,
        error_message=None,
        created_at=NOW,
        updated_at=NOW,
        **PAYLOADS["RoutingCreated"],
    )


def test_a_claimed_routing_is_processing_since_then() -> None:
    at = NOW + SECOND
    given(CREATED, CLAIMED).then_rows(
        routing, sync_status="processing", retry_count=0, claimed_at=at, last_sync_attempt=at, updated_at=at
    )


def test_a_synced_routing_shows_the_providers_id() -> None:
    given(CREATED, CLAIMED, happened("RoutingSynced", at=2 * SECOND)).then_rows(
        routing,
        sync_status="synced",
        external_id="st-12345",
        last_sync_attempt=NOW + SECOND,
        last_synced_at=NOW + 2 * SECOND,
        error_message=None,
        retry_count=0,
    )


def test_a_failed_routing_says_why() -> None:
    given(CREATED, CLAIMED, FAILED).then_rows(
        routing, sync_status="failed", error_message="mock: no answer", retry_count=0, last_synced_at=None
    )


def test_a_dead_lettered_routing_reads_failed() -> None:
    given(CREATED, CLAIMED, happened("RoutingDeadLettered")).then_rows(
        routing, sync_status="failed", error_message="mock: refused"
    )


def test_a_second_attempt_is_one_retry_and_its_success_takes_the_error_away() -> None:
    again = happened("RoutingClaimed", attempt=2, at=4 * SECOND)
    world = given(CREATED, CLAIMED, FAILED, again)
    world.then_rows(routing, sync_status="processing", retry_count=1, error_message="mock: no answer")
    world.record(happened("RoutingSynced", attempt=2, at=5 * SECOND))
    world.then_rows(routing, sync_status="synced", retry_count=1, error_message=None, updated_at=NOW + 5 * SECOND)


def test_a_completed_routing_keeps_what_it_was_synced_as() -> None:
    given(CREATED, CLAIMED, happened("RoutingSynced"), happened("RoutingCompleted", at=9 * SECOND)).then_rows(
        routing, sync_status="completed", external_id="st-12345", last_synced_at=NOW, updated_at=NOW + 9 * SECOND
    )


def test_what_only_agents_care_about_leaves_the_row_alone() -> None:
    quiet = ("RoutingSyncRequested", "RoutingSyncOverdue", "RoutingReconciliationRequested", "RoutingReconciled")
    before = given(CREATED, CLAIMED).rows(routing)
    assert given(CREATED, CLAIMED, *map(happened, quiet)).rows(routing) == before
