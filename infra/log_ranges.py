"""The log by ranges of positions, for those who fold it from its beginning. Nothing can be appended from here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.append import EpochMismatch
from infra.database import Pool
from infra.recorded_rows import recorded
from schemas.codec import Codec
from schemas.recorded import Recorded

_COLUMNS = """position, stream_id, version, category, type, event_id, owner, data, metadata, occurred_at,
    recorded_at"""
_EVENTS = f"""select {_COLUMNS} from events
    where position > $1 and position <= $2 and type = any($3::text[]) order by position"""
_OF_STREAMS = f"""select {_COLUMNS} from events
    where stream_id = any($1::uuid[]) and position <= $2 and type = any($3::text[]) order by position"""
_RANGE = """select (select epoch from store_epoch) as epoch, (select recorded_at from events where position = $2) as at,
    (select count(*) from events where position > $1 and position <= $2) as events"""


class GapInLog(Exception):
    """Positions are missing from the store, which never happens by itself: rows were removed or restored partly."""

    def __init__(self, after: int) -> None:
        super().__init__(f"the events table has a gap after position {after}")


@dataclass(frozen=True, slots=True)
class Range:
    """What was asked for of the events up to `upto`, which was recorded at `at`."""

    upto: int
    at: datetime | None
    events: Sequence[Recorded]


class LogRanges:
    """Reads whole ranges, of which only the types that are asked for are transferred and opened."""

    def __init__(self, pool: Pool, epoch: UUID, codec: Codec) -> None:
        self._pool, self.epoch, self._codec = pool, epoch, codec

    async def head(self) -> int:
        """The last position, 0 when there is none."""
        found: int = await self._pool.fetchval("select coalesce(max(position), 0) from events")
        return found

    async def read(self, after: int, upto: int, types: Collection[str]) -> Range:
        """The events of these types at positions after + 1 to `upto`, which is there.

        Raises `EpochMismatch`, `GapInLog` (also when `upto` is not there), and what the codec raises.
        """
        [found] = await self._pool.fetch(_RANGE, after, upto)
        if found["epoch"] != self.epoch:
            raise EpochMismatch(self.epoch, str(found["epoch"]))
        if found["events"] != max(upto - after, 0):
            raise GapInLog(after)
        events = await self._opened(await self._pool.fetch(_EVENTS, after, upto, list(types)))
        return Range(upto, found["at"], events)

    async def of_streams(self, ids: Collection[UUID], upto: int, types: Collection[str]) -> Sequence[Recorded]:
        """The events of these streams and types up to a position, in the order of their positions."""
        return await self._opened(await self._pool.fetch(_OF_STREAMS, list(ids), upto, list(types)))

    async def _opened(self, rows: Sequence[Any]) -> Sequence[Recorded]:
        events = [recorded(row, self.epoch, self._codec.decode) for row in rows]
        await self._codec.open(events)
        return events
