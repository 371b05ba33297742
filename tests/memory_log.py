"""An event log in memory: what aggregates are loaded from and appended to where no database is needed.

The real `Aggregates` and the real codec run over it, so that whatever a test records has been through its schema.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from infra.append import Append, Appended, Status, check
from infra.event_store import CommandRecord, IdempotencyRecord, Snapshot

EPOCH = UUID("0192f0c1-0000-7000-8000-0000000000ee")


@dataclass
class MemoryLog:
    """Stands for the event store and for the table of subjects' keys."""

    epoch: UUID = EPOCH
    rows: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[UUID, bytes | None] = field(default_factory=dict)
    _commands: dict[UUID, CommandRecord] = field(default_factory=dict)
    _idempotency: dict[UUID, IdempotencyRecord] = field(default_factory=dict)
    _snapshots: dict[UUID, Snapshot] = field(default_factory=dict)

    async def load(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        return {subject: self.keys[subject] for subject in subjects if subject in self.keys}

    async def append(self, append: Append) -> Appended:
        checked = check(append)
        if before := self._before(append):
            return Appended(Status.DUPLICATE, before.first, before.last)
        new = {key.subject: key.wrapped for key in append.subject_keys}
        if any(self._version(stream) != version for stream, version in checked.heads) or new.keys() & self.keys.keys():
            return Appended(Status.CONFLICT, 0, 0)
        first = len(self.rows) + 1
        for position, event in enumerate(append.events, start=first):
            names = ("stream_id", "version", "category", "type", "event_id", "owner", "data", "occurred_at")
            row = {name: getattr(event, name) for name in names}
            metadata = dict(append.metadata)
            self.rows.append(row | {"position": position, "metadata": metadata, "recorded_at": event.occurred_at})
        self.keys.update(new)
        self.keys.update(dict.fromkeys(append.erase))
        self._remember(append, first, len(self.rows))
        return Appended(Status.OK, first, len(self.rows))

    async def read_stream(self, stream_id: UUID, after_version: int = 0) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["stream_id"] == stream_id and row["version"] > after_version]

    async def read(self, after: int, limit: int) -> list[dict[str, Any]]:
        return self.rows[after : after + limit]

    async def find_command(self, command_id: UUID) -> CommandRecord | None:
        return self._commands.get(command_id)

    async def find_idempotency(self, key: UUID) -> IdempotencyRecord | None:
        return self._idempotency.get(key)

    async def fetch_snapshot(self, stream_id: UUID) -> Snapshot | None:
        return self._snapshots.get(stream_id)

    async def save_snapshot(self, stream_id: UUID, version: int, topic: str, state: bytes) -> None:
        self._snapshots[stream_id] = Snapshot(stream_id, version, topic, state)

    def _version(self, stream_id: UUID) -> int:
        return sum(row["stream_id"] == stream_id for row in self.rows)

    def _before(self, append: Append) -> CommandRecord | IdempotencyRecord | None:
        if append.command_id in self._commands:
            return self._commands[append.command_id]
        return None if append.idempotency is None else self._idempotency.get(append.idempotency.key)

    def _remember(self, append: Append, first: int, last: int) -> None:
        if append.command_id is not None:
            self._commands[append.command_id] = CommandRecord(append.events[0].stream_id, first, last)
        if append.idempotency is not None:
            key = append.idempotency
            self._idempotency[key.key] = IdempotencyRecord(key.body_hash, key.result, first, last)
