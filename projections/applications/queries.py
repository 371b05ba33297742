"""What is asked of jobs and of how far their applications have come. Everything is one person's: `owner`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Table, and_, bindparam, func, or_, select

from domain.applications.statuses import ACTIVE
from infra.database import Pool
from projections.applications.fold import applications
from projections.applications.tables import application, entry, posting, progress, tally
from projections.query import Query

_OWNER = application.c.owner == bindparam("owner")
_STATUS = application.c.status == bindparam("status")
# Said again as the index says it, or PostgreSQL does not see that it serves.
_SCORE = and_(application.c.match_score.isnot(None), application.c.match_score >= bindparam("min_score"))


def at_moment(table: Table) -> ColumnElement[bool]:
    """The version that was valid at the parameter `moment`."""
    moment: BindParameter[Any] = bindparam("moment")
    return and_(table.c.valid_from <= moment, or_(table.c.valid_to.is_(None), table.c.valid_to > moment))


_JOB = Query(
    select(application, posting.c.description)
    .join(posting, and_(posting.c.number == application.c.number, posting.c.valid_to.is_(None)))
    .where(application.c.number == bindparam("number"), _OWNER),
    applications,
)
_first = posting.alias("first")
_JOB_THEN = Query(
    select(
        posting.c.number,
        _first.c.reference,
        *(posting.c[name] for name in ("company", "title", "description", "url", "location")),
        *(posting.c[name] for name in ("salary_min", "salary_max", "source")),
        progress.c.status,
        _first.c.valid_from.label("created_at"),
        func.greatest(posting.c.valid_from, progress.c.valid_from).label("updated_at"),
    )
    .join(progress, progress.c.number == posting.c.number)
    .join(_first, and_(_first.c.number == posting.c.number, _first.c.version == 1))
    .where(
        posting.c.number == bindparam("number"),
        progress.c.owner == bindparam("owner"),
        at_moment(posting),
        at_moment(progress),
    )
    .order_by(posting.c.version.desc(), progress.c.version.desc())
    .limit(1),
    applications,
)
_MADE_AT = Query(
    select(application.c.number).where(application.c.position == bindparam("position"), _OWNER), applications
)
_ACTIVE = Query(
    select(application.c.number)
    .where(_OWNER, or_(*(application.c.status == status.value for status in sorted(ACTIVE))))
    .order_by(application.c.number),
    applications,
)
_ENTRIES = Query(select(entry).where(entry.c.number == bindparam("number")).order_by(entry.c.position), applications)
_ENTRIES_THEN = Query(
    select(entry)
    .where(entry.c.number == bindparam("number"), entry.c.occurred_at <= bindparam("moment"))
    .order_by(entry.c.position),
    applications,
)


_LISTED = ("number", "company", "title", "status", "match_score", "created_at")
_of_owner = select(func.coalesce(func.sum(tally.c.count), 0).label("total")).where(tally.c.owner == bindparam("owner"))


def _count(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(func.count().label("total")).select_from(application).where(_OWNER, *conditions)


# By the filters that are given: status, min_score.
_FILTERS: Mapping[frozenset[str], tuple[ColumnElement[bool], ...]] = {
    frozenset(): (),
    frozenset({"status"}): (_STATUS,),
    frozenset({"min_score"}): (_SCORE,),
    frozenset({"status", "min_score"}): (_STATUS, _SCORE),
}
_COUNTS: Mapping[frozenset[str], Select[Any]] = {
    frozenset(): _of_owner,
    frozenset({"status"}): _of_owner.where(tally.c.status == bindparam("status")),
    frozenset({"min_score"}): _count(_SCORE),
    frozenset({"status", "min_score"}): _count(_STATUS, _SCORE),
}


def _page(given: frozenset[str]) -> Query:
    total = _COUNTS[given].scalar_subquery().label("total")
    newest = (
        select(*(application.c[name] for name in _LISTED), total)
        .where(_OWNER, *_FILTERS[given])
        .order_by(application.c.number.desc())
    )
    return Query(newest.offset(bindparam("skip")).limit(bindparam("limit")), applications)


_PAGES = {given: _page(given) for given in _FILTERS}
_TOTALS = {given: Query(count, applications) for given, count in _COUNTS.items()}


class Jobs:
    """Jobs with their applications, by number."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_number(self, number: int, owner: UUID) -> Any | None:
        return await _JOB.first(self._pool, number=number, owner=owner)

    async def as_of(self, number: int, owner: UUID, moment: datetime) -> Any | None:
        """The job as it was then; one that was removed since still answers for its time."""
        return await _JOB_THEN.first(self._pool, number=number, owner=owner, moment=moment)

    async def made_at(self, position: int, owner: UUID) -> int | None:
        """The number of the job whose first event has this position: what a repeated request had made."""
        found = await _MADE_AT.first(self._pool, position=position, owner=owner)
        return None if found is None else found["number"]

    async def page(
        self, owner: UUID, skip: int, limit: int, status: str | None = None, min_score: float | None = None
    ) -> Sequence[Any]:
        """Newest first, as lists show them, each with the `total` that the pages have together."""
        given = _given(status, min_score)
        return await _PAGES[frozenset(given)].all(self._pool, owner=owner, skip=skip, limit=limit, **given)

    async def total(self, owner: UUID, status: str | None = None, min_score: float | None = None) -> int:
        """How many there are in all pages: from counters, where no score is asked for."""
        given = _given(status, min_score)
        found = await _TOTALS[frozenset(given)].first(self._pool, owner=owner, **given)
        return int(found["total"]) if found is not None else 0

    async def listed(
        self, owner: UUID, skip: int, limit: int, status: str | None = None, min_score: float | None = None
    ) -> tuple[Sequence[Any], int]:
        """A page and the total: by one query, unless the page is empty."""
        rows = await self.page(owner, skip, limit, status, min_score)
        return rows, int(rows[0]["total"]) if rows else await self.total(owner, status, min_score)

    async def active(self, owner: UUID) -> Sequence[int]:
        """The jobs whose applications the acceptance of another offer withdraws."""
        return [row["number"] for row in await _ACTIVE.all(self._pool, owner=owner)]

    async def history(self, number: int, moment: datetime | None = None) -> Sequence[Any]:
        """What happened in an application, oldest first; until `moment`. Whose it is, is for the caller to check."""
        if moment is None:
            return await _ENTRIES.all(self._pool, number=number)
        return await _ENTRIES_THEN.all(self._pool, number=number, moment=moment)


def _given(status: str | None, min_score: float | None) -> Mapping[str, Any]:
    filters = {"status": status, "min_score": min_score}
    return {name: value for name, value in filters.items() if value is not None}
