"""Publishes old events again, for a subscriber that begins, or has to begin anew.

Key, bytes, headers and time are as the relay wrote them, and one header more marks them as events that have been
(`message.REPLAY`): our own agents and feeds pass them over. As the relay does, a run writes each batch and the record
of how far it has come in one transaction, under a transactional id of its own. So a run that was killed goes on where
it was, and of two under one name the later fences the earlier.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import orjson
from aiokafka import AIOKafkaProducer

from infra.event_store import EventStore, Row
from infra.kafka import client_logging
from streams import message, topics
from streams.history import History, Selection
from streams.relay import discard, transactional_producer
from streams.relay_record import last_value, mark_end

BATCH = 500
_BATCHES_A_SECOND = 2


class RunDiffers(Exception):
    """A run of this name was begun otherwise. The message says in what, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be published again. None: as the run was begun; for a new run everything there is."""

    name: str
    topic: str
    first: int | None = None
    last: int | None = None
    types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is recorded: everything up to `position` was looked at, and `published` events of it sent."""

    name: str
    topic: str
    first: int
    last: int
    types: tuple[str, ...]
    epoch: str
    position: int
    published: int = 0

    @property
    def key(self) -> bytes:
        return run_key(self.name)

    def encode(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def of(cls, value: bytes) -> Self:
        fields = orjson.loads(value)
        return cls(**fields | {"types": tuple(fields["types"])})


def run_key(name: str) -> bytes:
    """The key of a run's record, among the relay's positions."""
    return b"replay/" + name.encode()


class Republication:
    """One run, from its beginning or from where it was left."""

    def __init__(self, store: EventStore, bootstrap: str, prefix: str, wanted: Wanted, rate: float) -> None:
        """At most `rate` events a second."""
        self._store, self._bootstrap, self._prefix = store, bootstrap, prefix
        self._wanted, self._rate = wanted, rate
        self._positions = topics.positions_partition(prefix)

    async def run(self, progress: Callable[[Run], None]) -> Run:
        """Publish to the end; `progress` is told after each batch, and at first where it goes on.

        Raises `RunDiffers`, aiokafka's `KafkaError`, and what the store raises: `EpochMismatch`, `StoreHalted`.
        """
        client_logging.calm()
        producer = transactional_producer(self._bootstrap, f"{self._prefix}jobstream.replay.{self._wanted.name}")
        try:
            # First: it settles what an earlier process of this run left open.
            await producer.start()
            run = await self._begin(producer)
            progress(run)
            return await self._publish_all(producer, run, progress)
        finally:
            await discard(producer)

    async def _begin(self, producer: AIOKafkaProducer) -> Run:
        mark = await mark_end(producer, self._positions)
        value = await last_value(self._bootstrap, self._positions, run_key(self._wanted.name), mark)
        head = await self._store.head()
        if value is not None:
            return _resumed(Run.of(value), self._wanted, str(self._store.epoch))
        wanted = self._wanted
        first, last = wanted.first or 1, head if wanted.last is None else min(wanted.last, head)
        epoch = str(self._store.epoch)
        return Run(wanted.name, wanted.topic, first, last, wanted.types or (), epoch, position=first - 1)

    async def _publish_all(self, producer: AIOKafkaProducer, run: Run, progress: Callable[[Run], None]) -> Run:
        history, size = History(self._store), max(1, min(BATCH, int(self._rate / _BATCHES_A_SECOND)))
        due = asyncio.get_running_loop().time()
        async for window in history.forwards(Selection(types=run.types), run.position, run.last):
            await self._store.head()  # raises, should the store have been halted meanwhile
            for start in range(0, max(1, len(window.rows)), size):
                rows = window.rows[start : start + size]
                done = start + size >= len(window.rows)
                reached = window.until if done else rows[-1]["position"]
                run = replace(run, position=reached, published=run.published + len(rows))
                await self._publish(producer, rows, run)
                progress(run)
                due = max(due, asyncio.get_running_loop().time()) + len(rows) / self._rate
                await asyncio.sleep(due - asyncio.get_running_loop().time())
        return run

    async def _publish(self, producer: AIOKafkaProducer, rows: Sequence[Row], run: Run) -> None:
        mark, sent = (message.REPLAY, run.name.encode()), list[asyncio.Future[Any]]()
        await producer.begin_transaction()
        try:
            for row in rows:
                headers = [*message.to_headers(row, self._store.epoch), mark]
                moment = int(row["recorded_at"].timestamp() * 1000)
                sent.append(
                    await producer.send(run.topic, row["data"], message.key(row), timestamp_ms=moment, headers=headers)
                )
            sent.append(await producer.send(self._positions.topic, run.encode(), run.key, self._positions.partition))
        finally:
            delivered = asyncio.gather(*sent)  # also when sending broke off, or each one's error would be logged
        await delivered
        await producer.commit_transaction()


def _resumed(run: Run, wanted: Wanted, epoch: str) -> Run:
    if run.epoch != epoch:
        raise RunDiffers(f"the run {run.name} belongs to epoch {run.epoch}, the event store is in {epoch}: use --name")
    for name in ("topic", "first", "last", "types"):
        asked, begun = getattr(wanted, name), getattr(run, name)
        if asked is not None and asked != begun:
            raise RunDiffers(
                f"the run {run.name} was begun with {name} {begun}, not {asked}: leave that out to go on with it, or "
                "give this one a name of its own with --name"
            )
    return run
