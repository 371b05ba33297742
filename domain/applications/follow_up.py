"""A reminder to get back to a company, or a mail that does."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.applications.statuses import FollowUpStatus
from domain.errors import Refused


class FollowUpOver(Refused):
    def __init__(self, number: int, status: FollowUpStatus) -> None:
        super().__init__(f"The follow-up is {status} already")
        self.number, self.status = number, status


class MailBusy(Refused):
    """Somebody holds an unexpired claim on mailing it."""

    def __init__(self, number: int, until: datetime) -> None:
        super().__init__(f"The follow-up is being mailed; the claim ends at {until.isoformat()}")
        self.number, self.until = number, until


class FollowUp(Aggregate):
    """It comes due once, unless it was sent or cancelled before. Its text is personal data of the person."""

    TOPIC = "applications.FollowUp"
    SPOKEN = "Follow-up"

    @event("FollowUpScheduled", topic="applications.FollowUpScheduled")
    def __init__(
        self,
        id: UUID,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        kind: str,
        due_at: datetime,
        template: str | None,
        send_automatically: bool,
        sequence: str | None,
        sequence_id: UUID | None,
        only_without_response: bool,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.number, self.job_id, self.job_number = number, job_id, job_number
        self.company, self.title, self.kind, self.owner_id = company, title, kind, owner_id
        self.due_at, self.template, self.send_automatically = due_at, template, send_automatically
        self.sequence, self.only_without_response = sequence, only_without_response
        self.status, self.attempt = FollowUpStatus.SCHEDULED, 0
        self.lease_until: datetime | None = None

    @property
    def over(self) -> bool:
        """Sent or cancelled."""
        return self.status in (FollowUpStatus.SENT, FollowUpStatus.CANCELLED)

    def become_due(self, timestamp: datetime) -> None:
        """Its time has come. Said once."""
        if self.status is FollowUpStatus.SCHEDULED and timestamp >= self.due_at:
            self._became_due(
                **self._which(),
                company=self.company,
                title=self.title,
                kind=self.kind,
                due_at=self.due_at,
                send_automatically=self.send_automatically,
                timestamp=timestamp,
            )

    @event("FollowUpBecameDue", topic="applications.FollowUpBecameDue")
    def _became_due(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        kind: str,
        due_at: datetime,
        send_automatically: bool,
        timestamp: datetime,
    ) -> None:
        self.status = FollowUpStatus.DUE

    def claim_mail(self, worker: str, lease: timedelta, timestamp: datetime) -> None:
        """Reserve it for one worker's attempt to mail it. Raises `FollowUpOver`, `MailBusy`."""
        self._require_open()
        if self.lease_until is not None and timestamp < self.lease_until:
            raise MailBusy(self.number, self.lease_until)
        self._mail_claimed(self.number, self.job_number, self.attempt + 1, timestamp + lease, worker, timestamp)

    @event("FollowUpMailClaimed", topic="applications.FollowUpMailClaimed")
    def _mail_claimed(
        self, number: int, job_number: int, attempt: int, lease_until: datetime, worker: str, timestamp: datetime
    ) -> None:
        self.attempt, self.lease_until = attempt, lease_until

    def request_mail(self, timestamp: datetime) -> None:
        """Have it mailed now, unless it is over or a claim holds."""
        claimed = self.lease_until is not None and timestamp < self.lease_until
        if not self.over and not claimed and self.send_automatically:
            self._mail_requested(self.number, self.job_number, self.attempt, timestamp)

    @event("FollowUpMailRequested", topic="applications.FollowUpMailRequested")
    def _mail_requested(self, number: int, job_number: int, attempts: int, timestamp: datetime) -> None: ...

    def record_mail_failure(self, attempt: int, error: str, retry_at: datetime | None, timestamp: datetime) -> None:
        """An attempt failed; None: it is not tried again by itself. A superseded attempt's failure is ignored."""
        if not self.over and attempt == self.attempt and self.lease_until is not None:
            self._mail_failed(self.number, self.job_number, attempt, error, retry_at, timestamp)

    @event("FollowUpMailFailed", topic="applications.FollowUpMailFailed")
    def _mail_failed(
        self, number: int, job_number: int, attempt: int, error: str, retry_at: datetime | None, timestamp: datetime
    ) -> None:
        self.lease_until = None

    def record_sent(self, sent_at: datetime, by_mail: bool, notes: str | None, timestamp: datetime) -> None:
        """It was sent. The first report counts. Raises `FollowUpOver` for a cancelled one, unless it was mailed."""
        if self.status is FollowUpStatus.SENT:
            return
        if self.status is FollowUpStatus.CANCELLED and not by_mail:
            raise FollowUpOver(self.number, self.status)
        self._sent(
            **self._which(), sent_at=sent_at, by_mail=by_mail, notes=notes, owner_id=self.owner_id, timestamp=timestamp
        )

    @event("FollowUpSent", topic="applications.FollowUpSent")
    def _sent(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        sent_at: datetime,
        by_mail: bool,
        notes: str | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.status, self.lease_until = FollowUpStatus.SENT, None

    def cancel(self, reason: str, timestamp: datetime) -> None:
        """It will not come due. Cancelled before, it stays so. Raises `FollowUpOver` for one that was sent."""
        if self.status is FollowUpStatus.SENT:
            raise FollowUpOver(self.number, self.status)
        if self.status is not FollowUpStatus.CANCELLED:
            self._cancelled(**self._which(), reason=reason, timestamp=timestamp)

    @event("FollowUpCancelled", topic="applications.FollowUpCancelled")
    def _cancelled(self, number: int, job_id: UUID, job_number: int, reason: str, timestamp: datetime) -> None:
        self.status = FollowUpStatus.CANCELLED

    def _require_open(self) -> None:
        if self.over:
            raise FollowUpOver(self.number, self.status)

    def _which(self) -> dict[str, Any]:
        return {"number": self.number, "job_id": self.job_id, "job_number": self.job_number}
