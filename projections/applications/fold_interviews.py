"""How events of interviews change the applications read model."""

from domain.applications.statuses import InterviewOutcome
from projections.applications.model import applications, supersede, tell
from projections.applications.parts_tables import interview
from projections.applications.tables import milestones
from projections.rows import Rows
from schemas.recorded import Recorded

_FIELDS = (
    "number",
    "job_number",
    "kind",
    "scheduled_at",
    "duration_minutes",
    "location",
    "interviewer_name",
    "interviewer_email",
    "preparation_notes",
)
# Whoever waits for the company's word has had the interview.
_TOOK_PLACE = (InterviewOutcome.PASSED, InterviewOutcome.REJECTED, InterviewOutcome.PENDING)


@applications.on("InterviewScheduled")
def scheduled(rows: Rows, event: Recorded) -> None:
    number, job_number = event["number"], event["job_number"]
    _begin(rows, event, None, None)
    rows.upsert(milestones, job_number, owner=event.owner)
    rows.tally(milestones, job_number, interviews=1)
    tell(rows, event, job_number, "interview_scheduled", item=number, **_item(event))


@applications.on("InterviewChanged")
def changed(rows: Rows, event: Recorded) -> None:
    supersede(rows, interview, event["number"], event.version - 1, event)
    _begin(rows, event, event["outcome"], event["feedback"])
    if "scheduled_at" in event["changed"]:
        tell(rows, event, event["job_number"], "interview_moved", item=event["number"], **_item(event))


@applications.on("InterviewOutcomeRecorded")
def outcome_recorded(rows: Rows, event: Recorded) -> None:
    before, outcome = event["outcome_before"], event["outcome"]
    supersede(rows, interview, event["number"], event.version - 1, event)
    _begin(rows, event, outcome, event["feedback"])
    rows.increment(
        milestones,
        event["job_number"],
        completed=(outcome in _TOOK_PLACE) - (before in _TOOK_PLACE),
        passed=(outcome == InterviewOutcome.PASSED) - (before == InterviewOutcome.PASSED),
        rejected=(outcome == InterviewOutcome.REJECTED) - (before == InterviewOutcome.REJECTED),
    )
    about = {**_item(event), "to_status": outcome}
    tell(rows, event, event["job_number"], "interview_outcome", item=event["number"], **about)


def _item(event: Recorded) -> dict[str, object]:
    return {"item_kind": event["kind"], "item_at": event["scheduled_at"]}


def _begin(rows: Rows, event: Recorded, outcome: str | None, feedback: str | None) -> None:
    rows.insert(
        interview,
        version=event.version,
        position=event.position,
        id=event.stream_id,
        owner=event.owner,
        outcome=outcome,
        feedback=feedback,
        valid_from=event.occurred_at,
        **{field: event[field] for field in _FIELDS},
    )
