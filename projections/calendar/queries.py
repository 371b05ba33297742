"""What is asked of the calendar read model."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from domain.calendar.kinds import Removal
from infra.database import Pool
from projections.calendar.fold import calendar
from projections.calendar.tables import calendar_event
from projections.query import Query

_THERE = calendar_event.c.removed_for.is_(None)
_events = select(calendar_event).order_by(calendar_event.c.starts_at, calendar_event.c.id)

_BY_ID = Query(select(calendar_event).where(calendar_event.c.id == bindparam("id")), calendar)
_MADE_AT = Query(
    select(calendar_event).where(
        calendar_event.c.position == bindparam("position"), calendar_event.c.owner == bindparam("owner")
    ),
    calendar,
)
# What has begun is still to come to its end, a day that began at midnight in particular.
_UPCOMING = Query(
    _events.where(
        _THERE,
        calendar_event.c.owner == bindparam("owner"),
        calendar_event.c.ends_at > bindparam("now"),
        calendar_event.c.starts_at < bindparam("until"),
    ).limit(bindparam("limit")),
    calendar,
)
_OF_JOB = Query(_events.where(_THERE, calendar_event.c.job_number == bindparam("job_number")), calendar)
_TO_END = Query(
    _events.where(
        _THERE, calendar_event.c.job_number == bindparam("job_number"), calendar_event.c.starts_at > bindparam("now")
    ),
    calendar,
)
_ENDED = Query(
    _events.where(
        calendar_event.c.job_number == bindparam("job_number"),
        calendar_event.c.removed_for == Removal.APPLICATION_ENDED.value,
        calendar_event.c.ends_at > bindparam("now"),
    ),
    calendar,
)
_FEED = Query(
    _events.where(calendar_event.c.owner == bindparam("owner"), calendar_event.c.ends_at > bindparam("since")), calendar
)


class Calendar:
    """Rows of events, the next first. `owner` limits them to one person; None sees all."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_id(self, id: UUID, owner: UUID | None) -> Any | None:
        """The event, removed or not."""
        row = await _BY_ID.first(self._pool, id=id)
        return row if row is not None and owner in (None, row["owner"]) else None

    async def made_at(self, position: int, owner: UUID) -> Any | None:
        """The event that was made at this position."""
        return await _MADE_AT.first(self._pool, position=position, owner=owner)

    async def upcoming(self, owner: UUID, now: datetime, until: datetime, limit: int) -> list[Any]:
        """What is not over and begins before `until`."""
        return await _UPCOMING.all(self._pool, owner=owner, now=now, until=until, limit=limit)

    async def of_job(self, job_number: int) -> list[Any]:
        return await _OF_JOB.all(self._pool, job_number=job_number)

    async def still_to_come(self, job_number: int, now: datetime) -> Sequence[UUID]:
        """The events of a job that have not begun."""
        return [row["id"] for row in await _TO_END.all(self._pool, job_number=job_number, now=now)]

    async def taken_away(self, job_number: int, now: datetime) -> Sequence[UUID]:
        """The events of a job that went when its application ended, and would not be over."""
        return [row["id"] for row in await _ENDED.all(self._pool, job_number=job_number, now=now)]

    async def feed(self, owner: UUID, since: datetime) -> list[Any]:
        """A person's events that ended after `since`, removed ones among them."""
        return await _FEED.all(self._pool, owner=owner, since=since)
