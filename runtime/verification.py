"""Proves that the store, Kafka's topics and the read models say the same, beside a system at work."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from infra import store_proof
from infra.counted import counted
from infra.event_store import Row
from infra.log_ranges import GapInLog
from infra.settings import Settings
from projections.checkpoints import checkpoints
from projections.difference import Difference
from projections.failures import Defect, Overtaken
from projections.filling import Step
from projections.read_model import ReadModel
from projections.rebuild import Busy, OtherEpoch, scratch
from projections.standstill import LiveBehind
from runtime.system import READ_MODELS, System
from streams.parking import parked
from streams.verification import Report, Same, Sound, check_versions, rows

# What keeps a generation from being made again for comparison, each with a message of its own.
_NOT_FOLDED = (Busy, Defect, GapInLog, LiveBehind, OtherEpoch, Overtaken)
_AHEAD = "select agent, feed, partition, position from agent_checkpoints where position > $1 order by 1, 2, 3"

Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Verification:
    """What was compared and found. `relayed` is how far Kafka was compared; None: there is no Kafka.

    `problems` are sentences about the whole; `notes` are worth knowing, and no fault of the log's.
    """

    log: Report = field(default_factory=Report)
    head: int = 0
    relayed: int | None = None
    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.log.faults or self.problems or any(found.rows for found in self.differences))


async def verify(system: System, tell: Tell) -> Verification:
    """Compares everything up to where the log is now. Raises what the database, Kafka and the codec raise."""
    found, pool = Verification(), system.database.pool
    found.head = await pool.fetchval("select coalesce(max(position), 0) from events")
    await _proof(system, found)
    await _logs(system, found, tell)
    await check_versions(pool, found.log)
    await _checkpoints(system, found)
    for model in READ_MODELS:
        await _read_model(system, model, found, tell)
    return found


async def _proof(system: System, found: Verification) -> None:
    proof = await store_proof.proof(system.database.pool)
    if proof.finding is not None:
        found.problems.append(f"the event store is halted: {proof.finding}")
    elif not proof.proven:
        found.notes.append("no relay has compared the event store with Kafka since PostgreSQL was started")


async def _logs(system: System, found: Verification, tell: Tell) -> None:
    upto = await _relayed(system, found)
    every = _checked(system, found, tell)
    async with aclosing(every):
        if upto:
            await _topics(system, found, every, upto)
        async for _ in every:
            pass  # what is not relayed yet has to be sound as well


async def _checked(system: System, found: Verification, tell: Tell) -> AsyncGenerator[Row, None]:
    """The store's events, each looked at by itself."""
    sound = Sound(system.registry, found.log)
    what = "store" if found.relayed is None else "store and topics"
    async with aclosing(rows(system.database.pool, found.head)) as all_rows:
        async for row in all_rows:
            sound.take(row)
            if row["position"] % 500 == 0 or row["position"] == found.head:
                tell(what, row["position"], found.head)
            yield row


async def _relayed(system: System, found: Verification) -> int:
    """The position up to which Kafka can be compared."""
    settings = system.settings
    if settings.kafka_bootstrap_servers is None:
        found.notes.append("KAFKA_BOOTSTRAP_SERVERS is not set: the topics were not compared")
        return 0
    from streams.relay_record import committed_record, epoch_problem

    record = await committed_record(settings.kafka_bootstrap_servers, settings.kafka_topic_prefix)
    if record is None:
        found.notes.append("nothing was relayed under this KAFKA_TOPIC_PREFIX: the topics were not compared")
        return 0
    proof = await store_proof.proof(system.database.pool)
    if problem := epoch_problem(record, proof.epoch, proof.past, settings.kafka_topic_prefix):
        found.problems.append(str(problem))
        return 0
    found.relayed = record.position
    if record.position > found.head:
        found.head = await system.database.pool.fetchval("select coalesce(max(position), 0) from events")
    if record.position > found.head:
        missing = counted(record.position - found.head, "event")
        found.problems.append(
            f"Kafka has {missing} after position {found.head:,}, where the event store ends: it was restored or lost "
            "its tail; run jobstream recover"
        )
    return record.position


async def _topics(system: System, found: Verification, every: AsyncIterator[Row], upto: int) -> None:
    from streams.topic_log import topic_log

    settings: Settings = system.settings
    assert settings.kafka_bootstrap_servers is not None
    prefix = settings.kafka_topic_prefix
    same = Same(prefix, system.store.epoch, found.log)
    async with (
        aclosing(_up_to(every, upto)) as relayed,
        aclosing(topic_log(settings.kafka_bootstrap_servers, prefix, 0, upto)) as messages,
    ):
        await same.compare(relayed, messages)


async def _up_to(every: AsyncIterator[Row], upto: int) -> AsyncGenerator[Row, None]:
    async for row in every:
        if row["position"] <= upto:
            yield row
        if row["position"] >= upto:
            return


async def _checkpoints(system: System, found: Verification) -> None:
    pool = system.database.pool
    head = await pool.fetchval("select coalesce(max(position), 0) from events")
    for one in await checkpoints(pool, READ_MODELS):
        if one.position > head:
            found.problems.append(f"{one.model} has folded up to position {one.position:,}, the log ends at {head:,}")
        if one.error is not None:
            found.problems.append(f"{one.model} stopped before position {one.error_position}: {one.error}")
    for row in await pool.fetch(_AHEAD, head):
        found.problems.append(
            f"agent {row['agent']} stands at position {row['position']:,} of {row['feed']}/{row['partition']}, "
            f"the log ends at {head:,}"
        )
    for agent, events in (await parked(pool)).items():
        wait = counted(events, "dead letter waits", "dead letters wait")
        found.notes.append(f"{wait} at agent {agent}: jobstream dlq list")


async def _read_model(system: System, model: ReadModel, found: Verification, tell: Tell) -> None:
    def step(step: Step) -> None:
        tell(f"{model.schema}, {step.phase}", step.position, step.upto)

    try:
        async with scratch(system.source, model, step) as again:
            found.differences.append(await again.difference())
    except _NOT_FOLDED as problem:
        found.problems.append(f"{model.schema} cannot be compared: {problem}")
