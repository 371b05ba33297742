"""What is asked of interviews, offers, notes and follow-ups.

Lists of one job do not ask whose it is: the caller has looked the job up. Those of a person leave out removed jobs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Table, and_, bindparam, or_, select

from domain.applications.statuses import InterviewOutcome
from infra.database import Pool
from projections.applications.fold import applications
from projections.applications.parts_tables import (
    OPEN,
    follow_up,
    interview,
    negotiation,
    note,
    offer_status,
    offer_terms,
)
from projections.applications.queries import at_moment
from projections.applications.tables import application
from projections.query import Query

_OWNER: BindParameter[Any] = bindparam("owner")
# Still to take place, as far as anybody said.
_OPEN_OUTCOME = or_(interview.c.outcome.is_(None), interview.c.outcome == InterviewOutcome.PENDING.value)


def _now(table: Table) -> ColumnElement[bool]:
    return table.c.valid_to.is_(None)


def _with_first(table: Table) -> Select[Any]:
    """The versions of a thing, each with when and where in the log it was first recorded."""
    first = table.alias("first")
    shown = [column for column in table.columns if column.name != "position"]
    chosen = select(*shown, first.c.valid_from.label("created_at"), first.c.position)
    return chosen.join(first, and_(first.c.number == table.c.number, first.c.version == 1))


class _Versions:
    """Queries of a kind of thing with versions: now and at a moment, by job, by number, by its first position."""

    def __init__(self, table: Table) -> None:
        chosen = _with_first(table)
        of_job, mine = table.c.job_number == bindparam("job_number"), table.c.owner == _OWNER
        self.of_job = Query(chosen.where(of_job, _now(table)).order_by(table.c.number), applications)
        self.of_job_then = Query(chosen.where(of_job, at_moment(table)).order_by(table.c.number), applications)
        self.by_number = Query(chosen.where(table.c.number == bindparam("number"), mine, _now(table)), applications)
        self.made_at = Query(
            select(table.c.number).where(table.c.position == bindparam("position"), mine), applications
        )


_INTERVIEWS, _NOTES = _Versions(interview), _Versions(note)
_UPCOMING = Query(
    select(
        *(column for column in interview.columns if column.name not in ("valid_from", "valid_to")),
        application.c.company,
        application.c.title,
    )
    .join(application, application.c.number == interview.c.job_number)
    .where(
        interview.c.owner == _OWNER,
        _now(interview),
        _OPEN_OUTCOME,
        interview.c.scheduled_at >= bindparam("since"),
        interview.c.scheduled_at < bindparam("until"),
    )
    .order_by(interview.c.scheduled_at, interview.c.number),
    applications,
)


class Interviews:
    """Interviews of a job, and those that a person is about to have."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_job(self, job_number: int, moment: datetime | None = None) -> Sequence[Any]:
        """In the order in which they were agreed; as they were at `moment`."""
        return await _of_job(_INTERVIEWS, self._pool, job_number, moment)

    async def by_number(self, number: int, owner: UUID) -> Any | None:
        return await _INTERVIEWS.by_number.first(self._pool, number=number, owner=owner)

    async def made_at(self, position: int, owner: UUID) -> int | None:
        """The number of the interview whose first event has this position."""
        return await _made_at(_INTERVIEWS, self._pool, position, owner)

    async def upcoming(self, owner: UUID, since: datetime, until: datetime) -> Sequence[Any]:
        """Soonest first, with `company` and `title`."""
        return await _UPCOMING.all(self._pool, owner=owner, since=since, until=until)


class Notes:
    """Notes of a job."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_job(self, job_number: int, moment: datetime | None = None) -> Sequence[Any]:
        """In the order in which they were taken; as they were at `moment`; `valid_from` tells the last change."""
        return await _of_job(_NOTES, self._pool, job_number, moment)

    async def by_number(self, number: int, owner: UUID) -> Any | None:
        return await _NOTES.by_number.first(self._pool, number=number, owner=owner)

    async def made_at(self, position: int, owner: UUID) -> int | None:
        return await _made_at(_NOTES, self._pool, position, owner)


async def _of_job(versions: _Versions, pool: Pool, job_number: int, moment: datetime | None) -> Sequence[Any]:
    if moment is None:
        return await versions.of_job.all(pool, job_number=job_number)
    return await versions.of_job_then.all(pool, job_number=job_number, moment=moment)


async def _made_at(versions: _Versions, pool: Pool, position: int, owner: UUID) -> int | None:
    found = await versions.made_at.first(pool, position=position, owner=owner)
    return None if found is None else found["number"]


def _offers(*conditions: ColumnElement[bool], now: bool) -> Query:
    chosen = _with_first(offer_terms)
    valid = (_now(offer_terms), _now(offer_status)) if now else (at_moment(offer_terms), at_moment(offer_status))
    joined = (
        chosen.add_columns(offer_status.c.status, offer_status.c.decided_at)
        .join(offer_status, offer_status.c.number == offer_terms.c.number)
        .where(*conditions, *valid)
    )
    return Query(joined.order_by(offer_terms.c.number), applications)


_OF_JOB = offer_terms.c.job_number == bindparam("job_number")
_OFFERS, _OFFERS_THEN = _offers(_OF_JOB, now=True), _offers(_OF_JOB, now=False)
_OFFER = _offers(offer_terms.c.number == bindparam("number"), offer_terms.c.owner == _OWNER, now=True)
_OFFER_MADE_AT = Query(
    select(offer_terms.c.number).where(offer_terms.c.position == bindparam("position"), offer_terms.c.owner == _OWNER),
    applications,
)
_negotiations = select(negotiation).order_by(negotiation.c.number, negotiation.c.entry)
_NEGOTIATIONS = Query(_negotiations.where(negotiation.c.job_number == bindparam("job_number")), applications)
_NEGOTIATIONS_THEN = Query(
    _negotiations.where(
        negotiation.c.job_number == bindparam("job_number"), negotiation.c.occurred_at <= bindparam("moment")
    ),
    applications,
)
_NEGOTIATIONS_OF_ONE = Query(_negotiations.where(negotiation.c.number == bindparam("number")), applications)


class Offers:
    """Offers, each with its `negotiations`, oldest first."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_job(self, job_number: int, moment: datetime | None = None) -> Sequence[dict[str, Any]]:
        """In the order in which they were recorded; as they were at `moment`."""
        if moment is None:
            found = await _OFFERS.all(self._pool, job_number=job_number)
            history = await _NEGOTIATIONS.all(self._pool, job_number=job_number) if found else []
        else:
            found = await _OFFERS_THEN.all(self._pool, job_number=job_number, moment=moment)
            history = await _NEGOTIATIONS_THEN.all(self._pool, job_number=job_number, moment=moment) if found else []
        return [_offer(row, history) for row in found]

    async def by_number(self, number: int, owner: UUID) -> dict[str, Any] | None:
        found = await _OFFER.first(self._pool, number=number, owner=owner)
        if found is None:
            return None
        return _offer(found, await _NEGOTIATIONS_OF_ONE.all(self._pool, number=number))

    async def made_at(self, position: int, owner: UUID) -> int | None:
        """The number of the offer whose first event has this position."""
        found = await _OFFER_MADE_AT.first(self._pool, position=position, owner=owner)
        return None if found is None else found["number"]


def _offer(row: Any, history: Sequence[Any]) -> dict[str, Any]:
    return {**row, "negotiations": [one for one in history if one["number"] == row["number"]]}


_follow_ups = select(follow_up, application.c.company, application.c.title).join(
    application, application.c.number == follow_up.c.job_number
)
_FOLLOW_UPS = Query(
    _follow_ups.where(follow_up.c.job_number == bindparam("job_number")).order_by(
        follow_up.c.due_at, follow_up.c.number
    ),
    applications,
)
_FOLLOW_UP = Query(
    _follow_ups.where(follow_up.c.number == bindparam("number"), follow_up.c.owner == _OWNER), applications
)
_FOLLOW_UPS_MADE_AT = Query(
    select(follow_up.c.number)
    .where(
        follow_up.c.position >= bindparam("first"),
        follow_up.c.position <= bindparam("last"),
        follow_up.c.owner == _OWNER,
    )
    .order_by(follow_up.c.position),
    applications,
)
_IS_OPEN = or_(*(follow_up.c.status == status for status in OPEN))
_DUE = Query(
    _follow_ups.where(follow_up.c.owner == _OWNER, _IS_OPEN, follow_up.c.due_at <= bindparam("until")).order_by(
        follow_up.c.due_at, follow_up.c.number
    ),
    applications,
)
_OPEN_OF_JOB = Query(
    select(follow_up.c.number, follow_up.c.only_without_response)
    .where(follow_up.c.job_number == bindparam("job_number"), _IS_OPEN)
    .order_by(follow_up.c.number),
    applications,
)


class FollowUps:
    """Follow-ups, each with `company` and `title` of its job."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_job(self, job_number: int) -> Sequence[Any]:
        """Soonest first."""
        return await _FOLLOW_UPS.all(self._pool, job_number=job_number)

    async def by_number(self, number: int, owner: UUID) -> Any | None:
        return await _FOLLOW_UP.first(self._pool, number=number, owner=owner)

    async def made_at(self, first: int, last: int, owner: UUID) -> Sequence[int]:
        """The numbers of the follow-ups that the events from `first` to `last` scheduled."""
        found = await _FOLLOW_UPS_MADE_AT.all(self._pool, first=first, last=last, owner=owner)
        return [row["number"] for row in found]

    async def due(self, owner: UUID, until: datetime) -> Sequence[Any]:
        """Those that are neither sent nor cancelled and come due by `until`, or came due before; soonest first."""
        return await _DUE.all(self._pool, owner=owner, until=until)

    async def open_of_job(self, job_number: int, *, only_without_response: bool = False) -> Sequence[int]:
        """Numbers of those that are neither sent nor cancelled; perhaps only those that a response makes pointless."""
        found = await _OPEN_OF_JOB.all(self._pool, job_number=job_number)
        return [row["number"] for row in found if row["only_without_response"] or not only_without_response]
