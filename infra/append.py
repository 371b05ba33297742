"""What is asked of the event store, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson

EVENT_BYTES = 900_000  # below the broker's limit of 1,000,000 with headers: what is stored can be relayed
_NUL = "\x00"


class EventTooLarge(Exception):
    """An event's data has more than `EVENT_BYTES` bytes. Nothing of its append was stored."""

    def __init__(self, type: str, size: int) -> None:
        super().__init__(f"{type} has {size} bytes, more than the {EVENT_BYTES} an event may have")
        self.type, self.size = type, size


class InvalidAppend(ValueError):
    """An append contradicts itself or holds text that PostgreSQL refuses: a defect of whoever made it."""


class OperatorNeeded(Exception):
    """Nothing goes on by itself. The message says what was found and what to do."""


class EpochMismatch(OperatorNeeded):
    """The database was restored or failed over since this process read its epoch: positions may mean other events now.

    Nothing was stored. Everything that holds positions has to be started afresh.
    """

    def __init__(self, ours: UUID, stores: str) -> None:
        super().__init__(f"the event store is in epoch {stores}, this process in {ours}: stop it, and start it again")
        self.ours, self.stores = ours, stores


class StoreRecovered(EpochMismatch):
    """Lost events were brought back since this process read from the store: what it remembers may never have been.

    Nothing was stored. The process has to be started afresh.
    """

    def __init__(self, epoch: UUID) -> None:
        super().__init__(epoch, str(epoch))
        self.args = ("the event store was recovered since this process started: stop it, and start it again",)


class StoreUnavailable(Exception):
    """The database could not be reached for some time, or has no room. Nothing of the append was stored."""


class StoreHalted(StoreUnavailable, OperatorNeeded):
    """The store is not what Kafka has seen, or that is not known yet: a new event might take a lost one's position.

    Nothing was stored. Says what was found and what to do.
    """


UNPROVEN = (
    "PostgreSQL was started, restored or failed over, and no relay has compared the event store with Kafka since: "
    "start a relay, and see that it reaches Kafka. To go on without Kafka: jobstream recover --new-epoch"
)


class OutcomeUnknown(StoreUnavailable):
    """The connection died during the append and did not come back: it may have been stored or not."""


class StoreClosed(Exception):
    """The store takes no more appends: the process is stopping. Nothing of the append was stored."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be stored. `version` is its place in its stream, from 1; `data` the bytes as they are relayed."""

    stream_id: UUID
    version: int
    category: str
    type: str
    event_id: UUID
    owner: UUID
    data: bytes
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key, kept for 24 hours with the hash of its request's body and the ids it led to."""

    key: UUID
    body_hash: bytes
    result: str


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The wrapped key of a new subject."""

    subject: UUID
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """Events of one or several streams that are stored together or not at all, and what goes with them.

    Each stream's events have consecutive versions. `command_id` is kept for ever, with the first event.
    `unchanged` are further streams with the versions that they still have to have.
    """

    events: tuple[NewEvent, ...]
    metadata: Mapping[str, str]
    command_id: UUID | None = None
    idempotency: IdempotencyKey | None = None
    subject_keys: tuple[SubjectKey, ...] = ()
    erase: tuple[UUID, ...] = ()
    unchanged: tuple[tuple[UUID, int], ...] = ()


class Status(StrEnum):
    """`CONFLICT`: a stream has other events by now, or a subject already has a key. `DUPLICATE`: the command id or
    idempotency key was there before.
    """

    OK = "ok"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Appended:
    """Positions of an append's first and last event: a duplicate's of the first time; 0 for a conflict or no event."""

    status: Status
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CheckedAppend:
    """An append that has been found sound: what the lane needs to know of it."""

    append: Append
    metadata: str  # as JSON
    heads: tuple[tuple[UUID, int], ...] = field(repr=False)  # each stream with the version that it has to have
    claims: tuple[UUID, ...] = field(repr=False)  # ids that must be in one append of a call only
    size: int  # bytes of data


def check(append: Append) -> CheckedAppend:
    """Refuse what could not be stored or relayed. Raises `EventTooLarge` or `InvalidAppend`."""
    latest: dict[UUID, int] = {}
    heads: dict[UUID, int] = {}
    size = 0
    for event in append.events:
        stream, version, length = event.stream_id, event.version, len(event.data)
        if length > EVENT_BYTES:
            raise EventTooLarge(event.type, length)
        before = latest.get(stream)
        if before is None:
            before = heads[stream] = version - 1
        if version != before + 1 or version < 1:
            raise InvalidAppend(f"{event.type} has version {version} after {before} in stream {stream}")
        if event.occurred_at.tzinfo is None:
            raise InvalidAppend(f"{event.type} occurred at a time without a zone")
        latest[stream] = version
        size += length
    heads = {**dict(append.unchanged), **heads}
    for name, value in append.metadata.items():
        if _NUL in name or _NUL in value:
            raise InvalidAppend(f"metadata {name!r} holds a NUL character, which PostgreSQL cannot store")
    return CheckedAppend(append, _json(append.metadata), tuple(heads.items()), _claims(append, heads), size)


def _json(metadata: Mapping[str, str]) -> str:
    try:
        return orjson.dumps(metadata).decode()
    except orjson.JSONEncodeError as error:
        raise InvalidAppend(f"metadata cannot be stored: {error}") from None


def _claims(append: Append, heads: Mapping[UUID, int]) -> tuple[UUID, ...]:
    if append.command_id is None and append.idempotency is None and not append.subject_keys and not append.erase:
        return tuple(heads)
    claims = list(heads)
    if append.command_id is not None:
        if not append.events:
            raise InvalidAppend("a command id is kept with the first event, and there is none")
        claims.append(append.command_id)
    if append.idempotency is not None:
        claims.append(append.idempotency.key)
    subjects = [key.subject for key in append.subject_keys] + list(append.erase)
    if len(set(subjects)) < len(subjects):
        raise InvalidAppend("a subject is named twice")
    return (*claims, *subjects)
