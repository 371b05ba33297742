"""A person's applications in figures: now from counters, at an earlier moment from what was valid then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, and_, bindparam, case, func, or_, select

from domain.applications.statuses import InterviewOutcome, OfferStatus
from infra.database import Pool
from projections.applications.fold import applications
from projections.applications.parts_tables import interview, offer_status, offer_terms
from projections.applications.queries import at_moment
from projections.applications.tables import application, milestones, progress, tally
from projections.query import Query

_OWNER: BindParameter[Any] = bindparam("owner")
_SUMS = ("interviews", "completed", "passed", "rejected", "offers", "pending", "accepted", "declined", "expired")

_BY_STATUS = Query(
    select(tally.c.status, tally.c.count).where(tally.c.owner == _OWNER, tally.c.count > 0), applications
)
_MILESTONES = Query(
    select(
        *(func.coalesce(func.sum(milestones.c[name]), 0).label(name) for name in _SUMS),
        func.sum(milestones.c.salaries).label("salaries"),
        func.sum(milestones.c.salary_sum).label("salary_sum"),
        func.sum(milestones.c.waits).label("waits"),
        func.sum(milestones.c.wait_days).label("wait_days"),
    ).where(milestones.c.owner == _OWNER),
    applications,
)
_is_open = or_(interview.c.outcome.is_(None), interview.c.outcome == InterviewOutcome.PENDING.value)
_UPCOMING = Query(
    select(func.count().label("upcoming"))
    .select_from(interview.join(application, application.c.number == interview.c.job_number))
    .where(
        interview.c.owner == _OWNER,
        interview.c.valid_to.is_(None),
        interview.c.scheduled_at >= bindparam("now"),
        _is_open,
    ),
    applications,
)

_BY_STATUS_THEN = Query(
    select(progress.c.status, func.count().label("count"))
    .where(progress.c.owner == _OWNER, at_moment(progress))
    .group_by(progress.c.status),
    applications,
)


def _having(condition: Any) -> Any:
    return func.count(case((condition, 1)))


_outcome = interview.c.outcome
_INTERVIEWS_THEN = Query(
    select(
        func.count().label("interviews"),
        _having(or_(*(_outcome == outcome.value for outcome in InterviewOutcome if outcome != "cancelled"))).label(
            "completed"
        ),
        _having(_outcome == InterviewOutcome.PASSED.value).label("passed"),
        _having(_outcome == InterviewOutcome.REJECTED.value).label("rejected"),
        _having(and_(_is_open, interview.c.scheduled_at >= bindparam("moment"))).label("upcoming"),
    )
    .select_from(interview.join(progress, progress.c.number == interview.c.job_number))
    .where(interview.c.owner == _OWNER, at_moment(interview), at_moment(progress)),
    applications,
)
_status = offer_status.c.status
_first = offer_terms.alias("first")
_waited = func.extract("epoch", _first.c.received_at - _first.c.applied_at) / 86_400.0
_OFFERS_THEN = Query(
    select(
        func.count().label("offers"),
        _having(or_(_status == OfferStatus.PENDING.value, _status == OfferStatus.NEGOTIATING.value)).label("pending"),
        *(_having(_status == name).label(name) for name in ("accepted", "declined", "expired")),
        func.count(offer_terms.c.base_salary).label("salaries"),
        func.sum(offer_terms.c.base_salary).label("salary_sum"),
        func.count(_first.c.applied_at).label("waits"),
        func.sum(func.greatest(_waited, 0)).label("wait_days"),
    )
    .select_from(
        offer_terms.join(offer_status, offer_status.c.number == offer_terms.c.number)
        .join(progress, progress.c.number == offer_terms.c.job_number)
        .join(_first, and_(_first.c.number == offer_terms.c.number, _first.c.version == 1))
    )
    .where(offer_terms.c.owner == _OWNER, at_moment(offer_terms), at_moment(offer_status), at_moment(progress)),
    applications,
)


@dataclass(frozen=True, slots=True)
class Figures:
    """`total` counts every application, saved ones too. Averages are None where there is nothing to average."""

    total: int
    by_status: Mapping[str, int]
    interviews: int
    upcoming: int
    completed: int
    passed: int
    rejected: int
    offers: int
    pending: int
    accepted: int
    declined: int
    expired: int
    average_base_salary: Decimal | None
    average_days_to_offer: float | None


class Statistics:
    """Figures by person."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, owner: UUID, now: datetime) -> Figures:
        by_status = await _BY_STATUS.all(self._pool, owner=owner)
        sums = await _MILESTONES.first(self._pool, owner=owner)
        upcoming = await _UPCOMING.first(self._pool, owner=owner, now=now)
        return _figures(by_status, {**(sums or {}), **(upcoming or {})})

    async def as_of(self, owner: UUID, moment: datetime) -> Figures:
        by_status = await _BY_STATUS_THEN.all(self._pool, owner=owner, moment=moment)
        interviews = await _INTERVIEWS_THEN.first(self._pool, owner=owner, moment=moment)
        offers = await _OFFERS_THEN.first(self._pool, owner=owner, moment=moment)
        return _figures(by_status, {**(interviews or {}), **(offers or {})})


def _figures(by_status: Any, sums: Mapping[str, Any]) -> Figures:
    counts = {row["status"]: row["count"] for row in by_status}
    return Figures(
        total=sum(counts.values()),
        by_status=counts,
        upcoming=sums["upcoming"],
        average_base_salary=sums["salary_sum"] / sums["salaries"] if sums["salaries"] else None,
        average_days_to_offer=float(sums["wait_days"]) / sums["waits"] if sums["waits"] else None,
        **{name: sums[name] for name in _SUMS},
    )
