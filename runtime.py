"""The composition root: what the system is made of, and which parts a role starts."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

import structlog

import commands.dispatch
import commands.identity  # noqa: F401 (registers its handlers)
from commands.bus import Bus, Work
from domain.clock import Clock, SystemClock
from infra.aggregates import Aggregates
from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from infra.event_store import CHANNEL, EventStore
from infra.identifiers import new_id
from infra.master_key import master_key
from infra.migrations import migrate
from infra.pos.credentials import Vault
from infra.pos.provider import Provider
from infra.pos.registry import registry
from infra.settings import Settings
from infra.subject_keys import PostgresSubjectKeys
from projections.companies.fold import companies
from projections.companies.queries import Companies, CompanyDirectory
from projections.deadlines.fold import deadlines
from projections.deadlines.queries import DueDeadlines
from projections.generations import ensure_generations
from projections.positions import Positions
from projections.projector import Projector
from projections.read_model import ReadModel
from projections.routings.fold import routings
from projections.routings.queries import Routings
from projections.service_jobs.fold import service_jobs
from projections.service_jobs.queries import ServiceJobs
from projections.session import Session
from schemas.codec import Codec
from schemas.keyring import KeyRing
from schemas.registry import Registry
from streams.agent import Agent
from streams.agents.matching import matching
from streams.agents.pos_completion import CompletionPoll
from streams.agents.pos_sync import PosSync
from streams.deadlines import Ticker
from streams.feeds import Feed, StoreFeed
from streams.runner import Runner
from streams.store_runner import run_from_store

log = structlog.get_logger(__name__)

READ_MODELS: Sequence[ReadModel] = (companies, service_jobs, routings, deadlines)
POSITIONS_CHANNEL = "jobstream_read_models"
# An agent looks into read models only after they have folded what it reacts to; this is when it says that they lag.
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class System:
    """Everything that the roles are made of, connected and migrated."""

    settings: Settings
    clock: Clock
    database: Database
    store: EventStore
    codec: Codec
    keyring: KeyRing
    registry: Registry
    streams: Aggregates
    bus: Bus
    positions: Positions
    companies: Companies
    service_jobs: ServiceJobs
    routings: Routings
    providers: Mapping[str, Provider]
    vault: Vault

    async def caught_up(self, position: int) -> None:
        """Wait until all read models have folded `position`."""
        while not await self.positions.reached(READ_MODELS, position, PATIENCE_SECONDS):
            log.warning("read models lag", position=position)


@asynccontextmanager
async def database_dsn(settings: Settings) -> AsyncIterator[str]:
    """DATABASE_URL, or a server of our own for as long as the block runs. Migrated."""
    async with AsyncExitStack() as stack:
        dsn = settings.database_url
        if dsn is None:
            server = EmbeddedPostgres(settings.jobstream_home / "postgres")
            dsn = await server.start()
            stack.push_async_callback(server.stop)
        await migrate(dsn)
        yield dsn


@asynccontextmanager
async def open_system(settings: Settings, dsn: str, clock: Clock | None = None) -> AsyncIterator[System]:
    """Connect everything. Closing it carries out the appends that wait.

    Raises `BadSettings`, and what asyncpg raises when the database cannot be reached.
    """
    clock = clock or SystemClock()
    master = master_key(settings)
    async with AsyncExitStack() as stack:
        database = await Database.open(dsn)
        stack.push_async_callback(database.close)
        store = await EventStore.open(database)
        stack.push_async_callback(store.close)
        await ensure_generations(database.pool, READ_MODELS, store.epoch)
        schemas = Registry()
        keyring = KeyRing(PostgresSubjectKeys(database.pool), master)
        codec = Codec(schemas, keyring)
        streams = Aggregates(store, codec)
        positions = Positions(READ_MODELS)
        await positions.refresh(database.pool)
        stack.callback(database.listen(POSITIONS_CHANNEL, lambda text: positions.heard(text) if text else None))
        watch = asyncio.create_task(positions.watch(database.pool))
        stack.callback(watch.cancel)
        directory = CompanyDirectory(database.pool, positions)
        yield System(
            settings=settings,
            clock=clock,
            database=database,
            store=store,
            codec=codec,
            keyring=keyring,
            registry=schemas,
            streams=streams,
            bus=Bus(Work(streams, directory, clock, new_id, random.random)),
            positions=positions,
            companies=Companies(database.pool),
            service_jobs=ServiceJobs(database.pool),
            routings=Routings(database.pool),
            providers=await stack.enter_async_context(registry(settings, database.pool, clock)),
            vault=Vault(settings.jobstream_home),
        )


def worker_name() -> str:
    """Which process an event speaks of."""
    return f"{socket.gethostname()}/{os.getpid()}"


def agents(system: System) -> Sequence[Agent]:
    """Every agent of the system."""
    pos_sync = PosSync(system.streams, system.providers, system.vault, system.clock, worker_name())
    return (matching(system.service_jobs, system.caught_up), pos_sync.agent())


def runners(system: System) -> Sequence[Runner]:
    return [Runner(agent, system.bus, system.database.pool) for agent in agents(system)]


@asynccontextmanager
async def store_feed(system: System) -> AsyncIterator[StoreFeed]:
    """The event store's own feed."""
    async with StoreFeed(system.store, system.codec) as feed:
        forget = system.database.listen(CHANNEL, lambda text: feed.heard(text) if text else None)
        try:
            yield feed
        finally:
            forget()


class Background:
    """Long-running parts. One that ends by itself has a defect: `failed` is called, and the process should stop."""

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, part: Awaitable[object]) -> None:
        self._tasks.append(asyncio.create_task(self._run(name, part), name=name))

    async def _run(self, name: str, part: Awaitable[object]) -> None:
        try:
            await part
        except Exception as error:
            log.critical("a part of the system failed", part=name, exc_info=error)
        else:
            log.critical("a part of the system ended", part=name)
        self._failed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all, the latest first, and wait for it."""
        for task in reversed(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def start_projectors(system: System, feed: Feed, background: Background) -> Sequence[Projector]:
    """Keep all read models up to date from a feed."""
    session = Session(system.database.dsn)
    projectors = [Projector(session, feed, model, system.positions, system.store.epoch) for model in READ_MODELS]
    for projector, model in zip(projectors, READ_MODELS, strict=True):
        background.start(f"projector {model.name}", projector.run())
    return projectors


def start_agents(system: System, feed: Feed, background: Background) -> Sequence[Runner]:
    """Run all agents from the store's feed."""
    started = runners(system)
    for runner in started:
        background.start(f"agent {runner.name}", run_from_store(system.database.dsn, runner, feed))
    return started


def start_timers(system: System, background: Background) -> None:
    """What the passing of time causes: deadlines, and asking the providers."""
    ticker = Ticker(system.bus, DueDeadlines(system.database.pool), system.clock)
    poll = CompletionPoll(system.bus, system.streams, system.routings, system.providers, system.vault, system.clock)
    background.start("ticker", ticker.run(system.database.dsn))
    background.start("pos poll", poll.run(system.settings.pos_poll_seconds))
