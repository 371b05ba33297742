"""The event store: one table in PostgreSQL, appended to by group commit, read by position or by stream."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

import asyncpg

from infra.append import (
    Append,
    Appended,
    EpochMismatch,
    EventTooLarge,
    IdempotencyKey,
    InvalidAppend,
    NewEvent,
    OutcomeUnknown,
    Status,
    StoreClosed,
    StoreHalted,
    StoreRecovered,
    StoreUnavailable,
    SubjectKey,
)
from infra.append_lane import AppendLane
from infra.database import Database
from infra.lane import Lane

__all__ = [
    "CHANNEL",
    "ROW",
    "Append",
    "Appended",
    "CommandRecord",
    "EpochMismatch",
    "EventStore",
    "EventTooLarge",
    "IdempotencyKey",
    "IdempotencyRecord",
    "InvalidAppend",
    "NewEvent",
    "OutcomeUnknown",
    "Row",
    "Snapshot",
    "Status",
    "StoreClosed",
    "StoreHalted",
    "StoreRecovered",
    "StoreUnavailable",
    "SubjectKey",
]

STREAMS_TOGETHER = 256  # streams in one read
CHANNEL = "jobstream_events"  # notified once per call of the append function, with the last position

# One stored event: position, stream_id, version, category, type, event_id, owner, data, metadata (JSON text),
# occurred_at, recorded_at, command_id and command_last (of an append's first event), and the state of
# the store. `ROW` selects it.
Row = asyncpg.Record

_STATE = ", ".join(f"(select {name} from store_epoch) as {name}" for name in ("epoch", "recoveries", "finding"))
ROW = f"""select position, stream_id, version, category, type, event_id, owner, data, metadata, occurred_at,
    recorded_at, command_id, command_last, {_STATE} from events """
# Lateral, so that whatever size the table had when this was planned it looks up each stream by itself.
STREAMS = f"""select event.* from unnest($1::uuid[], $2::integer[]) wanted(id, after),
    lateral ({ROW} where stream_id = id and version > after order by version) event"""


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """Where a command's events are; `stream_id` is the first event's."""

    stream_id: UUID
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What a client's key led to. Another `body_hash` than the request's: the key was used for something else."""

    body_hash: bytes
    result: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An aggregate's state after `version` events; `topic` names its class."""

    stream_id: UUID
    version: int
    topic: str
    state: bytes


class EventStore:
    """Appends and reads. `epoch` changes when positions may have come to mean other events (a restore, a failover)."""

    def __init__(self, database: Database, epoch: UUID, recoveries: int, lane: AppendLane) -> None:
        self._pool, self.epoch, self._recoveries, self._lane = database.pool, epoch, recoveries, lane
        self._listeners: list[Callable[[int], None]] = []
        self._reading = Lane(self._read_together, STREAMS_TOGETHER)

    @classmethod
    async def open(cls, database: Database) -> Self:
        """The store in a migrated database. Close it before the database."""
        [(epoch, recoveries)] = await database.pool.fetch("select epoch, recoveries from store_epoch")
        return cls(database, epoch, recoveries, AppendLane(database.dsn, epoch, recoveries=recoveries))

    @property
    def waiting(self) -> int:
        """How many of this process's appends have not been sent yet."""
        return self._lane.waiting

    async def close(self) -> None:
        """Take no more appends and carry out those that wait."""
        await self._lane.close()

    async def append(self, append: Append) -> Appended:
        """Store the append as a whole, or nothing of it, in one call with whatever else waits.

        A cancelled caller's append may still be stored. Raises `EventTooLarge`, `InvalidAppend`, `EpochMismatch`,
        `StoreHalted`, `StoreUnavailable`, `StoreClosed` (nothing was stored) or `OutcomeUnknown` (it may have been).
        """
        appended = await self._lane.append(append)
        if appended.status is Status.OK:
            for heard in self._listeners:
                heard(appended.last)
        return appended

    def on_append(self, heard: Callable[[int], None]) -> None:
        """Call `heard` with the last position after each append of this process: sooner than a notification comes."""
        self._listeners.append(heard)

    async def read(self, after: int, limit: int) -> list[Row]:
        """The events at positions after + 1, after + 2, … in their order: complete, since positions are gapless and
        become visible in commit order. Raises `EpochMismatch`, `StoreHalted`.
        """
        rows = await self.select(ROW + "where position > $1 order by position limit $2", after, limit)
        if rows:
            self._check(rows[0])
        return rows

    async def select(self, query: str, *parameters: object) -> list[Row]:
        """What a query that begins with `ROW` finds, for those who look into the log. Raises `EpochMismatch`."""
        rows = await self._pool.fetch(query, *parameters)
        if rows and rows[0]["epoch"] != self.epoch:
            raise EpochMismatch(self.epoch, str(rows[0]["epoch"]))
        return rows

    async def end(self) -> int:
        """As `head`, for those who look into the log: a store that is halted may be looked at."""
        found: int = await self._pool.fetchval("select coalesce(max(position), 0) from events")
        return found

    async def read_stream(self, stream_id: UUID, after_version: int = 0) -> list[Row]:
        """One stream's events by version. Streams that are asked for at one time share a round trip."""
        return await self._reading((stream_id, after_version))

    async def _read_together(self, wanted: Sequence[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], list[Row]]:
        earliest: dict[UUID, int] = {}
        for id, after in wanted:
            earliest[id] = min(after, earliest.get(id, after))
        found = await self.read_streams([*earliest.items()])
        return {(id, after): [row for row in found[id] if row["version"] > after] for id, after in wanted}

    async def read_streams(self, after_versions: Sequence[tuple[UUID, int]]) -> dict[UUID, list[Row]]:
        """Several streams' events, each after a version, in one round trip. A stream without any has an empty list."""
        ids, versions = [id for id, _ in after_versions], [version for _, version in after_versions]
        streams: dict[UUID, list[Row]] = {id: [] for id in ids}
        for row in await self._pool.fetch(STREAMS, ids, versions):
            streams[row["stream_id"]].append(row)
        return streams

    async def head(self) -> int:
        """The last position, 0 when there is none. Raises `EpochMismatch`, `StoreHalted`."""
        rows = await self._pool.fetch(f"select {_STATE}, (select max(position) from events) as head")
        self._check(rows[0])
        return rows[0]["head"] or 0

    async def position_at(self, moment: datetime) -> int:
        """The first position that was recorded at `moment` or later; the one after the last when there is none.

        By halves, over positions: they have no gap, and `recorded_at` never decreases.
        """
        first, after = 1, await self.end() + 1
        while first < after:
            middle = (first + after) // 2
            recorded_at = await self._pool.fetchval("select recorded_at from events where position = $1", middle)
            first, after = (middle + 1, after) if recorded_at < moment else (first, middle)
        return first

    async def look(self, query: str, *parameters: object) -> list[asyncpg.Record]:
        """What any other query finds that looks into the log."""
        return await self._pool.fetch(query, *parameters)

    async def find_command(self, command_id: UUID) -> CommandRecord | None:
        """Where a command's events are, when it has been carried out."""
        query = "select stream_id, position, command_last from events where command_id = $1"
        row = await self._pool.fetchrow(query, command_id)
        return None if row is None else CommandRecord(*row.values())

    async def find_idempotency(self, key: UUID) -> IdempotencyRecord | None:
        """What a client's key led to in the last 24 hours."""
        query = """select body_hash, result, first_position, last_position from idempotency_keys
            where key = $1 and expires_at > clock_timestamp()"""
        row = await self._pool.fetchrow(query, key)
        return None if row is None else IdempotencyRecord(*row.values())

    async def fetch_snapshot(self, stream_id: UUID) -> Snapshot | None:
        """The latest snapshot of a stream."""
        row = await self._pool.fetchrow("select version, topic, state from snapshots where stream_id = $1", stream_id)
        return None if row is None else Snapshot(stream_id, row["version"], row["topic"], row["state"])

    async def save_snapshot(self, stream_id: UUID, version: int, topic: str, state: bytes) -> None:
        """Keep an aggregate's state after `version` events, unless a later one is kept."""
        query = """insert into snapshots (stream_id, version, topic, state) values ($1, $2, $3, $4)
            on conflict (stream_id) do update
                set version = excluded.version, topic = excluded.topic, state = excluded.state
                where snapshots.version < excluded.version"""
        await self._pool.execute(query, stream_id, version, topic, state)

    def _check(self, row: Row) -> None:
        if row["epoch"] != self.epoch:
            raise EpochMismatch(self.epoch, str(row["epoch"]))
        if row["recoveries"] != self._recoveries:
            raise StoreRecovered(self.epoch)
        if row["finding"] is not None:
            raise StoreHalted(row["finding"])
