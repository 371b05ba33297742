"""How events of offers change the applications read model."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from domain.applications.statuses import OfferStatus
from projections.applications.model import applications, supersede, tell
from projections.applications.parts_tables import negotiation, offer_status, offer_terms
from projections.applications.tables import milestones
from projections.rows import Rows
from schemas.recorded import Recorded

_TERMS = (
    "number",
    "job_number",
    "base_salary",
    "bonus",
    "equity",
    "other_benefits",
    "received_at",
    "expires_at",
    "notes",
)
# What the counts call an offer of each status.
_COUNTED: Mapping[str, str] = {
    OfferStatus.PENDING: "pending",
    OfferStatus.NEGOTIATING: "pending",
    OfferStatus.ACCEPTED: "accepted",
    OfferStatus.DECLINED: "declined",
    OfferStatus.EXPIRED: "expired",
}
_DAY = 86_400


@applications.on("OfferReceived")
def received(rows: Rows, event: Recorded) -> None:
    job_number, applied_at, salary = event["job_number"], event["applied_at"], event["base_salary"]
    _begin_terms(rows, event, applied_at)
    _begin_status(rows, event, OfferStatus.PENDING, None)
    rows.upsert(milestones, job_number, owner=event.owner)
    rows.tally(milestones, job_number, offers=1, pending=1)
    _count_salary(rows, job_number, None, salary)
    if applied_at is not None:
        days = max(0.0, (event["received_at"] - applied_at).total_seconds() / _DAY)
        rows.tally(milestones, job_number, waits=1, wait_days=days)
    tell(rows, event, job_number, "offer_received", item=event["number"])


@applications.on("OfferChanged")
def changed(rows: Rows, event: Recorded) -> None:
    supersede(rows, offer_terms, event["number"], event["follows"], event)
    _begin_terms(rows, event, None)
    _count_salary(rows, event["job_number"], event["base_salary_before"], event["base_salary"])


@applications.on("OfferNegotiated")
def negotiated(rows: Rows, event: Recorded) -> None:
    _decide(rows, event, OfferStatus.NEGOTIATING, "offer_negotiated")
    rows.insert(
        negotiation,
        owner=event.owner,
        occurred_at=event.occurred_at,
        **{
            field: event[field]
            for field in ("number", "job_number", "entry", "kind", "requested_changes", "employer_response", "notes")
        },
    )


@applications.on("OfferAccepted")
def accepted(rows: Rows, event: Recorded) -> None:
    _decide(rows, event, OfferStatus.ACCEPTED, "offer_accepted", event["decided_at"])


@applications.on("OfferDeclined")
def declined(rows: Rows, event: Recorded) -> None:
    _decide(rows, event, OfferStatus.DECLINED, "offer_declined", event["decided_at"])


@applications.on("OfferExpired")
def expired(rows: Rows, event: Recorded) -> None:
    _decide(rows, event, OfferStatus.EXPIRED, "offer_expired")


@applications.on("OfferAcceptanceUndone")
def undone(rows: Rows, event: Recorded) -> None:
    _replace(rows, event, OfferStatus.ACCEPTED, OfferStatus.PENDING, None)
    tell(rows, event, event["job_number"], "acceptance_undone", item=event["number"])


def _decide(rows: Rows, event: Recorded, to: OfferStatus, kind: str, decided_at: datetime | None = None) -> None:
    _replace(rows, event, event["from_status"], to, decided_at)
    tell(rows, event, event["job_number"], kind, item=event["number"])


def _replace(rows: Rows, event: Recorded, from_: str, to: OfferStatus, decided_at: datetime | None) -> None:
    supersede(rows, offer_status, event["number"], event["follows"], event)
    _begin_status(rows, event, to, decided_at)
    for status, amount in ((from_, -1), (to, 1)):
        if (name := _COUNTED.get(status)) is not None:
            rows.increment(milestones, event["job_number"], **{name: amount})


def _begin_terms(rows: Rows, event: Recorded, applied_at: datetime | None) -> None:
    rows.insert(
        offer_terms,
        version=event.version,
        position=event.position,
        owner=event.owner,
        applied_at=applied_at,
        valid_from=event.occurred_at,
        **{field: event[field] for field in _TERMS},
    )


def _begin_status(rows: Rows, event: Recorded, status: OfferStatus, decided_at: datetime | None) -> None:
    rows.insert(
        offer_status,
        number=event["number"],
        version=event.version,
        status=status.value,
        decided_at=decided_at,
        valid_from=event.occurred_at,
    )


def _count_salary(rows: Rows, job_number: int, before: Decimal | None, after: Decimal | None) -> None:
    if before != after:
        rows.increment(
            milestones,
            job_number,
            salaries=(after is not None) - (before is not None),
            salary_sum=(after or Decimal(0)) - (before or Decimal(0)),
        )
