"""How events change the routings read model."""

from domain.dispatch.statuses import SyncStatus
from projections.read_model import ReadModel
from projections.routings.tables import routing
from projections.rows import Rows
from schemas.recorded import Recorded

routings = ReadModel("routings", version=1, tables=[routing], by_stream="id")

_FIELDS = ("job_id", "company_id", "provider_type", "matching_score", "matched_skills", "algorithm", "features")


@routings.on("RoutingCreated")
def created(rows: Rows, event: Recorded) -> None:
    rows.insert(
        routing,
        id=event.stream_id,
        position=event.position,
        owner=event.owner,
        sync_status=SyncStatus.PENDING.value,
        created_at=event.occurred_at,
        updated_at=event.occurred_at,
        **{field: event[field] for field in _FIELDS},
    )


@routings.on("RoutingClaimed")
def claimed(rows: Rows, event: Recorded) -> None:
    rows.update(
        routing,
        event.stream_id,
        sync_status=SyncStatus.PROCESSING.value,
        retry_count=event["attempt"] - 1,
        claimed_at=event.occurred_at,
        last_sync_attempt=event.occurred_at,
        updated_at=event.occurred_at,
    )


@routings.on("RoutingSynced")
def synced(rows: Rows, event: Recorded) -> None:
    rows.update(
        routing,
        event.stream_id,
        sync_status=SyncStatus.SYNCED.value,
        external_id=event["external_id"],
        last_synced_at=event.occurred_at,
        error_message=None,
        updated_at=event.occurred_at,
    )


@routings.on("RoutingSyncFailed", "RoutingDeadLettered")
def failed(rows: Rows, event: Recorded) -> None:
    rows.update(
        routing,
        event.stream_id,
        sync_status=SyncStatus.FAILED.value,
        error_message=event["error"],
        updated_at=event.occurred_at,
    )


@routings.on("RoutingCompleted")
def completed(rows: Rows, event: Recorded) -> None:
    rows.update(routing, event.stream_id, sync_status=SyncStatus.COMPLETED.value, updated_at=event.occurred_at)
