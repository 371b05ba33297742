"""What becomes of read models when the log was restored: they are in the same database, but may be ahead of it."""

from collections.abc import Sequence
from uuid import UUID

from infra.database import Pool
from projections.columns import quote
from projections.generations import drop_generation, ensure_generations, generations
from projections.read_model import ReadModel


async def settle(pool: Pool, models: Sequence[ReadModel], head: int, epoch: UUID) -> list[str]:
    """Take the generations that have folded nothing beyond `head` into `epoch`; the others are begun afresh.

    A read model is ahead when its projector still had events in memory that the log has lost. The schemas that were
    begun afresh. Raises asyncpg's errors.
    """
    ahead = []
    for model in models:
        for schema in (model.schema, *await generations(pool, model)):
            checkpoint = f"{quote(schema)}.checkpoint"
            if await pool.fetchval(f"select position from {checkpoint}") > head:
                await drop_generation(pool, schema)
                ahead.append(schema)
            else:
                await pool.execute(f"update {checkpoint} set epoch = $1 where epoch <> $1", epoch)
    await ensure_generations(pool, models, epoch)
    return ahead
