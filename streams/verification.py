"""Compares the event store with itself and with Kafka's topics, event by event, in bounded memory."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import orjson
from aiokafka import ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner

from infra.database import Pool
from infra.event_store import ROW, Row
from schemas.codec import schema_id
from schemas.registry import Registry
from streams import message, topics
from streams.topic_log import Found

BATCH = 2000
EXAMPLES = 5
_REMEMBERED = 100_000  # positions that are missing so far: they may yet come, out of order
_OPTIONAL = {"jobstream_command_id", "jobstream_command_last"}  # earlier releases did not write them

Tell = Callable[[int, int], None]


class Fault(StrEnum):
    """What may be wrong with an event."""

    GAP = "no event at this position in the store"
    VERSION = "versions of its stream are not 1, 2, 3, …"
    TIME = "recorded before the event in front of it"
    SCHEMA = "its bytes name an unknown schema, or another event's"
    MISSING = "not in Kafka"
    FOREIGN = "in Kafka, but not in the store"
    AGAIN = "in Kafka more than once"
    ORDER = "in Kafka behind later events"
    PLACE = "in another topic or partition than its stream"
    KEY = "another key in Kafka"
    BYTES = "other bytes in Kafka"
    HEADERS = "other headers in Kafka"
    EPOCH = "another epoch in Kafka"
    NO_EVENT = "a message that is no event"


@dataclass(slots=True)
class Report:
    """How much was compared, and what was found: a count of each fault and the first few places of it."""

    events: int = 0
    compared: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    examples: dict[Fault, list[str]] = field(default_factory=dict)

    def add(self, fault: Fault, where: str) -> None:
        self.faults[fault] += 1
        examples = self.examples.setdefault(fault, [])
        if len(examples) < EXAMPLES:
            examples.append(where)


async def rows(pool: Pool, upto: int) -> AsyncGenerator[Row, None]:
    """The store's events up to a position, also those of a store that is halted."""
    after = 0
    while batch := await pool.fetch(
        ROW + "where position > $1 and position <= $2 order by position limit $3", after, upto, BATCH
    ):
        for row in batch:
            yield row
        after = batch[-1]["position"]


class Sound:
    """What must hold of the store by itself."""

    def __init__(self, registry: Registry, report: Report) -> None:
        self._registry, self._report = registry, report
        self._before: Row | None = None

    def take(self, row: Row) -> None:
        report, position, before = self._report, row["position"], self._before
        report.events += 1
        for gap in range(1 if before is None else before["position"] + 1, position):
            report.add(Fault.GAP, f"position {gap}")
        if before is not None and row["recorded_at"] < before["recorded_at"]:
            report.add(Fault.TIME, f"position {position}")
        id = schema_id(row["data"])
        schema = None if id is None else self._registry.by_id(id)
        if schema is None or schema.type != f"{row['category']}.{row['type']}":
            report.add(Fault.SCHEMA, f"position {position}, {row['category']}.{row['type']}")
        self._before = row


_BROKEN = """select stream_id from events group by stream_id
    having min(version) <> 1 or max(version) <> count(*) order by stream_id"""


async def check_versions(pool: Pool, report: Report) -> None:
    """Each stream's versions are gapless: worked out by PostgreSQL."""
    for row in await pool.fetch(_BROKEN):
        report.add(Fault.VERSION, f"stream {row['stream_id']}")


class Same:
    """Goes along both logs by position. Each row is taken once, each message once, and `finish` after the last."""

    def __init__(self, prefix: str, epoch: UUID, report: Report) -> None:
        self._epoch, self._report = epoch, report
        self._topics = topics.event_topics(prefix)
        self._partition = DefaultPartitioner()
        self._missing: set[int] = set()
        self._last = 0  # the store's latest position so far

    async def compare(self, rows: AsyncIterator[Row], messages: AsyncIterator[Found]) -> None:
        """Raises what either of them raises."""
        found = await anext(messages, None)
        async for row in rows:
            while found is not None and (found.position is None or found.position < row["position"]):
                self._beside(found)
                found = await anext(messages, None)
            if found is None or found.position != row["position"]:
                self._lacks(row)
                self._last = row["position"]
                continue
            self._last = row["position"]
            self._match(row, found)
            found = await anext(messages, None)
        while found is not None:
            self._beside(found)
            found = await anext(messages, None)
        for position in sorted(self._missing):
            self._report.add(Fault.MISSING, f"position {position}")

    def _lacks(self, row: Row) -> None:
        if len(self._missing) < _REMEMBERED:
            self._missing.add(row["position"])
        else:
            self._report.add(Fault.MISSING, f"position {row['position']}")

    def _beside(self, found: Found) -> None:
        """A message that is not the next one of the log."""
        where = f"position {found.position}, {found.place}"
        if found.position is None:
            self._report.add(Fault.NO_EVENT, found.place)
        elif found.position > self._last:
            self._report.add(Fault.FOREIGN, where)
        elif found.position in self._missing:
            self._missing.discard(found.position)
            self._report.add(Fault.ORDER, where)
        else:
            self._report.add(Fault.AGAIN, where)

    def _match(self, row: Row, found: Found) -> None:
        self._report.compared += 1
        for fault in self._differences(row, found.message):
            self._report.add(fault, f"position {row['position']}, {found.place}")

    def _differences(self, row: Row, sent: ConsumerRecord) -> Sequence[Fault]:
        faults = []
        key = message.key(row)
        if sent.key != key:
            faults.append(Fault.KEY)
        if (sent.topic, sent.partition) != self._place(row["category"], key):
            faults.append(Fault.PLACE)
        if sent.value != row["data"]:
            faults.append(Fault.BYTES)
        wanted, has = dict(message.to_headers(row, self._epoch)), dict(sent.headers)
        if wanted != has:
            if has.get("jobstream_epoch") != wanted["jobstream_epoch"]:
                faults.append(Fault.EPOCH)
            if not _say_the_same(wanted, has):
                faults.append(Fault.HEADERS)
        return faults

    def _place(self, category: str, key: bytes) -> tuple[str | None, int]:
        count = topics.EVENTS[category].partitions if category in topics.EVENTS else 1
        every = list(range(count))
        return self._topics.get(category), self._partition(key, every, every)


def _say_the_same(wanted: Mapping[str, bytes], has: Mapping[str, bytes]) -> bool:
    """But for the epoch, which is told of by itself, headers that came later, and how JSON is written."""
    optional = {name for name in _OPTIONAL if name not in has}
    plain = {name: value for name, value in wanted.items() if name not in optional}
    apart = {name for name in plain.keys() | has.keys() if plain.get(name) != has.get(name)} - {"jobstream_epoch"}
    if apart != {"jobstream_metadata"} or "jobstream_metadata" not in has:
        return not apart
    return bool(orjson.loads(plain["jobstream_metadata"]) == orjson.loads(has["jobstream_metadata"]))
