"""Short ways to make appends, and what must hold of every event store."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from infra.append import Append, NewEvent
from infra.identifiers import new_id

OWNER = UUID(int=7)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def happened(stream: UUID, version: int, data: bytes = b"\x00data", type: str = "RoutingSynced") -> NewEvent:
    return NewEvent(stream, version, "dispatch", type, new_id(), OWNER, data, NOON)


def appending(*events: NewEvent, **more: Any) -> Append:
    return Append(events, {"correlation_id": "c", "actor": "tests"}, **more)


def starting(streams: int = 1, events: int = 1, **more: Any) -> Append:
    """An append that begins so many new streams with so many events each."""
    ids = [uuid4() for _ in range(streams)]
    return appending(*(happened(id, version) for id in ids for version in range(1, events + 1)), **more)


async def assert_sound(pool: "asyncpg.Pool[asyncpg.Record]") -> int:
    """Positions without a gap, streams without a gap, time that never goes back. Answers the last position."""
    gaps = await pool.fetch("""
        select position from (select position, lag(position, 1, 0::bigint) over (order by position) as before,
            recorded_at, lag(recorded_at) over (order by position) as earlier from events) e
        where position <> before + 1 or recorded_at < earlier""")
    assert gaps == []
    broken = await pool.fetch(
        "select stream_id from events group by 1 having max(version) <> count(*) or min(version) <> 1"
    )
    assert broken == []
    return int(await pool.fetchval("select coalesce(max(position), 0) from events"))
