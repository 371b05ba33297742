"""An interview for a job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate

FIELDS = (
    "kind",
    "scheduled_at",
    "duration_minutes",
    "location",
    "interviewer_name",
    "interviewer_email",
    "preparation_notes",
)


class Interview(Aggregate):
    """The interviewer's data is personal data of the interview's own subject; the notes are the person's."""

    TOPIC = "applications.Interview"

    @event("InterviewScheduled", topic="applications.InterviewScheduled")
    def __init__(
        self,
        id: UUID,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        kind: str,
        scheduled_at: datetime,
        duration_minutes: int,
        location: str | None,
        interviewer_name: str | None,
        interviewer_email: str | None,
        preparation_notes: str | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.number, self.job_id, self.job_number = number, job_id, job_number
        self.company, self.title, self.owner_id = company, title, owner_id
        self.kind, self.scheduled_at, self.duration_minutes, self.location = (
            kind,
            scheduled_at,
            duration_minutes,
            location,
        )
        self.interviewer_name, self.interviewer_email = interviewer_name, interviewer_email
        self.preparation_notes = preparation_notes
        self.outcome: str | None = None
        self.feedback: str | None = None

    def change(self, changes: Mapping[str, Any], timestamp: datetime) -> None:
        """Set the named details, `feedback` among them; none that differs means no event.

        Raises `KeyError` for a field that no interview has.
        """
        if unknown := changes.keys() - {*FIELDS, "feedback"}:
            raise KeyError(*sorted(unknown))
        real = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if real:
            self._details_changed(**self._all(**real), changed=sorted(real), timestamp=timestamp)

    @event("InterviewChanged", topic="applications.InterviewChanged")
    def _details_changed(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        changed: Sequence[str],
        kind: str,
        scheduled_at: datetime,
        duration_minutes: int,
        location: str | None,
        interviewer_name: str | None,
        interviewer_email: str | None,
        preparation_notes: str | None,
        outcome: str | None,
        feedback: str | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.kind, self.scheduled_at, self.duration_minutes, self.location = (
            kind,
            scheduled_at,
            duration_minutes,
            location,
        )
        self.interviewer_name, self.interviewer_email = interviewer_name, interviewer_email
        self.preparation_notes, self.feedback = preparation_notes, feedback

    def record_outcome(self, outcome: str, timestamp: datetime) -> None:
        """What came of it, which may be corrected. The same again changes nothing."""
        if outcome != self.outcome:
            self._outcome_recorded(**self._all(outcome=outcome), outcome_before=self.outcome, timestamp=timestamp)

    @event("InterviewOutcomeRecorded", topic="applications.InterviewOutcomeRecorded")
    def _outcome_recorded(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        kind: str,
        scheduled_at: datetime,
        duration_minutes: int,
        location: str | None,
        interviewer_name: str | None,
        interviewer_email: str | None,
        preparation_notes: str | None,
        outcome: str | None,
        feedback: str | None,
        outcome_before: str | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.outcome = outcome

    def _all(self, **new: Any) -> dict[str, Any]:
        names = ("number", "job_id", "job_number", "company", "title", *FIELDS, "outcome", "feedback", "owner_id")
        return {name: getattr(self, name) for name in names} | new
