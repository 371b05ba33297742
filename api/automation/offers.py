"""Offers: received, negotiated, decided."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.automation.errors import UNKNOWN_JOB
from api.automation.fields import Number, money
from api.automation.jobs import known
from api.automation.mapping import changes, found
from api.automation.models.offers import NewNegotiation, NewOffer, Offer, OfferChanges, Undone
from api.automation.paging import Form, Limit, Page, PageForm, Skip, cut
from api.direct import Direct
from api.session import Reading, Session, Writing
from commands.applications import (
    AcceptOffer,
    ChangeOffer,
    DeclineOffer,
    ExpireOffer,
    NegotiateOffer,
    RecordOffer,
    UndoAcceptance,
)
from commands.applications.offers import AcceptanceUndone, OfferTaken
from domain.applications.statuses import OFFER_MOVES, OfferStatus
from domain.errors import IllegalTransition
from domain.numbers import Kind, stream_id
from projections.applications.fold import applications

router = APIRouter(prefix="/ats", tags=["Application Tracking System"], route_class=Direct)

NAMES: Mapping[str, str] = {
    "base_salary": "base_salary",
    "bonus": "bonus",
    "equity": "equity",
    "other_benefits": "other_benefits",
    "received_date": "received_at",
    "expiration_date": "expires_at",
    "notes": "notes",
}


@router.post("/offers", status_code=201, summary="Record Offer", response_model=Offer, responses=UNKNOWN_JOB)
async def record(wanted: NewOffer, session: Writing) -> Response:
    """The application is `offer_received`, and the calendar reminds of the expiration."""
    command = RecordOffer(
        job_number=wanted.job_id,
        base_salary=wanted.base_salary,
        bonus=wanted.bonus,
        equity=wanted.equity,
        other_benefits=wanted.other_benefits,
        received_at=wanted.received_date,
        expires_at=wanted.expiration_date,
        notes=wanted.notes,
    )
    outcome = await session.send(command, applications)
    if outcome.duplicate:
        return session.answer(shown(await session.repeated(_of_first_request(session, outcome.first))), 201)
    return session.answer(_recorded(wanted, outcome.result), 201)


@router.put("/offers/{offer_id}", summary="Update Offer", response_model=Offer)
async def update(offer_id: Number, named: OfferChanges, session: Writing) -> Response:
    """Changes what is named, and records a decision: accepting one withdraws every other active application."""
    terms = changes(named, NAMES)
    match named.offer_status:
        case OfferStatus.ACCEPTED:
            await session.send(AcceptOffer(offer_id, named.decision_date, terms), applications)
        case OfferStatus.DECLINED:
            await session.send(DeclineOffer(offer_id, named.decision_date, terms), applications)
        case OfferStatus.NEGOTIATING:
            await session.send(NegotiateOffer(offer_id, "negotiating", changes=terms), applications)
        case _:
            await _change(session, offer_id, named.offer_status, terms)
    return session.answer(shown(await _offer(session, offer_id)))


async def _change(session: Session, number: int, status: OfferStatus | None, terms: Mapping[str, Any]) -> None:
    """New terms. A status is the one that the offer has, or that its time is over."""
    if status is not None:
        present = OfferStatus((await _offer(session, number))["status"])
        if status is not present and (status is OfferStatus.PENDING or status not in OFFER_MOVES[present]):
            raise IllegalTransition("Offer", present, status, OFFER_MOVES[present])
    if terms or status is None:
        await session.send(ChangeOffer(number, terms), applications)
    if status is OfferStatus.EXPIRED:
        await session.send(ExpireOffer(stream_id(Kind.OFFER, number)), applications)


@router.post("/offers/{offer_id}/negotiate", summary="Add Negotiation Entry", response_model=Offer)
async def negotiate(offer_id: Number, entry: NewNegotiation, session: Writing) -> Response:
    command = NegotiateOffer(
        offer_id, entry.negotiation_type, entry.requested_changes, entry.employer_response, entry.notes
    )
    await session.send(command, applications)
    return session.answer(shown(await _offer(session, offer_id)))


@router.post("/offers/{offer_id}/undo", summary="Undo Acceptance", response_model=Undone)
async def undo(offer_id: Number, session: Writing) -> Response:
    """Within the grace period (OFFER_UNDO_HOURS): the offer is pending again, and so is what its acceptance withdrew.

    Applications that have moved on since, or are gone, are left alone and named.
    """
    grace = timedelta(hours=session.system.settings.offer_undo_hours)
    outcome = await session.send(UndoAcceptance(offer_id, grace), applications)
    undone: AcceptanceUndone = outcome.result
    row = shown(await _offer(session, offer_id))
    return session.answer({"offer": row, "restored": undone.restored, "left_alone": undone.left_alone})


@router.get("/jobs/{job_id}/offers", summary="Get Job Offers", response_model=list[Offer] | Page)
async def of_job(
    job_id: Number, session: Reading, skip: Skip = 0, limit: Limit = 100, form: PageForm = Form.DOCUMENTED
) -> Response:
    """The first one first."""
    await session.caught_up(applications)
    await known(session, job_id)
    rows = await session.system.applications.offers.of_job(job_id)
    return session.answer(cut([shown(row) for row in rows], form, skip, limit))


async def _offer(session: Session, number: int | None) -> Any:
    row = None if number is None else await session.system.applications.offers.by_number(number, session.person)
    return found(row, "Offer", number)


async def _of_first_request(session: Session, position: int) -> Any:
    return await _offer(session, await session.system.applications.offers.made_at(position, session.person))


def _recorded(wanted: NewOffer, made: OfferTaken) -> dict[str, Any]:
    """From the command and not from the read model, which may lag."""
    return {
        "id": made.number,
        "job_id": wanted.job_id,
        "base_salary": money(wanted.base_salary),
        "bonus": money(wanted.bonus),
        "equity": wanted.equity,
        "other_benefits": wanted.other_benefits,
        "offer_status": OfferStatus.PENDING,
        "received_date": made.received_at,
        "expiration_date": wanted.expiration_date,
        "decision_date": None,
        "negotiation_history": [],
        "notes": wanted.notes,
        "created_at": made.created_at,
    }


def shown(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["job_number"],
        "base_salary": money(row["base_salary"]),
        "bonus": money(row["bonus"]),
        "equity": row["equity"],
        "other_benefits": row["other_benefits"],
        "offer_status": row["status"],
        "received_date": row["received_at"],
        "expiration_date": row["expires_at"],
        "decision_date": row["decided_at"],
        "negotiation_history": [_entry(entry) for entry in row["negotiations"]],
        "notes": row["notes"],
        "created_at": row["created_at"],
    }


def _entry(entry: Any) -> dict[str, Any]:
    return {
        "negotiation_type": entry["kind"],
        "requested_changes": entry["requested_changes"],
        "employer_response": entry["employer_response"],
        "notes": entry["notes"],
        "created_at": entry["occurred_at"],
    }
