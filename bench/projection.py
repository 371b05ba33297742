"""How fast read models are filled and read: `python -m bench.projection`."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import (
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    create_engine,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.append import Append, NewEvent
from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from infra.event_store import EventStore
from infra.migrations import migrate
from infra.subject_keys import PostgresSubjectKeys
from projections.generations import ensure_generations
from projections.positions import Positions
from projections.projector import Projector
from projections.query import Query
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.session import Session
from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.recorded import Recorded
from schemas.registry import Registry
from streams.feeds import StoreFeed

EVENTS = 60_000
COMPANIES = [uuid4() for _ in range(200)]
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def routings(name: str) -> ReadModel:
    """Routings as an API would list them, and a counter for each company."""
    catalogue = MetaData()
    routing = Table(
        "routing",
        catalogue,
        Column("id", Uuid, primary_key=True),
        Column("job_id", Uuid, nullable=False),
        Column("company_id", Uuid, nullable=False),
        Column("status", Text, nullable=False),
        Column("score", Float, nullable=False),
        Column("skills", ARRAY(Text), nullable=False),
        Column("features", JSONB, nullable=False),
        Column("attempts", Integer, nullable=False, default=0),
        Column("external_id", Text),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("synced_at", DateTime(timezone=True)),
        Index("routing_company", "company_id", "created_at"),
    )
    counters = [Column(name, Integer, nullable=False, default=0) for name in ("routings", "synced")]
    company = Table("company", catalogue, Column("id", Uuid, primary_key=True), *counters)
    model = ReadModel(name, 1, [routing, company])

    @model.on("RoutingCreated")
    def created(rows: Rows, event: Recorded) -> None:
        rows.insert(
            routing,
            id=event.stream_id,
            job_id=event["job_id"],
            company_id=event["company_id"],
            status="pending",
            score=event["matching_score"],
            skills=event["matched_skills"],
            features=event["features"],
            created_at=event.occurred_at,
        )
        rows.tally(company, event["company_id"], routings=1)

    @model.on("RoutingClaimed")
    def claimed(rows: Rows, event: Recorded) -> None:
        rows.update(routing, event.stream_id, status="processing", attempts=event["attempt"])

    @model.on("RoutingSynced")
    def synced(rows: Rows, event: Recorded) -> None:
        external = event["external_id"]
        rows.update(routing, event.stream_id, status="synced", external_id=external, synced_at=event.occurred_at)

    return model


class Bench:
    """A log of dispatch events on a PostgreSQL of its own."""

    def __init__(self, database: Database, store: EventStore, codec: Codec) -> None:
        self.database = database
        self.store = store
        self.codec = codec

    async def fill(self, events: int) -> None:
        """A third each of created, claimed and synced, interleaved 300 routings at a time."""
        for _ in range(0, events, 900):
            await self.store.append(Append(tuple(await self._lives(300)), {"command": "bench"}))

    async def live(self, count: int) -> int:
        return (await self.store.append(Append(tuple(await self._lives(count)), {"command": "bench"}))).last

    async def _lives(self, count: int) -> list[NewEvent]:
        ids = [uuid4() for _ in range(count)]
        keys = await self.codec.prepare([])
        found = []
        for version, (type, payload) in enumerate(routing_life().items(), start=1):
            for number, id in enumerate(ids):
                given = payload | ({"company_id": COMPANIES[number % 200]} if version == 1 else {})
                data = self.codec.encode(f"dispatch.{type}", given, id, keys)
                found.append(NewEvent(id, version, "dispatch", type, uuid4(), id, data, NOW))
        return found

    async def floor(self) -> float:
        """Events/s read, decoded and written by one COPY: what no projector can beat."""
        model = routings("floor")
        await ensure_generations(self.database.pool, [model], self.store.epoch)
        rows: dict[UUID, list[Any]] = {}
        position, started = 0, time.perf_counter()
        feed = StoreFeed(self.store, self.codec)
        while events := await feed.read(position, 2000):
            position = events[-1].position
            for event in events:
                _by_hand(rows, event, event.payload)
        async with self.database.pool.acquire() as connection:
            await connection.copy_records_to_table("routing", records=rows.values(), schema_name="floor_v1")
        return position / (time.perf_counter() - started)

    async def rebuild(self, batch: int, models: Sequence[ReadModel]) -> float:
        """Events/s from nothing to the head, all of `models` at once over one feed and one session."""
        head = await self.store.head()
        await ensure_generations(self.database.pool, models, self.store.epoch)
        started = time.perf_counter()
        async with self.projected(models, batch) as (_, positions):
            assert await positions.reached(models, head, timeout=600)
            return head / (time.perf_counter() - started)

    async def visible(self, model: ReadModel, times: int) -> dict[str, float]:
        """Milliseconds from an append's answer until the read model shows it."""
        took = []
        async with self.projected([model], 2000) as (feed, positions):
            assert await positions.reached([model], await self.store.head(), timeout=60)
            for _ in range(times):
                last = await self.live(1)
                started = time.perf_counter()
                feed.hint(last)
                assert await positions.reached([model], last, timeout=60)
                took.append((time.perf_counter() - started) * 1000)
        took.sort()
        return {"p50": took[times // 2], "p99": took[times * 99 // 100]}

    async def idle(self, models: Sequence[ReadModel], seconds: float) -> float:
        """Share of one processor that this process uses when nothing happens."""
        async with self.projected(models, 2000) as (_, positions):
            assert await positions.reached(models, await self.store.head(), timeout=60)
            began, started = time.process_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            return (time.process_time() - began) / (time.perf_counter() - started)

    @asynccontextmanager
    async def projected(self, models: Sequence[ReadModel], batch: int) -> AsyncIterator[tuple[StoreFeed, Positions]]:
        positions, session = Positions(models), Session(self.database.dsn)
        async with StoreFeed(self.store, self.codec) as feed:
            each = [Projector(session, feed, model, positions, self.store.epoch, batch=batch) for model in models]
            tasks = [asyncio.create_task(one.run()) for one in each]
            try:
                yield feed, positions
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task
                await session.close()

    async def query(self, model: ReadModel, times: int) -> dict[str, float]:
        """Microseconds of this process's processor for a page of 20 rows: compiled once and run by asyncpg, or through
        SQLAlchemy's engine (over psycopg: its asyncpg engine would need greenlet)."""
        table = model.tables[0]
        wanted = select(table.c.id, table.c.status, table.c.score, table.c.created_at)
        wanted = wanted.where(table.c.company_id == bindparam("company")).order_by(table.c.created_at).limit(20)
        query = Query(wanted, model)
        started = time.process_time()
        for number in range(times):
            await query.all(self.database.pool, company=COMPANIES[number % 200])
        ours = (time.process_time() - started) / times
        through = self._through_engine(wanted, model, times)
        return {"asyncpg": ours * 1e6, "sqlalchemy": through * 1e6}

    def _through_engine(self, wanted: Any, model: ReadModel, times: int) -> float:
        engine = create_engine(self.database.dsn.replace("postgresql://", "postgresql+psycopg://"))
        options = {"schema_translate_map": {None: model.schema}}
        started = time.process_time()
        for number in range(times):
            with engine.connect().execution_options(**options) as connection:
                connection.execute(wanted, {"company": COMPANIES[number % 200]}).all()
        took = (time.process_time() - started) / times
        engine.dispose()
        return took


def _by_hand(rows: dict[UUID, list[Any]], event: Recorded, payload: Mapping[str, Any]) -> None:
    """One row in the order of the table's columns."""
    if event.type == "RoutingCreated":
        identity = [event.stream_id, payload["job_id"], payload["company_id"], "pending", payload["matching_score"]]
        facts = [
            payload["matched_skills"],
            orjson.dumps(payload["features"]).decode(),
            0,
            None,
            event.occurred_at,
            None,
        ]
        rows[event.stream_id] = identity + facts
    elif event.type == "RoutingClaimed":
        rows[event.stream_id][3] = "processing"
        rows[event.stream_id][7] = payload["attempt"]
    else:
        row = rows[event.stream_id]
        row[3], row[8], row[10] = "synced", payload["external_id"], event.occurred_at


def routing_life() -> dict[str, dict[str, Any]]:
    features = {"skills": 0.4, "category": 0.2, "area": 0.17, "level": 0.1}
    created = {"job_id": uuid4(), "matching_score": 0.87, "matched_skills": ["plumbing", "hvac"], "features": features}
    return {
        "RoutingCreated": created | {"provider_type": "servicetitan", "algorithm": "weighted-v1"},
        "RoutingClaimed": {"attempt": 1, "lease_until": NOW, "worker": "w"},
        "RoutingSynced": {"external_id": "st-1", "attempt": 1, "ambiguous": False},
    }


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        dsn = await server.start()
        try:
            await migrate(dsn)
            database = await Database.open(dsn)
            store = await EventStore.open(database)
            yield Bench(database, store, Codec(Registry(), _ring(database)))
            await store.close()
            await database.close()
        finally:
            await server.stop()


def _ring(database: Database) -> KeyRing:
    return KeyRing(PostgresSubjectKeys(database.pool), MasterKey(bytes(32)))


async def measure(events: int = EVENTS) -> dict[str, Any]:
    """Rates in events/s, latencies in ms, queries in µs, idle use as a share of one processor."""
    async with bench() as here:
        await here.fill(events)
        rates = {"floor": await here.floor()}
        for batch in (100, 500, 2000):
            rates[f"batch {batch}"] = await here.rebuild(batch, [routings(f"b{batch}")])
        rates["three read models"] = await here.rebuild(2000, [routings(f"three_{n}") for n in range(3)])
        live = routings("b2000")
        return {
            "events_per_second": {name: round(rate) for name, rate in rates.items()},
            "visible_ms": await here.visible(live, 300),
            "query_us": await here.query(live, 1000),
            "idle": await here.idle([routings(f"three_{n}") for n in range(3)], 5),
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))
