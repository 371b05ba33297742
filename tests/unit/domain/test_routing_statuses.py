"""Every pair of statuses: a move is possible exactly where the table allows it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import pytest

from domain.dispatch.routing import Routing
from domain.dispatch.statuses import MOVES, SyncStatus
from domain.errors import IllegalTransition
from tests.grammar import Happened, given, happened
from tests.samples import NOW, ROUTING

LATER = NOW + timedelta(hours=1)
CLAIMED, SYNCED = happened("RoutingClaimed"), happened("RoutingSynced")

REACHED: Mapping[SyncStatus, tuple[Happened, ...]] = {
    SyncStatus.PENDING: (),
    SyncStatus.PROCESSING: (CLAIMED,),
    SyncStatus.SYNCED: (CLAIMED, SYNCED),
    SyncStatus.FAILED: (CLAIMED, happened("RoutingSyncFailed")),
    SyncStatus.COMPLETED: (CLAIMED, SYNCED, happened("RoutingCompleted")),
}
DECISIONS: Mapping[SyncStatus, Callable[[Routing], None]] = {
    SyncStatus.PROCESSING: lambda routing: routing.claim("w", timedelta(seconds=45), LATER),
    SyncStatus.SYNCED: lambda routing: routing.record_sync("st-2", LATER),
    SyncStatus.FAILED: lambda routing: routing.record_failure(routing.attempt, "no", False, LATER, LATER),
    SyncStatus.COMPLETED: lambda routing: routing.complete(None, LATER, LATER),
}


def routing_that_is(status: SyncStatus) -> Routing:
    routing = given(happened("RoutingCreated"), *REACHED[status]).load(Routing, ROUTING)
    assert routing.status is status
    return routing


@pytest.mark.parametrize("to", DECISIONS)
@pytest.mark.parametrize("from_", SyncStatus)
def test_a_routing_moves_exactly_where_the_table_allows_it(from_: SyncStatus, to: SyncStatus) -> None:
    routing = routing_that_is(from_)
    with suppress(IllegalTransition):
        DECISIONS[to](routing)
    moved = bool(routing.pending_events)
    assert moved == (to in MOVES[from_])
    assert routing.status is (to if moved else from_)


def test_a_refusal_names_the_moves_that_are_possible() -> None:
    with pytest.raises(IllegalTransition) as refused:
        DECISIONS[SyncStatus.PROCESSING](routing_that_is(SyncStatus.SYNCED))
    assert (refused.value.from_, refused.value.to) == ("synced", "processing")
    assert str(refused.value).endswith("allowed: completed")


def test_what_is_reported_again_is_ignored_and_what_makes_no_sense_is_refused() -> None:
    """The pairs outside the table that are not refused: reports that come twice, late, or from a superseded attempt."""
    ignored = set()
    for from_ in SyncStatus:
        for to, decide in DECISIONS.items():
            if to not in MOVES[from_]:
                try:
                    decide(routing_that_is(from_))
                    ignored.add((from_.value, to.value))
                except IllegalTransition:
                    pass
    assert ignored == {
        ("synced", "synced"),
        ("completed", "synced"),
        ("completed", "completed"),
        *((status.value, "failed") for status in SyncStatus if status is not SyncStatus.PROCESSING),
    }


def test_nothing_ever_becomes_pending_again() -> None:
    assert all(SyncStatus.PENDING not in moves for moves in MOVES.values())
    assert MOVES.keys() == set(SyncStatus)
