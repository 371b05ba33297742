"""How events of jobs, and of how far their applications have come, change the applications read model."""

from domain.applications.statuses import Status
from projections.applications import fold_interviews, fold_notes, fold_offers
from projections.applications.model import applications, supersede, tell
from projections.applications.parts_tables import follow_up, interview, negotiation, note, offer_terms
from projections.applications.tables import application, entry, milestones, posting, progress, tally
from projections.rows import Rows
from schemas.recorded import Recorded

__all__ = ["applications", "fold_interviews", "fold_notes", "fold_offers"]

_SHOWN = ("company", "title", "url", "location", "salary_min", "salary_max", "source")


@applications.on("JobCreated")
def job_created(rows: Rows, event: Recorded) -> None:
    shown = {field: event[field] for field in _SHOWN}
    number, reference = event["number"], event["reference"]
    rows.insert(
        application,
        number=number,
        position=event.position,
        owner=event.owner,
        reference=reference,
        created_at=event.occurred_at,
        updated_at=event.occurred_at,
        **shown,
    )
    rows.insert(
        posting,
        number=number,
        version=event.version,
        reference=reference,
        description=event["description"],
        valid_from=event.occurred_at,
        **shown,
    )


@applications.on("JobUpdated")
def job_updated(rows: Rows, event: Recorded) -> None:
    shown = {field: event[field] for field in _SHOWN}
    number = event["number"]
    rows.update(application, number, updated_at=event.occurred_at, **shown)
    supersede(rows, posting, number, event.version - 1, event)
    rows.insert(
        posting,
        number=number,
        version=event.version,
        description=event["description"],
        valid_from=event.occurred_at,
        **shown,
    )


@applications.on("JobRemoved")
def job_removed(rows: Rows, event: Recorded) -> None:
    supersede(rows, posting, event["number"], event.version - 1, event)
    rows.delete(application, event["number"])


@applications.on("ApplicationOpened")
def opened(rows: Rows, event: Recorded) -> None:
    _begin(rows, event, Status.PROCESSING)


@applications.on("JobSaved")
def saved(rows: Rows, event: Recorded) -> None:
    _move(rows, event, Status.PROCESSING, Status.SAVED)
    _tell_change(rows, event, Status.PROCESSING, Status.SAVED)


@applications.on("ApplicationStatusChanged")
def status_changed(rows: Rows, event: Recorded) -> None:
    from_, to = event["from_status"], event["to_status"]
    _move(rows, event, from_, to)
    _tell_change(rows, event, from_, to, notes=event["notes"], reason=event["reason"])


@applications.on("ApplicationRestored")
def restored(rows: Rows, event: Recorded) -> None:
    from_, to = event["from_status"], event["to_status"]
    _move(rows, event, from_, to)
    _tell_change(rows, event, from_, to, reason="acceptance_undone")


@applications.on("ApplicationClosed")
def closed(rows: Rows, event: Recorded) -> None:
    number = event["number"]
    supersede(rows, progress, number, event.version - 1, event)
    rows.tally(tally, (event.owner, event["status"]), count=-1)
    rows.delete(milestones, number)


def _begin(rows: Rows, event: Recorded, status: str) -> None:
    rows.insert(
        progress,
        number=event["number"],
        version=event.version,
        owner=event.owner,
        status=str(status),
        valid_from=event.occurred_at,
    )
    rows.tally(tally, (event.owner, str(status)), count=1)


def _move(rows: Rows, event: Recorded, from_: str, to: str) -> None:
    number = event["number"]
    supersede(rows, progress, number, event.version - 1, event)
    rows.tally(tally, (event.owner, str(from_)), count=-1)
    _begin(rows, event, to)
    rows.update(application, number, status=str(to), updated_at=event.occurred_at)


def _tell_change(rows: Rows, event: Recorded, from_: str, to: str, **about: str | None) -> None:
    tell(rows, event, event["number"], "status_change", from_status=str(from_), to_status=str(to), **about)


@applications.on("SubjectErased")
def erased(rows: Rows, event: Recorded) -> None:
    """A person's own texts, and, where the subject is an interview, its interviewer."""
    subject = event["subject_id"]
    rows.sweep(entry, "owner", subject, notes=None)
    rows.sweep(interview, "owner", subject, preparation_notes=None, feedback=None)
    rows.sweep(interview, "id", subject, interviewer_name=None, interviewer_email=None)
    rows.sweep(offer_terms, "owner", subject, notes=None)
    rows.sweep(negotiation, "owner", subject, requested_changes=None, employer_response=None, notes=None)
    rows.sweep(note, "owner", subject, content="(erased)")
    rows.sweep(follow_up, "owner", subject, template=None, notes=None)
