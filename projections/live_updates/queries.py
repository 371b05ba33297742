"""What is asked of the live updates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from infra.database import Pool
from projections.columns import quote
from projections.live_updates.fold import Kind, live_updates
from projections.live_updates.tables import live_channel
from projections.query import Query

# With the checkpoint of the same snapshot: up to it nothing is missing, whatever this process has heard of it.
_AFTER = f"""
select c.position as folded, u.* from {quote(live_updates.schema)}.checkpoint c left join lateral (
 select position, owner, kind, channel, data, occurred_at from {quote(live_updates.schema)}.live_update
  where position > $1 and owner = any($2) order by position limit $3) u on true order by u.position"""
_CHANNELS = Query(select(live_channel.c.channel, live_channel.c.last_event), live_updates)


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """Something to tell `owner`, or everybody; `data` by the names of the event's fields."""

    position: int
    owner: UUID
    kind: Kind
    channel: str
    data: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Updates in order, complete up to the position `until`; after it there may be `more` already."""

    updates: Sequence[LiveUpdate]
    until: int
    more: bool


class LiveUpdates:
    """The updates that are kept, by position."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def after(self, position: int, owners: Collection[UUID], limit: int) -> Page:
        """The first `limit` after `position` for any of `owners`."""
        rows = await self._pool.fetch(_AFTER, position, list(owners), limit)
        updates = [_update(row) for row in rows if row["position"] is not None]
        last = updates[-1].position if updates else position
        if len(updates) == limit:
            return Page(updates, last, more=True)
        return Page(updates, max(last, rows[0]["folded"]), more=False)

    async def last_events(self) -> Mapping[str, datetime]:
        """When the latest event of each channel that had any happened."""
        return {row["channel"]: row["last_event"] for row in await _CHANNELS.all(self._pool)}


def _update(row: Any) -> LiveUpdate:
    return LiveUpdate(
        row["position"], row["owner"], Kind(row["kind"]), row["channel"], orjson.loads(row["data"]), row["occurred_at"]
    )
