"""What is asked of the live updates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from infra.database import Pool
from projections.live_updates.fold import live_updates
from projections.live_updates.tables import live_channel, live_update
from projections.query import Query

_AFTER = Query(
    select(
        live_update.c.position,
        live_update.c.owner,
        live_update.c.kind,
        live_update.c.channel,
        live_update.c.data,
        live_update.c.occurred_at,
    )
    .where(
        live_update.c.position > bindparam("position"),
        live_update.c.owner == any_(bindparam("owners", type_=ARRAY(Uuid))),
    )
    .order_by(live_update.c.position)
    .limit(bindparam("limit")),
    live_updates,
)
_CHANNELS = Query(select(live_channel.c.channel, live_channel.c.last_event), live_updates)


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """Something to tell `owner`, or everybody; `data` by the names of `kind`'s event."""

    position: int
    owner: UUID
    kind: str
    channel: str
    data: Mapping[str, Any]
    occurred_at: datetime


class LiveUpdates:
    """The updates that are kept, by position."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def after(self, position: int, owners: Collection[UUID], limit: int) -> Sequence[LiveUpdate]:
        """The first `limit` after `position` for any of `owners`, in order."""
        rows = await _AFTER.all(self._pool, position=position, owners=list(owners), limit=limit)
        return [LiveUpdate(**row) for row in rows]

    async def last_events(self) -> Mapping[str, datetime]:
        """When the latest event of each channel that had any happened."""
        return {row["channel"]: row["last_event"] for row in await _CHANNELS.all(self._pool)}
