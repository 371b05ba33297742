"""A company's offer, and what the person decides about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.applications.statuses import OFFER_MOVES, OfferStatus
from domain.errors import IllegalTransition, Refused

TERMS = ("base_salary", "bonus", "equity", "other_benefits", "received_at", "expires_at", "notes")


class NotAccepted(Refused):
    def __init__(self, number: int, status: OfferStatus) -> None:
        super().__init__(f"Only an accepted offer can be taken back; this one is {status}")
        self.number, self.status = number, status


class TooLate(Refused):
    """The grace period of an acceptance is over."""

    def __init__(self, number: int, until: datetime) -> None:
        super().__init__(f"The acceptance could be undone until {until.isoformat()}")
        self.number, self.until = number, until


class Offer(Aggregate):
    """Its terms and its status change apart. Events name the one that they replace, so that each has its times.

    `company` and `title` are the posting's as they were when the offer was made.
    """

    TOPIC = "applications.Offer"

    @event("OfferReceived", topic="applications.OfferReceived")
    def __init__(
        self,
        id: UUID,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        base_salary: Decimal | None,
        bonus: Decimal | None,
        equity: str | None,
        other_benefits: str | None,
        received_at: datetime,
        expires_at: datetime | None,
        notes: str | None,
        applied_at: datetime | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.number, self.job_id, self.job_number = number, job_id, job_number
        self.company, self.title, self.owner_id = company, title, owner_id
        self.base_salary, self.bonus, self.equity, self.other_benefits = base_salary, bonus, equity, other_benefits
        self.received_at, self.expires_at, self.notes = received_at, expires_at, notes
        self.status, self.entries = OfferStatus.PENDING, 0
        self.accepted_at = timestamp
        self.victims: list[tuple[UUID, int]] = []
        self.others_withdrawn = False
        self.terms_since = self.status_since = 1

    def change(self, changes: Mapping[str, Any], timestamp: datetime) -> None:
        """Set the named terms; none that differs means no event. Raises `KeyError` for one that no offer has."""
        if unknown := changes.keys() - set(TERMS):
            raise KeyError(*sorted(unknown))
        real = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if real:
            after = {name: getattr(self, name) for name in TERMS} | real
            self._terms_changed(
                **self._which(),
                **after,
                changed=sorted(real),
                status=self.status,
                base_salary_before=self.base_salary,
                follows=self.terms_since,
                owner_id=self.owner_id,
                timestamp=timestamp,
            )

    @event("OfferChanged", topic="applications.OfferChanged")
    def _terms_changed(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        changed: Sequence[str],
        base_salary: Decimal | None,
        bonus: Decimal | None,
        equity: str | None,
        other_benefits: str | None,
        received_at: datetime,
        expires_at: datetime | None,
        notes: str | None,
        status: str,
        base_salary_before: Decimal | None,
        follows: int,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.base_salary, self.bonus, self.equity, self.other_benefits = base_salary, bonus, equity, other_benefits
        self.received_at, self.expires_at, self.notes = received_at, expires_at, notes
        self.terms_since = self.version + 1  # the fold comes before the count

    def negotiate(
        self, kind: str, requested_changes: str | None, employer_response: str | None, notes: str | None,
        timestamp: datetime,
    ) -> None:  # fmt: skip
        """Record a counter-offer or the like. Raises `IllegalTransition` once the offer is decided."""
        self._require_move(OfferStatus.NEGOTIATING)
        self._negotiated(
            **self._which(),
            from_status=self.status,
            entry=self.entries + 1,
            kind=kind,
            requested_changes=requested_changes,
            employer_response=employer_response,
            notes=notes,
            follows=self.status_since,
            owner_id=self.owner_id,
            timestamp=timestamp,
        )

    @event("OfferNegotiated", topic="applications.OfferNegotiated")
    def _negotiated(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        from_status: str,
        entry: int,
        kind: str,
        requested_changes: str | None,
        employer_response: str | None,
        notes: str | None,
        follows: int,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.entries = entry
        self.status, self.status_since = OfferStatus.NEGOTIATING, self.version + 1

    def accept(self, decided_at: datetime, timestamp: datetime) -> None:
        """Raises `IllegalTransition` for an offer that was decided before."""
        self._require_move(OfferStatus.ACCEPTED)
        self._accepted(**self._which(), **self._decision(), decided_at=decided_at, timestamp=timestamp)

    @event("OfferAccepted", topic="applications.OfferAccepted")
    def _accepted(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        from_status: str,
        decided_at: datetime,
        follows: int,
        timestamp: datetime,
    ) -> None:
        self.status, self.status_since, self.accepted_at = OfferStatus.ACCEPTED, self.version + 1, timestamp
        self.victims, self.others_withdrawn = [], False

    def decline(self, decided_at: datetime, timestamp: datetime) -> None:
        """Raises `IllegalTransition` for an offer that was decided before."""
        self._require_move(OfferStatus.DECLINED)
        self._declined(**self._which(), **self._decision(), decided_at=decided_at, timestamp=timestamp)

    @event("OfferDeclined", topic="applications.OfferDeclined")
    def _declined(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        from_status: str,
        decided_at: datetime,
        follows: int,
        timestamp: datetime,
    ) -> None:
        self.status, self.status_since = OfferStatus.DECLINED, self.version + 1

    def expire(self, timestamp: datetime) -> None:
        """Its time is over. One that was decided in time, or given more, stays as it is."""
        if OfferStatus.EXPIRED in OFFER_MOVES[self.status]:
            self._expired(**self._which(), **self._decision(), timestamp=timestamp)

    @event("OfferExpired", topic="applications.OfferExpired")
    def _expired(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        from_status: str,
        follows: int,
        timestamp: datetime,
    ) -> None:
        self.status, self.status_since = OfferStatus.EXPIRED, self.version + 1

    def record_victims(self, victims: Sequence[Mapping[str, Any]], timestamp: datetime) -> None:
        """The other applications that the acceptance withdrew, in the same append."""
        self._others_withdrawn(**self._which(), victims=victims, timestamp=timestamp)

    @event("OthersWithdrawn", topic="applications.OthersWithdrawn")
    def _others_withdrawn(
        self, number: int, job_id: UUID, job_number: int, victims: Sequence[Mapping[str, Any]], timestamp: datetime
    ) -> None:
        self.victims = [(victim["application_id"], victim["job_number"]) for victim in victims]
        self.others_withdrawn = True

    def require_undoable(self, grace: timedelta, now: datetime) -> None:
        """Raises `NotAccepted`, and `TooLate` after the grace period."""
        if self.status is not OfferStatus.ACCEPTED:
            raise NotAccepted(self.number, self.status)
        if now > self.accepted_at + grace:
            raise TooLate(self.number, self.accepted_at + grace)

    def undo_acceptance(self, restored: Sequence[int], left_alone: Sequence[int], timestamp: datetime) -> None:
        """The offer is pending again."""
        self._acceptance_undone(
            **self._which(),
            restored=restored,
            left_alone=left_alone,
            expires_at=self.expires_at,
            follows=self.status_since,
            timestamp=timestamp,
        )

    @event("OfferAcceptanceUndone", topic="applications.OfferAcceptanceUndone")
    def _acceptance_undone(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        restored: Sequence[int],
        left_alone: Sequence[int],
        expires_at: datetime | None,
        follows: int,
        timestamp: datetime,
    ) -> None:
        self.status, self.status_since = OfferStatus.PENDING, self.version + 1
        self.victims, self.others_withdrawn = [], False

    def _require_move(self, to: OfferStatus) -> None:
        if to not in OFFER_MOVES[self.status]:
            raise IllegalTransition("Offer", self.status, to, OFFER_MOVES[self.status])

    def _which(self) -> dict[str, Any]:
        return {"number": self.number, "job_id": self.job_id, "job_number": self.job_number}

    def _decision(self) -> dict[str, Any]:
        return {
            "company": self.company,
            "title": self.title,
            "from_status": self.status,
            "follows": self.status_since,
        }
