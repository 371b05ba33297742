"""Loads aggregates from their streams and appends what they decided: the `Streams` port of commands."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from eventsourcing.domain import CanInitAggregate, Snapshot
from eventsourcing.persistence import DatetimeAsISO, DecimalAsStr, JSONTranscoder, UUIDAsHex

from commands.bus import Envelope, Halted, IdempotencyKey, KeyReused, Outcome, Unavailable, Work, spoken
from domain.aggregate import Aggregate
from domain.errors import NotFound, Refused
from infra.append import Append, EventTooLarge, NewEvent, Status, StoreClosed, StoreHalted, StoreUnavailable, SubjectKey
from infra.append import IdempotencyKey as KeptKey
from infra.event_store import EventStore, Row
from infra.identifiers import new_id
from infra.recorded_rows import recorded
from schemas.codec import Codec
from schemas.keyring import SubjectErasedError
from schemas.personal import AppendKeys
from schemas.recorded import Recorded

A = TypeVar("A", bound=Aggregate)

CACHED = 4096
# `read` may be this far behind what other processes append.
STALE_SECONDS = 5.0

_ENVELOPE = frozenset({"originator_id", "originator_version", "originator_topic", "timestamp"})

_transcoder = JSONTranscoder()
for _transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
    _transcoder.register(_transcoding)


class Aggregates:
    """A bounded cache of aggregates over the event store.

    One that is loaded to be changed is taken out of the cache and put back when its append succeeded, so nothing is
    copied and a refused change leaves no trace.
    """

    def __init__(self, store: EventStore, codec: Codec, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store, self._codec, self._seconds = store, codec, seconds
        self._cache: OrderedDict[UUID, tuple[Aggregate, float]] = OrderedDict()

    async def load(self, kind: type[A], id: UUID, *, fresh: bool) -> A:
        """The aggregate, to be changed by the caller alone. Raises `NotFound`.

        Unless `fresh` it may be behind: an append then meets a conflict.
        """
        cached, _ = self._cache.pop(id, (None, 0.0))
        if isinstance(cached, kind) and not fresh:
            return cached
        return await self._restore(kind, id, cached if isinstance(cached, kind) else None)

    async def read(self, kind: type[A], id: UUID) -> A:
        """The aggregate, to be looked at, at most `STALE_SECONDS` behind. Raises `NotFound`."""
        cached, since = self._cache.get(id, (None, 0.0))
        now = self._seconds()
        if isinstance(cached, kind) and now - since <= STALE_SECONDS:
            return cached
        aggregate = await self._restore(kind, id, None)
        self._keep(aggregate, now)
        return aggregate

    async def append(self, work: Work, envelope: Envelope, command: str) -> Outcome | None:
        """Record what the work decided, as one append. None asks for another run: somebody else was first."""
        changed = [aggregate for aggregate in work.touched if aggregate.pending_events]
        if not changed and not work.erased:
            return Outcome(work.touched[0].id if work.touched else None, 0, 0)
        append, keys = await self._encode(changed, work, envelope, command)
        try:
            appended = await self._store.append(append)
        except EventTooLarge as error:
            raise Refused(str(error)) from None
        except StoreHalted as error:
            raise Halted(str(error)) from error
        except (StoreUnavailable, StoreClosed) as error:
            raise Unavailable(str(error)) from error
        if appended.status is Status.CONFLICT:
            self._codec.forget(key.subject for key in append.subject_keys)
            work.touched.clear()
            return None
        if appended.status is Status.DUPLICATE:
            work.touched.clear()
            return await self._first_time(envelope)
        self._codec.keep(keys)
        self._codec.forget(append.erase)
        for aggregate in changed:
            await self._snapshot(aggregate)
        return Outcome(append.events[0].stream_id, appended.first, appended.last)

    def release(self, work: Work) -> None:
        """Put back what was loaded. Whatever was changed and not appended is dropped."""
        now = self._seconds()
        for aggregate in work.touched:
            if not aggregate.pending_events:
                self._keep(aggregate, now)

    async def find_command(self, command_id: UUID) -> Outcome | None:
        found = await self._store.find_command(command_id)
        return None if found is None else Outcome(found.stream_id, found.first, found.last, duplicate=True)

    async def find_idempotent(self, key: IdempotencyKey) -> Outcome | None:
        """What a key led to before. Raises `KeyReused` when that was another request."""
        found = await self._store.find_idempotency(key.key)
        if found is None:
            return None
        if found.body_hash != key.body_hash:
            raise KeyReused("This Idempotency-Key was used with another request body")
        return Outcome(UUID(found.result), found.first, found.last, duplicate=True)

    async def recorded(self, outcome: Outcome) -> Sequence[Recorded]:
        """The events of a command that recorded some."""
        return await self._opened(await self._store.read(outcome.first - 1, outcome.last - outcome.first + 1))

    async def _first_time(self, envelope: Envelope) -> Outcome | None:
        if envelope.idempotency and (found := await self.find_idempotent(envelope.idempotency)):
            return found
        return await self.find_command(envelope.command_id) if envelope.command_id else None

    async def _encode(
        self, changed: Sequence[Aggregate], work: Work, envelope: Envelope, command: str
    ) -> tuple[Append, AppendKeys]:
        pending = [(aggregate, event, _payload(event)) for aggregate in changed for event in aggregate.pending_events]
        begun = {aggregate.id for aggregate in changed if aggregate.pending_events[0].originator_version == 1}
        subjects: set[UUID] = set()
        for aggregate, event, payload in pending:
            subjects |= self._codec.subjects(_topic(event), payload, aggregate.id)
        keys = await self._codec.prepare(subjects - begun)
        try:
            events = tuple(self._new_event(*one, envelope, keys) for one in pending)
        except SubjectErasedError as error:
            raise Refused(str(error)) from None
        key = envelope.idempotency
        idempotency = None if key is None else KeptKey(key.key, key.body_hash, str(events[0].stream_id))
        append = Append(
            events=events,
            metadata=envelope.metadata(command),
            command_id=envelope.command_id,
            idempotency=idempotency,
            subject_keys=tuple(SubjectKey(new.subject, new.wrapped) for new in keys.created),
            erase=tuple(work.erased),
            # What a decision rested on has to be so still: an application that has just ended takes no interview.
            unchanged=tuple((known.id, known.version) for known in work.touched if not known.pending_events),
        )
        return append, keys

    def _new_event(
        self, aggregate: Aggregate, event: Any, payload: dict[str, Any], envelope: Envelope, keys: AppendKeys
    ) -> NewEvent:
        if event.originator_version == 1:
            aggregate.owner = envelope.owner
        category, _, type = event.TOPIC.partition(".")
        return NewEvent(
            stream_id=aggregate.id,
            version=event.originator_version,
            category=category,
            type=type,
            event_id=new_id(),
            owner=aggregate.owner,
            data=self._codec.encode(event.TOPIC, payload, aggregate.id, keys),
            occurred_at=event.timestamp,
        )

    async def _restore(self, kind: type[A], id: UUID, known: A | None) -> A:
        """The stream folded to its end, from `known`, a snapshot, or the beginning."""
        aggregate = known
        if aggregate is None and kind.SNAPSHOT_EVERY:
            aggregate = await self._from_snapshot(kind, id)
        for event in await self._opened(await self._store.read_stream(id, aggregate.version if aggregate else 0)):
            aggregate = cast(A, domain_event(event, kind).mutate(aggregate))
            aggregate.owner = event.owner
        if aggregate is None:
            raise NotFound(spoken(kind), id)
        return aggregate

    async def _opened(self, rows: Sequence[Row]) -> Sequence[Recorded]:
        events = [recorded(row, self._store.epoch, self._codec.decode) for row in rows]
        await self._codec.open(events)
        return events

    async def _from_snapshot(self, kind: type[A], id: UUID) -> A | None:
        kept = await self._store.fetch_snapshot(id)
        if kept is None or kept.topic != kind.TOPIC:
            return None
        snapshot = Snapshot(
            originator_id=id,
            originator_version=kept.version,
            timestamp=Snapshot.create_timestamp(),
            topic=kept.topic,
            state=_transcoder.decode(kept.state),
        )
        return cast(A, snapshot.mutate(None))

    async def _snapshot(self, aggregate: Aggregate) -> None:
        every, pending = aggregate.SNAPSHOT_EVERY, len(aggregate.pending_events)
        aggregate.collect_events()
        if every and aggregate.version // every > (aggregate.version - pending) // every:
            state = _transcoder.encode(Snapshot.take(aggregate).state)
            await self._store.save_snapshot(aggregate.id, aggregate.version, aggregate.TOPIC, state)

    def _keep(self, aggregate: Aggregate, since: float) -> None:
        self._cache[aggregate.id] = (aggregate, since)
        self._cache.move_to_end(aggregate.id)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)


def _topic(event: Any) -> str:
    topic: str = event.TOPIC
    return topic


def _payload(event: Any) -> dict[str, Any]:
    return {name: value for name, value in event.__dict__.items() if name not in _ENVELOPE}


def domain_event(event: Recorded, kind: type[Aggregate]) -> Any:
    """The eventsourcing library's event of a recorded one. Raises `NotFound` when it is no event of this kind."""
    made = getattr(kind, event.type, None)
    if made is None:
        raise NotFound(spoken(kind), event.stream_id)
    begins = {"originator_topic": kind.TOPIC} if issubclass(made, CanInitAggregate) else {}
    return made(
        originator_id=event.stream_id,
        originator_version=event.version,
        timestamp=event.occurred_at,
        **begins,
        **event.payload,
    )
