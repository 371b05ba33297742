"""How events change the calendar read model."""

from domain.calendar.kinds import SyncStatus
from projections.calendar.tables import calendar_event
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

calendar = ReadModel("calendar", version=1, tables=[calendar_event])

_SHOWN = ("summary", "starts_at", "ends_at", "location", "description")
_FIXED = ("kind", "job_number", "company", "title", "source_id", "all_day", "reminders")


@calendar.on("CalendarEventScheduled")
def scheduled(rows: Rows, event: Recorded) -> None:
    rows.insert(
        calendar_event,
        id=event.stream_id,
        position=event.position,
        owner=event.owner,
        revision=1,
        created_at=event.occurred_at,
        updated_at=event.occurred_at,
        **{field: event[field] for field in (*_FIXED, *_SHOWN)},
    )


@calendar.on("CalendarEventMoved")
def moved(rows: Rows, event: Recorded) -> None:
    rows.update(
        calendar_event,
        event.stream_id,
        revision=event["revision"],
        sync_status=SyncStatus.PENDING.value,
        updated_at=event.occurred_at,
        **{field: event[field] for field in _SHOWN},
    )


@calendar.on("CalendarEventRemoved")
def removed(rows: Rows, event: Recorded) -> None:
    _change(rows, event, event["reason"])


@calendar.on("CalendarEventRestored")
def restored(rows: Rows, event: Recorded) -> None:
    _change(rows, event, None)


def _change(rows: Rows, event: Recorded, removed_for: str | None) -> None:
    rows.update(
        calendar_event,
        event.stream_id,
        revision=event["revision"],
        removed_for=removed_for,
        sync_status=SyncStatus.PENDING.value,
        updated_at=event.occurred_at,
    )


# How far an outside calendar has come is no change of the event itself: `updated_at` stays.
@calendar.on("CalendarSyncClaimed")
def claimed(rows: Rows, event: Recorded) -> None:
    rows.update(calendar_event, event.stream_id, sync_status=SyncStatus.PROCESSING.value)


@calendar.on("CalendarEventSynced")
def synced(rows: Rows, event: Recorded) -> None:
    rows.update(
        calendar_event,
        event.stream_id,
        sync_status=SyncStatus.SYNCED.value,
        sync_error=None,
        link=event["link"],
    )


@calendar.on("CalendarSyncRequested")
def requested(rows: Rows, event: Recorded) -> None:
    rows.update(calendar_event, event.stream_id, sync_status=SyncStatus.PENDING.value)


@calendar.on("CalendarSyncFailed")
def failed(rows: Rows, event: Recorded) -> None:
    rows.update(
        calendar_event,
        event.stream_id,
        sync_status=SyncStatus.FAILED.value,
        sync_error=event["error"],
    )


@calendar.on("SubjectErased")
def erased(rows: Rows, event: Recorded) -> None:
    rows.sweep(calendar_event, "owner", event["subject_id"], description=None)
