"""Offers, and how they were negotiated."""

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from api.automation.fields import JobNumber, Line, Moment, Money, Text, unnamed
from domain.applications.statuses import OfferStatus


class NewOffer(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "base_salary": 180000,
                "bonus": 30000,
                "equity": "100000 RSUs over 4 years",
                "other_benefits": "Health insurance, 401k match, unlimited PTO",
                "received_date": "2025-11-20T10:00:00Z",
                "expiration_date": "2025-11-27T17:00:00Z",
                "notes": "Verbal offer received, waiting for written offer",
            }
        }
    )

    job_id: JobNumber
    base_salary: Money
    bonus: Money | None = None
    equity: Line | None = None
    other_benefits: Text | None = None
    received_date: Moment | None = None
    expiration_date: Moment | None = None
    notes: Text | None = None


class OfferChanges(BaseModel):
    """What is to change, and what was decided; what is not named stays."""

    offer_status: OfferStatus | None = None
    decision_date: Moment | None = None
    base_salary: Money = unnamed()
    bonus: Money | None = None
    equity: Line | None = None
    other_benefits: Text | None = None
    received_date: Moment = unnamed()
    expiration_date: Moment | None = None
    notes: Text | None = None

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if self.decision_date is not None and self.offer_status not in (OfferStatus.ACCEPTED, OfferStatus.DECLINED):
            raise ValueError("a decision_date goes with the offer_status accepted or declined")
        return self


class NewNegotiation(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "negotiation_type": "counter_offer",
                "requested_changes": "Requesting $190k base and 120k RSUs",
                "employer_response": "Agreed to $185k base",
                "notes": "Successful negotiation on base salary",
            }
        }
    )

    negotiation_type: Line = "counter_offer"
    requested_changes: Text
    employer_response: Text | None = None
    notes: Text | None = None


class Negotiation(BaseModel):
    negotiation_type: str
    requested_changes: str
    employer_response: str | None
    notes: str | None
    created_at: Moment


class Offer(BaseModel):
    id: int
    job_id: int
    base_salary: float
    bonus: float | None
    equity: str | None
    other_benefits: str | None
    offer_status: OfferStatus
    received_date: Moment
    expiration_date: Moment | None
    decision_date: Moment | None
    negotiation_history: list[Negotiation]
    notes: str | None
    created_at: Moment


class Undone(BaseModel):
    """An acceptance taken back: the applications that are as before, and those that had moved on."""

    offer: Offer
    restored: list[int]
    left_alone: list[int]
