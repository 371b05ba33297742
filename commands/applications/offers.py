"""Commands about offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.applications.loading import application_for, part_of, posting_of
from commands.bus import Work, handles, recalls
from domain.applications.acceptances import Acceptances
from domain.applications.application import Application
from domain.applications.offer import Offer
from domain.errors import NotFound
from domain.numbers import Kind, stream_id
from schemas.recorded import Recorded


@dataclass(frozen=True, slots=True)
class RecordOffer:
    """A company made an offer. Amounts have at most 14 digits, two of them after the point."""

    job_number: int
    base_salary: Decimal | None = None
    bonus: Decimal | None = None
    equity: str | None = None
    other_benefits: str | None = None
    received_at: datetime | None = None
    expires_at: datetime | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class OfferTaken:
    number: int
    received_at: datetime
    created_at: datetime


@handles(RecordOffer)
async def record_offer(command: RecordOffer, work: Work) -> OfferTaken:
    application, now = await application_for(work, command.job_number), work.now
    application.require_going_on()
    job, number = await posting_of(work, application), await work.numbers.next(Kind.OFFER)
    offer = Offer(
        id=stream_id(Kind.OFFER, number),
        number=number,
        job_id=job.id,
        job_number=job.number,
        company=job.company,
        title=job.title,
        base_salary=command.base_salary,
        bonus=command.bonus,
        equity=command.equity,
        other_benefits=command.other_benefits,
        received_at=command.received_at or now,
        expires_at=command.expires_at,
        notes=command.notes,
        applied_at=application.applied_at,
        owner_id=application.owner,
        timestamp=now,
    )
    work.lead(offer)
    application.receive_offer(offer.id, now)
    return OfferTaken(number, offer.received_at, now)


@dataclass(frozen=True, slots=True)
class ChangeOffer:
    """Change an offer's terms; `changes` by field name."""

    offer_number: int
    changes: Mapping[str, Any]


@handles(ChangeOffer)
async def change_offer(command: ChangeOffer, work: Work) -> datetime:
    """When it was changed."""
    offer, now = await part_of(work, Offer, Kind.OFFER, command.offer_number), work.now
    await application_for(work, offer.job_number)
    offer.change(command.changes, now)
    return now


@dataclass(frozen=True, slots=True)
class NegotiateOffer:
    """Record a counter-offer, or another attempt to negotiate. `changes` of the terms go with it."""

    offer_number: int
    kind: str
    requested_changes: str | None = None
    employer_response: str | None = None
    notes: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@handles(NegotiateOffer)
async def negotiate_offer(command: NegotiateOffer, work: Work) -> datetime:
    """When it was recorded."""
    offer, now = await part_of(work, Offer, Kind.OFFER, command.offer_number), work.now
    await application_for(work, offer.job_number)
    offer.change(command.changes, now)
    offer.negotiate(command.kind, command.requested_changes, command.employer_response, command.notes, now)
    return now


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """The person accepts an offer. `changes` of the terms (its notes, say) go with it."""

    offer_number: int
    decided_at: datetime | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@handles(AcceptOffer)
async def accept_offer(command: AcceptOffer, work: Work) -> datetime:
    """When it was accepted."""
    offer, now = await part_of(work, Offer, Kind.OFFER, command.offer_number), work.now
    application = await application_for(work, offer.job_number)
    offer.change(command.changes, now)
    offer.accept(command.decided_at or now, now)
    application.accept_offer(offer.id, now)
    (await _acceptances(work, offer.owner, now)).begin(offer.id, offer.number, now)
    return now


async def _acceptances(work: Work, person: UUID, now: datetime) -> Acceptances:
    id = Acceptances.create_id(person)
    try:
        return await work.load(Acceptances, id)
    except NotFound:
        return work.add(Acceptances(id=id, person_id=person, timestamp=now))


@dataclass(frozen=True, slots=True)
class DeclineOffer:
    """The person declines an offer. `changes` of the terms (its notes, say) go with it."""

    offer_number: int
    decided_at: datetime | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@handles(DeclineOffer)
async def decline_offer(command: DeclineOffer, work: Work) -> datetime:
    """When it was declined."""
    offer, now = await part_of(work, Offer, Kind.OFFER, command.offer_number), work.now
    application = await application_for(work, offer.job_number)
    offer.change(command.changes, now)
    offer.decline(command.decided_at or now, now)
    application.decline_offer(offer.id, now)
    return now


@dataclass(frozen=True, slots=True)
class ExpireOffer:
    """The time of an offer is over. Nothing happens when the application has come to its end before."""

    offer_id: UUID


@handles(ExpireOffer)
async def expire_offer(command: ExpireOffer, work: Work) -> None:
    offer, now = await work.load(Offer, command.offer_id), work.now
    application = await application_for(work, offer.job_number)
    if not application.ended:
        offer.expire(now)


@dataclass(frozen=True, slots=True)
class UndoAcceptance:
    """Take back a mistaken acceptance, within `grace` of it."""

    offer_number: int
    grace: timedelta


@dataclass(frozen=True, slots=True)
class AcceptanceUndone:
    """Which other jobs' applications got their earlier status back, and which had moved on or were gone."""

    restored: Sequence[int]
    left_alone: Sequence[int]
    undone_at: datetime


@handles(UndoAcceptance)
async def undo_acceptance(command: UndoAcceptance, work: Work) -> AcceptanceUndone:
    offer, now = await part_of(work, Offer, Kind.OFFER, command.offer_number), work.now
    application = await application_for(work, offer.job_number)
    offer.require_undoable(command.grace, now)
    acceptances = await _acceptances(work, offer.owner, now)
    latest = acceptances.latest == offer.id
    restored: list[int] = []
    left_alone: list[int] = []
    for application_id, number in offer.victims:
        victim = await work.load(Application, application_id)
        # Had another offer been accepted since, that one would have withdrawn it as well.
        done = latest and victim.restore(offer.id, now)
        (restored if done else left_alone).append(number)
    application.restore(offer.id, now)
    offer.undo_acceptance(restored, left_alone, now)
    acceptances.settle(offer.id, offer.number, now)
    return AcceptanceUndone(restored, left_alone, now)


@recalls(UndoAcceptance)
def acceptance_undone(events: Sequence[Recorded]) -> AcceptanceUndone:
    [undone] = [event for event in events if event.type == "OfferAcceptanceUndone"]
    return AcceptanceUndone(undone["restored"], undone["left_alone"], undone.occurred_at)
