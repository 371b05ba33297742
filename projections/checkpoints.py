"""What the database says about read models: how far they are, whether they go on, and who has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from infra.leadership import held
from projections.columns import quote
from projections.read_model import ReadModel


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where one read model stands. `event_at` is when the event at `position` was recorded; `error` why it stopped.

    The position lags by up to a second behind events that changed nothing.
    """

    model: str
    position: int
    epoch: UUID
    event_at: datetime | None
    error: str | None
    error_position: int | None
    projected: bool

    @property
    def stopped(self) -> bool:
        """Whether it goes no further for now: it failed, or no process projects it."""
        return self.error is not None or not self.projected


async def checkpoints(pool: asyncpg.Pool, models: Sequence[ReadModel]) -> list[Checkpoint]:
    """The checkpoints of `models`, which have generations, in two queries. Raises asyncpg's errors, `OSError`."""
    columns = "position, epoch, event_at, error, error_position"
    each = [f"select '{one.schema}' as model, {columns} from {quote(one.schema)}.checkpoint" for one in models]
    projected = await held(pool, [model.schema for model in models])
    rows = await pool.fetch(" union all ".join(each))
    return [Checkpoint(**row, projected=row["model"] in projected) for row in rows]
