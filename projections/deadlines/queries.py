"""What is due."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from infra.database import Pool
from projections.columns import quote
from projections.deadlines.fold import deadlines
from streams.deadlines import Deadline

# What was fired is no part of the fold: a rebuilt read model shows what is set, and what was fired stays fired.
_DUE = f"""
select command_id, cause, kind, stream_id, owner, due_at, correlation_id from {quote(deadlines.schema)}.deadline d
 where due_at <= $1 and not exists (select 1 from fired_deadlines f where f.command_id = d.command_id)
 order by due_at limit $2"""
_WAITING = f"""
select count(*) from {quote(deadlines.schema)}.deadline d
 where due_at <= $1 and not exists (select 1 from fired_deadlines f where f.command_id = d.command_id)"""
_FIRED = "insert into fired_deadlines(command_id) select unnest($1::uuid[]) on conflict do nothing"


class DueDeadlines:
    """The deadlines read model, less what was fired."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, now: datetime, limit: int) -> Sequence[Deadline]:
        return [Deadline(**row) for row in await self._pool.fetch(_DUE, now, limit)]

    async def waiting(self, now: datetime) -> int:
        """How many are due and not fired."""
        found: int = await self._pool.fetchval(_WAITING, now)
        return found

    async def fired(self, command_ids: Sequence[UUID]) -> None:
        await self._pool.execute(_FIRED, list(command_ids))
