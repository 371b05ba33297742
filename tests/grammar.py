"""The one grammar of tests of what is event-sourced.

    given(happened("RoutingCreated")).when(ClaimRouting(ROUTING, "w", LEASE)).then("RoutingClaimed", attempt=1)
    given(happened("RoutingCreated")).then_rows(routing, sync_status="pending")

Commands run through the real bus, the real aggregates and the real codec over a log in memory.
"""

from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar, cast
from uuid import UUID

from sqlalchemy import Table

import commands.applications
import commands.calendar
import commands.dispatch
import commands.identity
import commands.jobs
import commands.notifications  # noqa: F401 (each registers its handlers)
from commands.bus import Bus, Envelope, Outcome, Work
from domain.aggregate import Aggregate
from domain.applications.acceptances import Acceptances
from domain.applications.application import Application
from domain.applications.follow_up import FollowUp
from domain.applications.interview import Interview
from domain.applications.note import Note
from domain.applications.offer import Offer
from domain.calendar.calendar_event import CalendarEvent
from domain.dispatch.company import Company
from domain.dispatch.matching import Candidate
from domain.dispatch.routing import Routing
from domain.dispatch.service_job import ServiceJob
from domain.dispatch.technician import Technician
from domain.errors import DomainError
from domain.identity.subject import Erasure
from domain.jobs.job import Job
from domain.notifications.announcement import Announcement
from domain.numbers import Kind
from infra.aggregates import Aggregates
from infra.append import Append, NewEvent, SubjectKey
from infra.event_store import EventStore
from infra.recorded_rows import recorded
from projections.rows import Rows
from runtime.system import READ_MODELS
from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.recorded import Recorded
from schemas.registry import Registry
from tests.memory_log import MemoryLog
from tests.samples import NOW, PAYLOADS, STREAMS, TENANT

KINDS: Sequence[type[Aggregate]] = (
    *(Company, Technician, ServiceJob, Routing, Erasure, Announcement),
    *(Job, Application, Interview, Offer, Note, FollowUp, Acceptances, CalendarEvent),
)
REGISTRY = Registry()

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=Exception)


@dataclass
class StandingClock:
    """Stands until it is moved."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def move(self, by: timedelta) -> None:
        self.moment += by


@dataclass(frozen=True)
class Happened:
    """An event of the past; `at` after the beginning of all tests."""

    type: str
    stream: UUID
    at: timedelta
    owner: UUID
    payload: Mapping[str, Any]

    @property
    def topic(self) -> str:
        topic: str = getattr(kind_of(self.type), self.type).TOPIC
        return topic


def happened(
    type: str, stream: UUID | None = None, *, at: timedelta = timedelta(0), owner: UUID = TENANT, **fields: Any
) -> Happened:
    """An event that was recorded before; what `fields` leaves out is taken from the samples."""
    payload = {**PAYLOADS[type], **fields}
    kind = kind_of(type)
    if stream is None:
        stream = Erasure.create_id(payload["subject_id"]) if kind is Erasure else STREAMS[kind.__name__]
    return Happened(type, stream, at, owner, payload)


def kind_of(type: str) -> "type[Aggregate]":
    return next(kind for kind in KINDS if hasattr(kind, type))


def given(*events: Happened) -> "World":
    return World().record(*events)


def answer(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never has to wait: all that it asks is in memory."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast(T, stop.value)
    raise AssertionError("it waits for something outside")


@dataclass
class World:
    """What has happened so far, the companies that take jobs, the time, and chance."""

    log: MemoryLog = field(default_factory=MemoryLog)
    clock: StandingClock = field(default_factory=StandingClock)
    companies: Sequence[Candidate] = ()
    chance: float = 0.5

    def __post_init__(self) -> None:
        self.ring = KeyRing(self.log, MasterKey(bytes(32)))
        self.codec = Codec(REGISTRY, self.ring)
        self.streams = self.other_process()
        self.bus = self.bus_of(self.streams)
        self._ids = 0
        self._numbers = Counter(dict.fromkeys(Kind, 100))

    def other_process(self) -> Aggregates:
        """Another cache of aggregates over the same log."""
        return Aggregates(cast(EventStore, self.log), self.codec)

    def bus_of(self, streams: Aggregates) -> Bus:
        return Bus(Work(streams, self, self, self.clock, self.new_id, lambda: self.chance))

    async def candidates(self) -> Sequence[Candidate]:
        return self.companies

    async def next(self, kind: Kind) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    async def block(self, kind: Kind, count: int) -> Sequence[int]:
        return [await self.next(kind) for _ in range(count)]

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=(0x0192F0C1_0001 << 80) + (7 << 76) + (8 << 60) + self._ids)

    def record(self, *events: Happened) -> Self:
        for event in events:
            answer(self._record(event))
        return self

    async def _record(self, event: Happened) -> None:
        keys = await self.codec.prepare(self.codec.subjects(event.topic, event.payload, event.stream))
        data = self.codec.encode(event.topic, event.payload, event.stream, keys)
        version = len(await self.log.read_stream(event.stream)) + 1
        category, _, type = event.topic.partition(".")
        new = NewEvent(event.stream, version, category, type, self.new_id(), event.owner, data, NOW + event.at)
        subjects = tuple(SubjectKey(key.subject, key.wrapped) for key in keys.created)
        await self.log.append(Append((new,), {"correlation_id": "req-123"}, subject_keys=subjects))
        self.codec.keep(keys)

    def after(self, **time: float) -> Self:
        """Time passes: `after(seconds=45)`."""
        self.clock.move(timedelta(**time))
        return self

    def among(self, *companies: Candidate) -> Self:
        self.companies = companies
        return self

    def by(self, chance: float) -> Self:
        self.chance = chance
        return self

    def when(self, command: Any, **envelope: Any) -> "Answered":
        """Send a command, by default as somebody who may touch every tenant's streams; `tenant` may touch its own."""
        return self.through(self.bus, command, **envelope)

    def through(
        self, bus: Bus, command: Any, *, tenant: UUID | None = None, sender: UUID = TENANT, **envelope: Any
    ) -> "Answered":
        """The same over another bus, which stands for another process."""
        before = len(self.log.rows)
        sent = Envelope("tests", tenant or sender, "req-123", any_owner=tenant is None, **envelope)
        try:
            outcome: Outcome | Exception = answer(bus.send(command, sent))
        except Exception as error:  # noqa: BLE001 (`then_refused` says which one it has to be)
            outcome = error
        return Answered(self, outcome, self.recorded()[before:])

    def load(self, kind: type[A], id: UUID) -> A:
        """An aggregate as it stands, to decide something outside any command."""
        return answer(self.other_process().load(kind, id, fresh=True))

    def recorded(self) -> list[Recorded]:
        """Everything in the log, with the keys that there are now."""
        events = [recorded(row, self.log.epoch, self.codec.decode) for row in self.log.rows]
        answer(self.codec.open(events))
        return events

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """A read model's table after all that happened."""
        model = next(model for model in READ_MODELS if table in model.tables)
        rows = Rows()
        for event in self.recorded():
            model.fold(rows, event)
        return list(rows.of(table).values())

    def then_rows(self, table: Table, *expected: Mapping[str, Any], **only: Any) -> Self:
        """The table holds these rows (`only`: this one row), which have at least these columns."""
        wanted = [*expected, only] if only else [*expected]
        found = self.rows(table)
        shown = [{name: row[name] for name in want} for row, want in zip(found, wanted, strict=False)]
        assert shown == wanted
        assert len(found) == len(wanted)
        return self


@dataclass
class Answered:
    """What a command led to."""

    world: World
    outcome: Outcome | Exception
    events: Sequence[Recorded]

    @property
    def result(self) -> Any:
        return self._accepted().result

    def then(self, type: str, **fields: Any) -> World:
        """Exactly this event was recorded, with at least these fields."""
        return self.then_each((type, fields))

    def then_each(self, *expected: tuple[str, Mapping[str, Any]]) -> World:
        self._accepted()
        assert [event.type for event in self.events] == [type for type, _ in expected]
        for event, (_, fields) in zip(self.events, expected, strict=True):
            assert {name: event[name] for name in fields} == dict(fields)
        return self.world

    def then_nothing(self) -> World:
        """It was accepted, and there was nothing to record."""
        return self.then_each()

    def then_refused(self, kind: type[E] = DomainError) -> E:  # type: ignore[assignment]  # E defaults to DomainError
        """It was refused so, and nothing was recorded."""
        assert isinstance(self.outcome, kind), self.outcome
        assert not self.events
        return self.outcome

    def _accepted(self) -> Outcome:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome
