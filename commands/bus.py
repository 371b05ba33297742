"""Runs commands: load, decide, append once, and again from the start when somebody else was first.

The ports that handlers see are protocols here; `infra` and `projections` implement them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from domain.aggregate import Aggregate
from domain.clock import Clock
from domain.dispatch.matching import Candidate
from domain.errors import DomainError, NotFound
from domain.numbers import Kind
from schemas.recorded import Recorded

A = TypeVar("A", bound=Aggregate)
H = TypeVar("H", bound="Handler")
R = TypeVar("R", bound="Recalls")

RERUNS = 8


class Conflict(Exception):
    """Others kept changing the same streams first, `RERUNS` times in a row. Trying again later may succeed."""


class KeyReused(Exception):
    """An idempotency key came again with another request body."""


class Unavailable(Exception):
    """The event store cannot take the command now; whether it was recorded is unknown unless it carried an id."""


class Halted(Unavailable):
    """The event store takes nothing until an operator has decided; says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's promise that two requests are one: scoped by actor and route, with the body's hash."""

    key: UUID
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends a command, and what it follows from. `command_id` makes a repeated command change nothing.

    New streams belong to `owner`; streams of others are unknown to the sender, unless `any_owner` (agents, operators).
    """

    actor: str
    owner: UUID
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    command_id: UUID | None = None
    idempotency: IdempotencyKey | None = None
    any_owner: bool = False

    def metadata(self, command: str) -> dict[str, str]:
        """What is recorded beside each event of the append."""
        optional = {"causation_id": self.causation_id, "traceparent": self.traceparent}
        present = {name: value for name, value in optional.items() if value}
        return {"correlation_id": self.correlation_id, "actor": self.actor, "command": command, **present}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: its main stream, its positions in the log, and the handler's own answer.

    A `duplicate` was carried out before: all is as the first time, but `result` is None where nothing `recalls` it.
    A command that found nothing to do has position 0.
    """

    id: UUID | None
    first: int
    last: int
    result: Any = None
    duplicate: bool = False


class Directory(Protocol):
    """Companies that take jobs, from a read model: it may lag behind the log."""

    async def candidates(self) -> Sequence[Candidate]: ...


class Numbers(Protocol):
    """Integer ids, each given out once. A run that is not recorded leaves a gap."""

    async def next(self, kind: Kind) -> int: ...
    async def block(self, kind: Kind, count: int) -> Sequence[int]: ...


class Streams(Protocol):
    """Aggregates by stream. `read` may be slightly stale and must not be changed; `load` is checked when appended."""

    async def load(self, kind: type[A], id: UUID, *, fresh: bool) -> A: ...
    async def read(self, kind: type[A], id: UUID) -> A: ...
    async def append(self, work: "Work", envelope: Envelope, command: str) -> Outcome | None: ...
    async def find_command(self, command_id: UUID) -> Outcome | None: ...
    async def find_idempotent(self, key: IdempotencyKey) -> Outcome | None: ...
    async def recorded(self, outcome: Outcome) -> Sequence[Recorded]: ...
    def release(self, work: "Work") -> None: ...


@dataclass(slots=True)
class Work:
    """One run of one handler: what it loaded and made, and the ports it may use. Appended as a whole, or not at all.

    A handler that makes streams on behalf of another tenant than the sender's sets `owner`.
    """

    streams: Streams
    directory: Directory
    numbers: Numbers
    clock: Clock
    new_id: Callable[[], UUID]
    chance: Callable[[], float]
    fresh: bool = False
    tenant: UUID | None = None
    owner: UUID | None = None
    touched: list[Aggregate] = field(default_factory=list)
    erased: list[UUID] = field(default_factory=list)

    def begun(self, fresh: bool, tenant: UUID | None) -> "Work":
        """Another one over the same ports, with nothing touched. (`dataclasses.replace` takes five times as long.)"""
        return Work(self.streams, self.directory, self.numbers, self.clock, self.new_id, self.chance, fresh, tenant)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def load(self, kind: type[A], id: UUID) -> A:
        """The aggregate, to be changed. Raises `NotFound`."""
        for known in self.touched:
            if known.id == id and isinstance(known, kind):
                return known
        aggregate = await self.streams.load(kind, id, fresh=self.fresh)
        self.touched.append(aggregate)
        return self._known(aggregate)

    async def read(self, kind: type[A], id: UUID) -> A:
        """The aggregate, to be looked at only. Raises `NotFound`."""
        return self._known(await self.streams.read(kind, id))

    def _known(self, aggregate: A) -> A:
        """Another tenant's stream might as well not exist."""
        if self.tenant is not None and aggregate.owner != self.tenant:
            raise NotFound(spoken(type(aggregate)), aggregate.id)
        return aggregate

    def add(self, aggregate: A) -> A:
        """Take a new aggregate into the append."""
        self.touched.append(aggregate)
        return aggregate

    def lead(self, aggregate: A) -> A:
        """Take a new aggregate into the append as its main stream: the one that the outcome names."""
        self.touched.insert(0, aggregate)
        return aggregate

    def erase(self, subject_id: UUID) -> None:
        """Destroy a subject's key together with the append."""
        self.erased.append(subject_id)


def spoken(kind: type[Aggregate]) -> str:
    """A kind of aggregate as people say it: `ServiceJob` is a "Service job", unless it says otherwise itself."""
    if kind.SPOKEN is not None:
        return kind.SPOKEN
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)
    return words.strip().capitalize()


Handler = Callable[[Any, Work], Awaitable[Any]]
_HANDLERS: dict[type, Handler] = {}


def handles(command: type) -> Callable[[H], H]:
    """Register the handler of a command; each command has one."""

    def register(handler: H) -> H:
        if command in _HANDLERS:
            raise ValueError(f"{command.__name__} has a handler already")
        _HANDLERS[command] = handler
        return handler

    return register


Recalls = Callable[[Sequence[Recorded]], Any]
_RECALLS: dict[type, Recalls] = {}


def recalls(command: type) -> Callable[[R], R]:
    """Register how a command that was carried out before answers again: from the events that it recorded then."""

    def register(recall: R) -> R:
        _RECALLS[command] = recall
        return recall

    return register


class Bus:
    """Sends commands to their handlers."""

    def __init__(self, work: Work) -> None:
        self._blank = work

    async def send(self, command: Any, envelope: Envelope) -> Outcome:
        """Carry the command out, once for its command id or idempotency key.

        Raises the handler's `DomainError`, `Conflict`, `KeyReused` or `Unavailable`; nothing is recorded then.
        """
        outcome = await self._outcome(command, envelope)
        recall = _RECALLS.get(type(command)) if outcome.duplicate else None
        if recall is None:
            return outcome
        return replace(outcome, result=recall(await self._blank.streams.recorded(outcome)))

    async def _outcome(self, command: Any, envelope: Envelope) -> Outcome:
        if envelope.idempotency and (before := await self._blank.streams.find_idempotent(envelope.idempotency)):
            return before
        handler, name = _HANDLERS[type(command)], type(command).__name__
        for attempt in range(RERUNS):
            outcome = await self._run(handler, name, command, envelope, fresh=attempt > 0)
            if outcome is not None:
                return outcome
        raise Conflict(f"{name} met a concurrent change {RERUNS} times")

    async def _run(self, handler: Handler, name: str, command: Any, envelope: Envelope, fresh: bool) -> Outcome | None:
        """One run; None asks for another."""
        streams = self._blank.streams
        work = self._blank.begun(fresh, None if envelope.any_owner else envelope.owner)
        try:
            result = await handler(command, work)
            sent = envelope if work.owner is None else replace(envelope, owner=work.owner)
            appended = await streams.append(work, sent, name)
        except DomainError:
            if before := await self._before(envelope):
                return before
            # A cached aggregate may have been behind: only what a fresh one refuses is refused.
            if not fresh and work.touched:
                return None
            raise
        finally:
            streams.release(work)
        if appended is not None and not appended.last and not fresh and work.touched:
            # Nor has a fresh one been asked whether there really is nothing to do.
            return None
        return appended and replace(appended, result=None if appended.duplicate else result)

    async def _before(self, envelope: Envelope) -> Outcome | None:
        """The outcome of the same command, had it been carried out before. A redelivery often meets a refusal first."""
        return await self._blank.streams.find_command(envelope.command_id) if envelope.command_id else None
