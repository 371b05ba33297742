"""Erases a person, and proves it: nothing that was known of them is left in clear where we keep things."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from commands.bus import Envelope
from commands.identity import EraseSubject
from infra.event_store import ROW, Row
from infra.needles import Needles, files, in_file
from infra.recorded_rows import recorded
from infra.table_search import search, tables
from projections.rebuild import keep_live_only
from runtime.parts import Background, start_projectors, store_feed
from runtime.system import READ_MODELS, System
from schemas.codec import KeyNotLoaded, UndecodableEvent
from schemas.keyring import ERASED
from schemas.recorded import Recorded
from schemas.registry import STREAM_ID

_BATCH = 2000
_FOLD_SECONDS = 120.0
_LEAD_SECONDS = 10.0
_POLL_SECONDS = 0.05
_ABOUT = (
    ROW
    + """where position > $1 and (stream_id = $2 or category || '.' || type = any($3::text[]))
    order by position limit $4"""
)
_PERSONAL = ROW + """where position > $1 and category || '.' || type = any($2::text[]) order by position limit $3"""

Tell = Callable[[str, int, int | None], None]


class Unsearchable(Exception):
    """A file cannot be read, so that nobody can say what it holds."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be searched: {error.strerror or error}")


@dataclass(slots=True)
class Known:
    """What is known of a person. `values` are for searching, and never shown."""

    subject: UUID
    erased: bool
    events: Counter[str] = field(default_factory=Counter)
    fields: set[str] = field(default_factory=set)
    streams: set[UUID] = field(default_factory=set)
    values: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Place:
    """Where values of the person stand in clear: rows of a column, messages of a topic, or a file.

    `theirs`: they belong to the person. Otherwise somebody else is known under an equal value.
    """

    where: str
    count: int
    theirs: bool


async def known(system: System, subject: UUID, tell: Tell) -> Known:
    """Reads all events that may tell about a person. Raises what the database and the codec raise."""
    key = (await system.keyring.ensure([subject])).get(subject)
    found = Known(subject, key is ERASED, streams={subject})
    async with aclosing(_about(system, subject)) as events:
        async for event in events:
            tell("reading what is known", event.position, None)
            told = system.codec.told_of(event, subject)
            if told:
                found.events[f"{event.category}.{event.type}"] += 1
                found.streams.add(event.stream_id)
                found.fields |= told.keys()
                if not found.erased:
                    found.values |= set(told.values())
    return found


async def _about(system: System, subject: UUID) -> AsyncGenerator[Recorded, None]:
    """The events of a person's own stream, and of all types that name whom they tell about. Readable ones."""
    latest = [system.registry.latest(type) for type in system.registry.types]
    naming = [schema.type for schema in latest if any(one.subject != STREAM_ID for one in schema.personal)]
    after = 0
    while rows := await system.database.pool.fetch(_ABOUT, after, subject, naming, _BATCH):
        for event in await _opened(system, rows):
            yield event
        after = rows[-1]["position"]


async def _opened(system: System, rows: Sequence[Row]) -> list[Recorded]:
    events = [recorded(row, system.store.epoch, system.codec.decode) for row in rows]
    await system.codec.open(events)
    return [event for event in events if _readable(event)]


def _readable(event: Recorded) -> bool:
    try:
        return event.payload is not None
    except (UndecodableEvent, KeyNotLoaded):
        return False


async def erase(system: System, subject: UUID, reason: str) -> int:
    """Destroy the key and wait until the read models have blanked what they hold; the erasure's position.

    Whoever projects does it; where nobody does, we do. Old generations, which nobody keeps up to date, are dropped.
    0: was erased before.
    """
    envelope = Envelope("operator", subject, str(subject), any_owner=True)
    outcome = await system.bus.send(EraseSubject(subject, reason), envelope)

    def failed() -> None:
        raise AssertionError("a projector ended")

    async with store_feed(system) as feed, Background(failed) as background:
        start_projectors(system, feed, background)
        await _all_projected(system)
        await system.positions.reached(READ_MODELS, outcome.last, _FOLD_SECONDS)
    await keep_live_only(system.source, READ_MODELS)
    return outcome.last


async def _all_projected(system: System) -> None:
    """Until each read model has a projector, or has had time to get one: nobody waits for those that have none."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LEAD_SECONDS):
            while any(system.positions.stopped(model) for model in READ_MODELS):  # noqa: ASYNC110 (they tell of batches)
                await asyncio.sleep(_POLL_SECONDS)


async def places(system: System, found: Known, tell: Tell) -> list[Place]:
    """Where the person's values stand in clear. Raises `Unsearchable`, and what the database and Kafka raise."""
    needles = Needles(found.values)
    if not needles.values:
        return []
    hits: list[tuple[str, int, int, bool]] = []  # where, which value, how often, whether it names the person's streams
    for number, table in enumerate(all_tables := await tables(system.database.pool), 1):
        tell("searching tables", number, len(all_tables))
        for hit in await search(system.database.pool, table, needles, found.streams):
            hits.append((hit.place, hit.value, hit.linked, True))
            hits.append((hit.place, hit.value, hit.rows - hit.linked, False))
    hits += await _in_topics(system, needles, found.streams, tell)
    hits += [(str(path), value, 1, False) for path, value in _in_files(system, needles, tell)]
    hits = [hit for hit in hits if hit[2]]
    shared = await _shared(system, found, {needles.values[hit[1]] for hit in hits if not hit[3]}, tell)
    counts: Counter[tuple[str, bool]] = Counter()
    for where, value, count, linked in hits:
        counts[where, linked or needles.values[value] not in shared] += count
    return [Place(where, count, theirs) for (where, theirs), count in sorted(counts.items())]


async def _in_topics(
    system: System, needles: Needles, streams: set[UUID], tell: Tell
) -> list[tuple[str, int, int, bool]]:
    settings = system.settings
    if settings.kafka_bootstrap_servers is None:
        return []
    from streams.relay_record import committed_record
    from streams.topic_log import topic_log

    keys, counts = {str(id).encode() for id in streams}, Counter[tuple[str, int, bool]]()
    record = await committed_record(settings.kafka_bootstrap_servers, settings.kafka_topic_prefix)
    upto = 0 if record is None else record.position
    log = topic_log(settings.kafka_bootstrap_servers, settings.kafka_topic_prefix, 0, upto)
    async with aclosing(log) as messages:
        async for one in messages:
            tell("searching topics", one.position or 0, upto)
            sent = one.message
            parts = [sent.key or b"", sent.value or b"", *(value for _, value in sent.headers)]
            for value in needles.found(b"\n".join(parts)):
                counts[f"topic {sent.topic}", value, sent.key in keys] += 1
    return [(where, value, count, linked) for (where, value, linked), count in counts.items()]


def _in_files(system: System, needles: Needles, tell: Tell) -> list[tuple[Path, int]]:
    """Files of ours; what PostgreSQL and Kafka keep is searched through them."""
    home = system.settings.jobstream_home
    besides = {home / "postgres" / "data", home / "kafka", home / "master.key"}
    found = []
    for number, path in enumerate(files(home, besides), 1):
        tell("searching files", number, None)
        try:
            found += [(path, value) for value in in_file(path, needles)]
        except FileNotFoundError:
            continue  # it went away meanwhile
        except OSError as error:
            raise Unsearchable(path, error) from error
    return found


async def _shared(system: System, found: Known, values: set[str], tell: Tell) -> set[str]:
    """Which of the values other people are known under as well: two of one name, say."""
    latest = [system.registry.latest(type) for type in system.registry.types]
    personal = [schema.type for schema in latest if schema.personal]
    shared: set[str] = set()
    after = 0
    while values - shared and (rows := await system.database.pool.fetch(_PERSONAL, after, personal, _BATCH)):
        for event in await _opened(system, rows):
            for subject in system.codec.sealed_for(event) - {found.subject}:
                shared |= values & set(system.codec.told_of(event, subject).values())
        after = rows[-1]["position"]
        tell("comparing with other people", after, None)
    return shared
