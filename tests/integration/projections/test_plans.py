"""A plan is kept for its connection's life, and the tables may grow a thousandfold under it."""

import pytest

from projections.columns import layout
from projections.generations import ensure_generations
from projections.live_updates.fold import live_updates
from projections.live_updates.tables import live_update
from projections.session import Session
from projections.statements import Kind, Shape, text
from tests.integration.projections.recording import Recording

_A_ROW = f"""insert into {live_updates.schema}.live_update
 values (1, 1, gen_random_uuid(), 'announced', 'system', '{{}}', now())"""
_OTHERS = tuple(name for name in layout(live_update).carriers if name not in layout(live_update).key)


@pytest.mark.parametrize(
    "shape",
    [Shape(Kind.FILL, live_update, _OTHERS), Shape(Kind.UPDATE, live_update, _OTHERS), Shape(Kind.DELETE, live_update)],
    ids=lambda shape: shape.kind,
)
async def test_rows_are_found_by_their_key_though_the_table_was_tiny(shape: Shape, recording: Recording) -> None:
    await ensure_generations(recording.pool, [live_updates], recording.store.epoch)
    await recording.pool.execute(_A_ROW)
    await recording.pool.execute(f"analyze {live_updates.schema}.live_update")
    session = Session(recording.database.dsn)
    lease = await session.lease(live_updates.schema)
    assert lease is not None
    values = [None] * (5 + len(shape.columns))
    rows = await lease.fetch(f"explain (costs off) {text(live_updates.schema, (shape,))}", *values)
    await session.close()
    assert "Seq Scan" not in "\n".join(row[0] for row in rows)
