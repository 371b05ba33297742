"""How events of notes and follow-ups change the applications read model."""

from domain.applications.statuses import FollowUpStatus
from projections.applications.model import applications, supersede, tell
from projections.applications.parts_tables import follow_up, note
from projections.rows import Rows
from schemas.recorded import Recorded

_FOLLOW_UP = (
    "number",
    "job_number",
    "kind",
    "due_at",
    "template",
    "send_automatically",
    "sequence",
    "sequence_id",
    "only_without_response",
)


@applications.on("NoteAdded")
def note_added(rows: Rows, event: Recorded) -> None:
    _begin_note(rows, event)
    tell(rows, event, event["job_number"], "note_added", item=event["number"], item_kind=event["kind"])


@applications.on("NoteChanged")
def note_changed(rows: Rows, event: Recorded) -> None:
    supersede(rows, note, event["number"], event.version - 1, event)
    _begin_note(rows, event)


def _begin_note(rows: Rows, event: Recorded) -> None:
    rows.insert(
        note,
        version=event.version,
        position=event.position,
        owner=event.owner,
        valid_from=event.occurred_at,
        **{field: event[field] for field in ("number", "job_number", "kind", "content", "important")},
    )


@applications.on("FollowUpScheduled")
def follow_up_scheduled(rows: Rows, event: Recorded) -> None:
    rows.insert(
        follow_up,
        position=event.position,
        owner=event.owner,
        status=FollowUpStatus.SCHEDULED.value,
        created_at=event.occurred_at,
        **{field: event[field] for field in _FOLLOW_UP},
    )


@applications.on("FollowUpBecameDue")
def follow_up_due(rows: Rows, event: Recorded) -> None:
    rows.update(follow_up, event["number"], status=FollowUpStatus.DUE.value)
    about = {"item_kind": event["kind"], "item_at": event["due_at"]}
    tell(rows, event, event["job_number"], "follow_up_due", item=event["number"], **about)


@applications.on("FollowUpMailFailed")
def follow_up_mail_failed(rows: Rows, event: Recorded) -> None:
    rows.update(follow_up, event["number"], mail_error=event["error"])


@applications.on("FollowUpSent")
def follow_up_sent(rows: Rows, event: Recorded) -> None:
    rows.update(
        follow_up,
        event["number"],
        status=FollowUpStatus.SENT.value,
        sent_at=event["sent_at"],
        by_mail=event["by_mail"],
        mail_error=None,
        notes=event["notes"],
    )
    tell(rows, event, event["job_number"], "follow_up_sent", item=event["number"], item_at=event["sent_at"])


@applications.on("FollowUpCancelled")
def follow_up_cancelled(rows: Rows, event: Recorded) -> None:
    rows.update(follow_up, event["number"], status=FollowUpStatus.CANCELLED.value, reason=event["reason"])
