"""A log to project in tests, with events of the dispatch context, and a read model of them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.append import Append, NewEvent
from infra.database import Database
from infra.event_store import EventStore
from projections.generations import ensure_generations
from projections.positions import Positions
from projections.projector import Pauses, Projector
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.session import Session
from schemas.codec import Codec
from schemas.recorded import Recorded
from streams.feeds import Feed, StoreFeed

BEGINNING = datetime(2025, 6, 1, tzinfo=UTC)
SOON = Pauses(standby=0.05, retry=0.02, retry_most=0.1, failed=0.1)


def routings_model(version: int = 1, name: str = "routings") -> ReadModel:
    """Routings, and how many each company has."""
    metadata = MetaData()
    routing = Table(
        "routing",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("company_id", Uuid, nullable=False),
        Column("status", Text, nullable=False),
        Column("skills", ARRAY(Text), nullable=False),
        Column("features", JSONB, nullable=False),
        Column("attempts", Integer, nullable=False, default=0),
        Column("synced_at", DateTime(timezone=True)),
        Index("routing_company_id", "company_id", "id"),
    )
    company = Table(
        "company",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("routings", Integer, nullable=False, default=0),
    )
    model = ReadModel(name, version, [routing, company])

    @model.on("RoutingCreated")
    def created(rows: Rows, event: Recorded) -> None:
        rows.insert(
            routing,
            id=event.stream_id,
            company_id=event["company_id"],
            status="pending",
            skills=event["matched_skills"],
            features=event["features"],
        )
        rows.tally(company, event["company_id"], routings=1)

    @model.on("RoutingClaimed")
    def claimed(rows: Rows, event: Recorded) -> None:
        rows.update(routing, event.stream_id, status="claimed")
        rows.increment(routing, event.stream_id, attempts=1)

    @model.on("RoutingSynced")
    def synced(rows: Rows, event: Recorded) -> None:
        rows.update(routing, event.stream_id, status="synced", synced_at=event.occurred_at)

    return model


class Recording:
    """One database with a log, and what a process needs to project it."""

    beginning = BEGINNING

    def __init__(self, database: Database, store: EventStore, codec: Codec) -> None:
        self.database = database
        self.dsn = database.dsn
        self.pool = database.pool
        self.store = store
        self.codec = codec
        self.companies = [uuid4() for _ in range(3)]
        self._versions: dict[UUID, int] = {}
        self._count = 0

    async def append(self, *events: tuple[str, UUID, Mapping[str, Any]]) -> int:
        """Stores events (type, stream, payload); answers the last position."""
        keys = await self.codec.prepare([])
        new = []
        for type, stream, payload in events:
            self._count += 1
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            data = self.codec.encode(f"dispatch.{type}", payload, stream, keys)
            at = BEGINNING + timedelta(seconds=self._count)
            new.append(NewEvent(stream, version, "dispatch", type, uuid4(), stream, data, at))
        return (await self.store.append(Append(tuple(new), {}))).last

    async def life(self, count: int) -> list[UUID]:
        """`count` routings, all of them claimed, every second one synced; in an order that mixes them."""
        ids = [uuid4() for _ in range(count)]
        events = [self.created(id, number) for number, id in enumerate(ids)]
        events += [self.claimed(id) for id in ids]
        events += [self.synced(id) for id in ids[::2]]
        await self.append(*events)
        return ids

    def created(self, id: UUID, number: int = 0) -> tuple[str, UUID, Mapping[str, Any]]:
        payload = {
            "job_id": uuid4(),
            "company_id": self.companies[number % len(self.companies)],
            "matching_score": 4.5,
            "matched_skills": ['a "quoted" skill', "back\\slash", "{braces, comma}"],
            "provider_type": "servicetitan",
            "algorithm": "v1",
            "features": {"distance": 0.25},
        }
        return ("RoutingCreated", id, payload)

    def claimed(self, id: UUID) -> tuple[str, UUID, Mapping[str, Any]]:
        return ("RoutingClaimed", id, {"attempt": 1, "lease_until": BEGINNING, "worker": "w"})

    def synced(self, id: UUID) -> tuple[str, UUID, Mapping[str, Any]]:
        return ("RoutingSynced", id, {"external_id": "e", "attempt": 1, "ambiguous": False})

    def feed(self, poll_seconds: float = 0.05) -> StoreFeed:
        return StoreFeed(self.store, self.codec, poll_seconds)

    async def generation(self, *models: ReadModel) -> None:
        await ensure_generations(self.pool, models, self.store.epoch)

    def projector(self, model: ReadModel, feed: Feed, positions: Positions | None = None) -> Projector:
        """One with a session of its own, as another process would have."""
        return Projector(Session(self.dsn), feed, model, positions or Positions([model]), self.store.epoch, pauses=SOON)

    async def rows(self, model: ReadModel) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for table in model.tables:
            rows = await self.pool.fetch(f"select * from {model.schema}.{table.name} order by id")
            found[table.name] = [dict(row) for row in rows]
        for row in found.get("routing", []):
            row["features"] = orjson.loads(row["features"])
        return found

    async def checkpoint(self, model: ReadModel) -> dict[str, Any]:
        row = await self.pool.fetchrow(f"select * from {model.schema}.checkpoint")
        assert row is not None
        return dict(row)


async def eventually(condition: Callable[[], Any], timeout: float = 30.0) -> None:
    """Polls until `condition()` (awaited when it is a coroutine) is true."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() < deadline, "not within the time"
        await asyncio.sleep(0.01)
