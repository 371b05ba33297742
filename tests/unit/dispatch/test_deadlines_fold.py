from datetime import datetime, timedelta

from projections.deadlines.tables import deadline
from streams.deadlines import COMMANDS
from tests.grammar import Happened, World, given, happened
from tests.samples import NOW, ROUTING, TENANT

CREATED, CLAIMED, FAILED = happened("RoutingCreated"), happened("RoutingClaimed"), happened("RoutingSyncFailed")
OVERDUE_AT = NOW + timedelta(minutes=5)


def due(*events: Happened) -> dict[str, datetime]:
    return kinds(given(*events))


def kinds(world: World) -> dict[str, datetime]:
    return {row["kind"]: row["due_at"] for row in world.rows(deadline)}


def test_a_new_routing_has_to_be_synchronised_within_five_minutes() -> None:
    world = given(CREATED)
    world.then_rows(
        deadline,
        kind="routing_overdue",
        stream_id=ROUTING,
        owner=TENANT,
        due_at=OVERDUE_AT,
        correlation_id="req-123",
    )


def test_a_claim_is_watched_until_its_lease_has_settled() -> None:
    assert due(CREATED, CLAIMED) == {"routing_overdue": OVERDUE_AT, "routing_lease": NOW + timedelta(seconds=50)}


def test_a_failure_is_tried_again_and_no_lease_is_watched_any_more() -> None:
    assert due(CREATED, CLAIMED, FAILED) == {
        "routing_overdue": OVERDUE_AT,
        "routing_retry": NOW + timedelta(seconds=2),
    }


def test_the_next_attempt_clears_the_retry() -> None:
    again = happened("RoutingClaimed", attempt=2)
    assert due(CREATED, CLAIMED, FAILED, again).keys() == {"routing_overdue", "routing_lease"}


def test_a_dead_letter_is_tried_no_more_and_still_reported_overdue() -> None:
    assert due(CREATED, CLAIMED, happened("RoutingDeadLettered")) == {"routing_overdue": OVERDUE_AT}


def test_a_sync_clears_everything() -> None:
    assert due(CREATED, CLAIMED, FAILED, happened("RoutingSynced")) == {}


def test_a_doubtful_sync_is_reconciled_five_minutes_later() -> None:
    doubtful = happened("RoutingSynced", ambiguous=True, at=timedelta(minutes=1))
    assert due(CREATED, CLAIMED, doubtful) == {"routing_reconciliation": NOW + timedelta(minutes=6)}


def test_a_reconciliation_is_asked_for_until_it_is_recorded() -> None:
    world = given(CREATED, CLAIMED, happened("RoutingSynced", ambiguous=True))
    world.record(happened("RoutingReconciliationRequested", at=timedelta(minutes=5)))
    assert kinds(world) == {"routing_reconciliation": NOW + timedelta(minutes=10)}
    world.record(happened("RoutingReconciled"))
    assert kinds(world) == {}


def test_each_deadline_sends_a_command_of_its_own() -> None:
    world = given(CREATED, CLAIMED)
    commands = {row["command_id"] for row in world.rows(deadline)}
    assert len(commands) == 2
    world.record(happened("RoutingSyncFailed"), happened("RoutingClaimed", attempt=2))
    assert len(commands | {row["command_id"] for row in world.rows(deadline)}) == 3


def test_folding_again_sends_no_other_command() -> None:
    world = given(CREATED, CLAIMED)
    assert world.rows(deadline) == world.rows(deadline)


def test_every_kind_of_deadline_has_a_command() -> None:
    everything = {
        *due(CREATED, CLAIMED),
        *due(CREATED, CLAIMED, FAILED),
        *due(CREATED, CLAIMED, happened("RoutingSynced", ambiguous=True)),
        *due(happened("OfferReceived")),
        *due(happened("FollowUpScheduled"), happened("FollowUpMailClaimed")),
        *due(happened("CalendarSyncClaimed")),
        *due(happened("CalendarSyncFailed")),
        *due(happened("CalendarEventSynced", doubtful=True)),
    }
    assert everything == COMMANDS.keys()
