"""What Kafka has that the event store has lost, and how it comes back.

Kafka holds the same events with their positions, bytes, headers, times and command ids. It does not hold the keys of
personal fields, which must not outlive an erasure, nor clients' idempotency keys.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.numbers import Kind, stream_id
from infra import recovery, store_proof
from infra.counted import counted
from infra.database import Database
from infra.event_store import ROW, Row
from infra.kafka import client_logging
from infra.leadership import leadership
from infra.recovery import Returned
from schemas.codec import Codec, UndecodableEvent
from schemas.recorded import Recorded
from streams.message import NotAnEvent, to_command, to_recorded
from streams.relay import transactional_id, transactional_producer
from streams.relay_record import EpochPast, RelayRecord, epoch_problem, settled_record
from streams.topic_log import Found, topic_log
from streams.verification import rows

BATCH = 1000
_LEAD_SECONDS = 5.0
_ERASED = ("identity", "SubjectErased")
_NUMBERED = [kind for kind in Kind if kind is not Kind.APPLICATION]  # which has its job's

Tell = Callable[[int, int], None]


class Unrecoverable(Exception):
    """The lost events cannot be brought back from Kafka. Says why and what to do."""


class RelayAtWork(Unrecoverable):
    def __init__(self) -> None:
        super().__init__("a relay is at work and has found nothing amiss; to look all the same, stop it first")


class NothingRelayed(Unrecoverable):
    def __init__(self) -> None:
        super().__init__("nothing was relayed under this KAFKA_TOPIC_PREFIX: there is nothing to compare with")


class Forked(Unrecoverable):
    def __init__(self, same: int, head: int, relayed: int) -> None:
        super().__init__(
            f"up to position {same:,} both have the same events; after it the event store has {head - same:,} and "
            f"Kafka {counted(relayed - same, 'other')}. They cannot be one history: keep the event store's with "
            "jobstream recover --new-epoch, or restore the older backup once more, and recover that"
        )


class Incomplete(Unrecoverable):
    def __init__(self, position: int, reason: str) -> None:
        super().__init__(
            f"position {position:,} cannot be brought back: {reason}. What is before it could be kept by a new epoch: "
            "jobstream recover --new-epoch"
        )


@dataclass(slots=True)
class Loss:
    """What the store lacks: positions `head` + 1 to `relayed`, and what is known of these events."""

    head: int
    relayed: int
    epoch: UUID
    halted: bool = False
    since: datetime | None = None  # when the store's last event was recorded
    types: Counter[str] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None
    subjects: set[UUID] = field(default_factory=set)
    erased: set[UUID] = field(default_factory=set)
    keyless: Sequence[UUID] = ()
    command_last: int = 0  # up to where the latest command with an id goes
    without_command: int = 0  # events of agents, from a release that did not relay command ids
    numbers: dict[Kind, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return max(0, self.relayed - self.head)


@asynccontextmanager
async def recovering(database: Database, codec: Codec, bootstrap: str, prefix: str) -> AsyncIterator["Recovery"]:
    """With no relay at work meanwhile. Raises `Unrecoverable`, and what the database and Kafka raise."""
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(_LEAD_SECONDS):
                await stack.enter_async_context(leadership(database.dsn, f"{prefix}relay"))
        except TimeoutError:
            raise RelayAtWork from None
        client_logging.calm()
        producer = transactional_producer(bootstrap, transactional_id(prefix))
        await producer.start()  # settles what the last relay left open
        stack.push_async_callback(producer.stop)
        witness = await store_proof.witness(database.pool)
        record = await settled_record(producer, bootstrap, prefix)
        if record is None:
            raise NothingRelayed
        yield Recovery(database, codec, bootstrap, prefix, witness, record)


class Recovery:
    """One look at the loss, and its mending."""

    def __init__(
        self, database: Database, codec: Codec, bootstrap: str, prefix: str, witness: str, record: RelayRecord
    ) -> None:
        self._pool, self._codec, self._bootstrap, self._prefix = database.pool, codec, bootstrap, prefix
        self._witness, self._record = witness, record

    async def look(self, tell: Tell) -> Loss:
        """What is lost. Raises `Unrecoverable`."""
        proof = await store_proof.proof(self._pool)
        if isinstance(problem := epoch_problem(self._record, proof.epoch, proof.past, self._prefix), EpochPast):
            raise Unrecoverable(str(problem))
        last = await self._pool.fetchrow(ROW + "order by position desc limit 1")
        loss = Loss(
            last["position"] if last else 0, self._record.position, self._record.epoch, proof.finding is not None
        )
        if last is not None:
            loss.since = last["recorded_at"]
            await self._refuse_fork(last, loss)
        async with aclosing(self._lost(loss)) as lost:
            async for one in lost:
                self._note(loss, one)
                tell(one.event.position - loss.head, loss.events)
        loss.keyless = await recovery.keyless(self._pool, loss.subjects - loss.erased)
        return loss

    async def bring_back(self, loss: Loss, tell: Tell) -> None:
        """Put everything back that is lost, and let the store take events again. Interrupted, it can be done again."""
        if not loss.events and not loss.halted:
            await store_proof.prove(self._pool, self._witness, self._prefix)
            return
        batch: list[Returned] = []
        async with aclosing(self._lost(loss)) as lost:
            async for one in lost:
                batch.append(one)
                if len(batch) == BATCH or one.event.position == loss.relayed:
                    erased = [self._erased(each.event) for each in batch if _erases(each)]
                    await recovery.put_back(self._pool, batch, erased)
                    tell(one.event.position - loss.head, loss.events)
                    batch.clear()
        await recovery.recovered(self._pool, self._witness, self._prefix, loss.epoch, loss.keyless, loss.numbers)

    async def _refuse_fork(self, last: Row, loss: Loss) -> None:
        """Histories only grow: when the last event of the shorter one is in the other, all before it is the same."""
        if loss.head >= loss.relayed:
            [at] = await self._pool.fetch(ROW + "where position = $1", loss.relayed)
            same = at["event_id"] == self._record.event_id
        else:
            log = topic_log(self._bootstrap, self._prefix, loss.head - 1, loss.head, loss.since)
            async with aclosing(log) as found:
                same = str(last["event_id"]).encode() in [dict(one.message.headers).get("ce_id") async for one in found]
        if not same:
            raise Forked(await self._agreed(min(loss.head, loss.relayed)), loss.head, loss.relayed)

    async def _agreed(self, upto: int) -> int:
        """The last position at which both have the same event."""
        agreed = 0
        log = topic_log(self._bootstrap, self._prefix, 0, upto)
        async with aclosing(rows(self._pool, upto)) as ours, aclosing(log) as theirs:
            async for row in ours:
                found = await anext(theirs, None)
                if found is None or dict(found.message.headers).get("ce_id") != str(row["event_id"]).encode():
                    break
                agreed = row["position"]
        return agreed

    async def _lost(self, loss: Loss) -> AsyncGenerator[Returned, None]:
        """The lost events in order, without a gap. Raises `Incomplete`."""
        position = loss.head
        if not loss.events:
            return
        log = topic_log(self._bootstrap, self._prefix, loss.head, loss.relayed, loss.since)
        async with aclosing(log) as messages:
            async for found in messages:
                if found.position is None or found.position <= position:
                    continue  # no event, or one that came before
                if found.position != position + 1:
                    break
                position += 1
                yield self._returned(found, loss.epoch)
        if position < loss.relayed:
            raise Incomplete(position + 1, "Kafka has not kept it")

    def _returned(self, found: Found, epoch: UUID) -> Returned:
        try:
            event = to_recorded(found.message.headers, found.message.value, self._codec.decode)
            command_id, last = to_command(dict(found.message.headers))
        except (NotAnEvent, ValueError, KeyError) as error:
            raise Incomplete(found.position or 0, f"{found.place} is no event ({error})") from None
        if event.epoch != epoch:
            raise Incomplete(event.position, f"{found.place} belongs to epoch {event.epoch}, not to {epoch}")
        return Returned(event, command_id, last)

    def _note(self, loss: Loss, one: Returned) -> None:
        event = one.event
        loss.types[f"{event.category}.{event.type}"] += 1
        loss.first_at, loss.last_at = loss.first_at or event.recorded_at, event.recorded_at
        loss.subjects |= self._codec.sealed_for(event)
        if _erases(one):
            loss.erased.add(self._erased(event))
        loss.command_last = one.command_last or loss.command_last
        if event.metadata.get("actor", "").startswith("agent:") and event.position > loss.command_last:
            loss.without_command += 1
        if event.version == 1:
            self._note_number(loss, event)

    def _note_number(self, loss: Loss, event: Recorded) -> None:
        try:
            number = self._codec.plain(event).get("number")
        except UndecodableEvent:
            return  # it comes back as it is
        for kind in _NUMBERED:
            if number is not None and event.stream_id == stream_id(kind, number):
                loss.numbers[kind] = max(number, loss.numbers.get(kind, 0))

    def _erased(self, event: Recorded) -> UUID:
        subject: UUID = self._codec.plain(event)["subject_id"]
        return subject


def _erases(one: Returned) -> bool:
    return (one.event.category, one.event.type) == _ERASED
