"""A plan is kept for some minutes, and the table may grow a thousandfold under it."""

from uuid import uuid4

from infra.event_store import ROW, STREAMS, EventStore
from tests.appends import starting


async def _plan(store: EventStore, query: str, *values: object) -> str:
    return "\n".join(row[0] for row in await store.look(f"explain (costs off) {query}", *values))


async def test_streams_are_looked_up_one_by_one_though_the_table_was_tiny(store: EventStore) -> None:
    await store.append(starting(events=2))
    await store.look("analyze events")
    assert "Index Scan using events_stream" in (plan := await _plan(store, STREAMS, [uuid4()] * 50, [0] * 50))
    assert "Join" not in plan


async def test_the_log_is_read_from_a_position_though_the_table_was_tiny(store: EventStore) -> None:
    await store.append(starting(events=2))
    await store.look("analyze events")
    plan = await _plan(store, ROW + "where position > $1 order by position limit $2", 1, 10)
    assert "Index Scan using events_pkey" in plan
