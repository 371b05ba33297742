"""A key ring for tests without I/O: keys in a dictionary, and a clock that stands until it is moved."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.personal import AppendKeys
from schemas.registry import Registry

MASTER = MasterKey(bytes(range(32)))


@dataclass
class KeyTable:
    """What `subject_keys` holds, and the queries that it was asked."""

    rows: dict[UUID, bytes | None] = field(default_factory=dict)
    queries: list[frozenset[UUID]] = field(default_factory=list)

    async def load(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        self.queries.append(frozenset(subjects))
        return {subject: self.rows[subject] for subject in subjects if subject in self.rows}

    def store(self, keys: AppendKeys) -> None:
        """What a successful append does."""
        self.rows.update((new.subject, new.wrapped) for new in keys.created)

    def erase(self, subject: UUID) -> None:
        self.rows[subject] = None


@dataclass
class Seconds:
    present: float = 1000.0

    def __call__(self) -> float:
        return self.present


@dataclass
class Process:
    """One process that writes and reads events, with a key ring of its own."""

    table: KeyTable = field(default_factory=KeyTable)
    seconds: Seconds = field(default_factory=Seconds)
    registry: Registry = field(default_factory=Registry)
    capacity: int = 100

    def __post_init__(self) -> None:
        self.ring = KeyRing(self.table, MASTER, capacity=self.capacity, seconds=self.seconds)
        self.codec = Codec(self.registry, self.ring)
