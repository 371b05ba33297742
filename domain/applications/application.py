"""One person's pursuit of one job, from the saved posting to the accepted offer."""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.applications.statuses import ACTIVE, FINAL, MOVES, Reason, Status
from domain.errors import IllegalTransition, NotFound, Refused


class ApplicationEnded(Refused):
    """Nothing more can happen in an application that has come to its end."""

    def __init__(self, number: int, status: Status) -> None:
        super().__init__(f"The application is {status}: nothing more can be added to it")
        self.number, self.status = number, status


class Application(Aggregate):
    """How far somebody has come with a job. `number` is the job's."""

    TOPIC = "applications.Application"

    @event("ApplicationOpened", topic="applications.ApplicationOpened")
    def __init__(self, id: UUID, number: int, job_id: UUID, timestamp: datetime) -> None:
        self.number, self.job_id = number, job_id
        self.status, self.closed = Status.PROCESSING, False
        self.applied_at: datetime | None = None
        # The offer whose acceptance withdrew or accepted this application, and the status before.
        self.ended_by: UUID | None = None
        self.status_before = Status.PROCESSING

    @property
    def ended(self) -> bool:
        return self.status in FINAL

    def require_there(self) -> None:
        """Raises `NotFound` when the job was removed."""
        if self.closed:
            raise NotFound("Job", str(self.number))

    def require_going_on(self) -> None:
        """Raises `ApplicationEnded`, and `NotFound` when the job was removed."""
        self.require_there()
        if self.ended:
            raise ApplicationEnded(self.number, self.status)

    def save(self, timestamp: datetime) -> None:
        """The automatic processing is done. Whoever was quicker than it has moved on, and stays there."""
        if self.status is Status.PROCESSING and not self.closed:
            self._saved(self.number, timestamp)

    @event("JobSaved", topic="applications.JobSaved")
    def _saved(self, number: int, timestamp: datetime) -> None:
        self.status = Status.SAVED

    def change_status(self, to: Status, notes: str | None, timestamp: datetime) -> None:
        """The person's own word. Raises `IllegalTransition`, for the present status too."""
        self.require_there()
        if to not in MOVES[self.status]:
            raise IllegalTransition("Application", self.status, to, MOVES[self.status])
        self._change(to, notes, None, None, timestamp)

    def expect_interview(self, timestamp: datetime) -> None:
        """An interview is agreed. Raises `ApplicationEnded`."""
        self.require_going_on()
        if self.status not in (Status.INTERVIEW_SCHEDULED, Status.INTERVIEWING):
            self._change(Status.INTERVIEW_SCHEDULED, None, Reason.INTERVIEW_SCHEDULED, None, timestamp)

    def receive_offer(self, offer_id: UUID, timestamp: datetime) -> None:
        """Raises `ApplicationEnded`."""
        self.require_going_on()
        if self.status is not Status.OFFER_RECEIVED:
            self._change(Status.OFFER_RECEIVED, None, Reason.OFFER_RECEIVED, offer_id, timestamp)

    def accept_offer(self, offer_id: UUID, timestamp: datetime) -> None:
        """Raises `ApplicationEnded`."""
        self.require_going_on()
        self._change(Status.ACCEPTED, None, Reason.OFFER_ACCEPTED, offer_id, timestamp)

    def decline_offer(self, offer_id: UUID, timestamp: datetime) -> None:
        """The offer is off; an application that waited for that decision is over, another one goes on."""
        self.require_there()
        if self.status is Status.OFFER_RECEIVED:
            self._change(Status.DECLINED, None, Reason.OFFER_DECLINED, offer_id, timestamp)

    def withdraw_for(self, offer_id: UUID, timestamp: datetime) -> bool:
        """Another offer was accepted. False for an application that is not active: it is none of the victims."""
        if self.closed or self.status not in ACTIVE:
            return False
        self._change(Status.WITHDRAWN, None, Reason.OTHER_OFFER_ACCEPTED, offer_id, timestamp)
        return True

    def restore(self, offer_id: UUID, timestamp: datetime) -> bool:
        """The acceptance that ended this application is undone. False when it is none of its doing, or gone."""
        if self.closed or self.ended_by != offer_id:
            return False
        self._restored(self.number, self.status, self.status_before, offer_id, timestamp)
        return True

    @event("ApplicationRestored", topic="applications.ApplicationRestored")
    def _restored(self, number: int, from_status: str, to_status: str, offer_id: UUID, timestamp: datetime) -> None:
        self.status, self.ended_by = Status(to_status), None

    def close(self, timestamp: datetime) -> None:
        """The job was removed."""
        self.require_there()
        self._closed(self.number, self.status, timestamp)

    @event("ApplicationClosed", topic="applications.ApplicationClosed")
    def _closed(self, number: int, status: str, timestamp: datetime) -> None:
        self.closed = True

    def _change(
        self, to: Status, notes: str | None, reason: Reason | None, offer_id: UUID | None, timestamp: datetime
    ) -> None:
        self._changed(self.number, self.status, to, notes, reason, offer_id, self.owner, timestamp)

    @event("ApplicationStatusChanged", topic="applications.ApplicationStatusChanged")
    def _changed(
        self,
        number: int,
        from_status: str,
        to_status: str,
        notes: str | None,
        reason: str | None,
        offer_id: UUID | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.status_before, self.status = Status(from_status), Status(to_status)
        self.ended_by = offer_id if self.ended else None
        if self.applied_at is None and self.status is Status.APPLIED:
            self.applied_at = timestamp
