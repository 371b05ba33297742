"""Which events set a deadline and which clear it.

A stream has at most one deadline of a kind, so that what clears it need not look it up. `command_id` is the id of the
command that it sends when due: it follows from the event that set it, and however often it is found due, that command
is carried out once.
"""

from datetime import datetime, timedelta
from uuid import uuid5

from domain.applications.statuses import OFFER_MOVES, OfferStatus
from domain.retries import SETTLE
from projections.deadlines.tables import deadline
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

deadlines = ReadModel("deadlines", version=3, tables=[deadline], by_stream="stream_id")

# The document promises synchronisation within five minutes.
SYNC_LIMIT = timedelta(minutes=5)
# Long enough for a provider to have finished what it was asked before the last attempt.
RECONCILE_AFTER = timedelta(minutes=5)

_UNDECIDED = frozenset(status for status in OfferStatus if OFFER_MOVES[status])


def _set(rows: Rows, event: Recorded, kind: str, due_at: datetime) -> None:
    rows.upsert(
        deadline,
        (event.stream_id, kind),
        command_id=uuid5(event.event_id, kind),
        cause=event.event_id,
        owner=event.owner,
        correlation_id=event.metadata.get("correlation_id", str(event.event_id)),
        due_at=due_at,
    )


def _clear(rows: Rows, event: Recorded, *kinds: str) -> None:
    for kind in kinds:
        rows.delete(deadline, (event.stream_id, kind))


@deadlines.on("CalendarSyncClaimed")
def calendar_claimed(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "calendar_retry", "calendar_check")
    _set(rows, event, "calendar_lease", event["lease_until"] + SETTLE)


@deadlines.on("CalendarSyncFailed")
def calendar_failed(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "calendar_lease")
    if event["retry_at"] is not None:
        _set(rows, event, "calendar_retry", event["retry_at"])


@deadlines.on("CalendarEventSynced")
def calendar_synced(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "calendar_lease")
    if event["doubtful"]:
        _set(rows, event, "calendar_check", event.occurred_at + RECONCILE_AFTER)


@deadlines.on("RoutingCreated")
def routing_created(rows: Rows, event: Recorded) -> None:
    _set(rows, event, "routing_overdue", event.occurred_at + SYNC_LIMIT)


@deadlines.on("RoutingClaimed")
def routing_claimed(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "routing_retry")
    _set(rows, event, "routing_lease", event["lease_until"] + SETTLE)


@deadlines.on("RoutingSyncFailed")
def routing_failed(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "routing_lease")
    _set(rows, event, "routing_retry", event["retry_at"])


@deadlines.on("RoutingDeadLettered")
def routing_dead_lettered(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "routing_lease")


@deadlines.on("RoutingSynced")
def routing_synced(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "routing_lease", "routing_retry", "routing_overdue")
    if event["ambiguous"]:
        _set(rows, event, "routing_reconciliation", event.occurred_at + RECONCILE_AFTER)


@deadlines.on("RoutingReconciliationRequested")
def reconciliation_requested(rows: Rows, event: Recorded) -> None:
    # Should it fail, it is asked for again.
    _set(rows, event, "routing_reconciliation", event.occurred_at + RECONCILE_AFTER)


@deadlines.on("RoutingReconciled")
def reconciled(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "routing_reconciliation")


@deadlines.on("OfferReceived", "OfferAcceptanceUndone")
def offer_open(rows: Rows, event: Recorded) -> None:
    _set_or_clear(rows, event, "offer_expiry", event["expires_at"])


@deadlines.on("OfferChanged")
def offer_changed(rows: Rows, event: Recorded) -> None:
    if event["status"] in _UNDECIDED:
        _set_or_clear(rows, event, "offer_expiry", event["expires_at"])


@deadlines.on("OfferAccepted", "OfferDeclined", "OfferExpired")
def offer_decided(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "offer_expiry")


def _set_or_clear(rows: Rows, event: Recorded, kind: str, due_at: datetime | None) -> None:
    if due_at is None:
        _clear(rows, event, kind)
    else:
        _set(rows, event, kind, due_at)


@deadlines.on("FollowUpScheduled")
def follow_up_scheduled(rows: Rows, event: Recorded) -> None:
    _set(rows, event, "follow_up", event["due_at"])


@deadlines.on("FollowUpBecameDue")
def follow_up_due(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "follow_up")


@deadlines.on("FollowUpMailClaimed")
def follow_up_mail_claimed(rows: Rows, event: Recorded) -> None:
    _set(rows, event, "follow_up_mail", event["lease_until"])


@deadlines.on("FollowUpMailFailed")
def follow_up_mail_failed(rows: Rows, event: Recorded) -> None:
    _set_or_clear(rows, event, "follow_up_mail", event["retry_at"])


@deadlines.on("FollowUpSent", "FollowUpCancelled")
def follow_up_over(rows: Rows, event: Recorded) -> None:
    _clear(rows, event, "follow_up", "follow_up_mail")
