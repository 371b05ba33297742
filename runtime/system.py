"""Everything that the roles are made of, connected and migrated."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import asyncpg
import structlog

import commands.applications
import commands.calendar
import commands.dispatch
import commands.identity
import commands.jobs
import commands.notifications  # noqa: F401 (each registers its handlers)
from commands.bus import Bus, Work
from domain.clock import Clock, SystemClock
from infra.aggregates import Aggregates
from infra.calendar.local import LocalCalendar
from infra.calendar.provider import Provider as CalendarProvider
from infra.calendar.registry import calendar_provider
from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres, FolderInUse, PostgresUnavailable
from infra.event_store import EventStore
from infra.identifiers import new_id
from infra.log_ranges import LogRanges
from infra.mail.provider import Provider as MailProvider
from infra.mail.registry import mail_provider
from infra.master_key import master_key, master_key_text
from infra.migrations import migrate
from infra.numbers import PostgresNumbers
from infra.pos.credentials import Vault
from infra.pos.provider import Provider
from infra.pos.registry import registry
from infra.settings import Settings
from infra.subject_keys import PostgresSubjectKeys
from projections.applications.fold import applications
from projections.calendar.fold import calendar
from projections.calendar.queries import Calendar
from projections.companies.fold import companies
from projections.companies.queries import Companies, CompanyDirectory
from projections.deadlines.fold import deadlines
from projections.generations import ensure_generations
from projections.live_updates.fold import live_updates
from projections.live_updates.queries import LiveUpdates
from projections.positions import Positions
from projections.read_model import ReadModel
from projections.rebuild import Source
from projections.routings.fold import routings
from projections.routings.queries import Routings
from projections.service_jobs.fold import service_jobs
from projections.service_jobs.queries import ServiceJobs
from runtime.queries import ApplicationQueries
from schemas.codec import Codec
from schemas.keyring import KeyRing
from schemas.registry import Registry

log = structlog.get_logger(__name__)

READ_MODELS: Sequence[ReadModel] = (companies, service_jobs, routings, applications, calendar, deadlines, live_updates)
POSITIONS_CHANNEL = "jobstream_read_models"
# An agent looks into read models only after they have folded what it reacts to; this is when it says that they lag.
PATIENCE_SECONDS = 10.0
_STOPPED_SECONDS = 1.0


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
    live_updates: LiveUpdates
    applications: ApplicationQueries
    calendar: Calendar
    providers: Mapping[str, Provider]
    vault: Vault
    mail: MailProvider
    calendar_provider: CalendarProvider | None
    local_calendar: LocalCalendar

    @property
    def source(self) -> Source:
        """What read models are made again from. It keeps no key: who is erased meanwhile reads as erased at once."""
        pool = self.database.pool
        ring = KeyRing(PostgresSubjectKeys(pool), master_key(self.settings), lifetime=0.0)
        return Source(self.database.dsn, pool, LogRanges(pool, self.store.epoch, Codec(self.registry, ring)))

    async def caught_up(self, position: int) -> None:
        """Wait until all read models have folded `position`."""
        while not await self.positions.reached(READ_MODELS, position, PATIENCE_SECONDS):
            log.warning("read models lag", position=position)

    async def folded(self, model: ReadModel, position: int | None = None) -> None:
        """Wait until one has folded `position` (by default all that is recorded now), be it stopped for a while."""
        position = await self.store.head() if position is None else position
        while self.positions.of(model) < position:
            await self.positions.reached([model], position, PATIENCE_SECONDS)
            if self.positions.of(model) < position:
                log.warning("a read model lags", model=model.name, position=position)
                await asyncio.sleep(_STOPPED_SECONDS if self.positions.stopped(model) else 0)


def _nobody(where: str) -> None:
    return None


@asynccontextmanager
async def database_dsn(
    settings: Settings, *, join: bool = False, tell: Callable[[str], None] = _nobody
) -> AsyncIterator[str]:
    """DATABASE_URL, or a server of our own for as long as the block runs. Migrated.

    With `join`, a server that `jobstream serve` runs on the same folder is used beside it. `tell` is told which it is.
    Raises `PostgresUnavailable`.
    """
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            dsn, where = settings.database_url, f"PostgreSQL at {_place(settings.database_url)}"
        else:
            dsn, where = await _embedded(settings, join, stack)
        try:
            await migrate(dsn)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            setting = "DATABASE_URL" if settings.database_url else "The embedded PostgreSQL"
            raise PostgresUnavailable(
                f"{setting} does not answer as it should: {error or type(error).__name__}"
            ) from error
        tell(where)
        yield dsn


async def _embedded(settings: Settings, join: bool, stack: AsyncExitStack) -> tuple[str, str]:
    """The DSN of a server of our own or, with `join`, of the one that runs on our folder; and what it is."""
    server = EmbeddedPostgres(settings.jobstream_home / "postgres")
    where = f"embedded PostgreSQL in {settings.jobstream_home}"
    try:
        dsn = await server.start()
    except FolderInUse as used:
        if not join or (running := server.running_elsewhere()) is None:
            raise
        return running, f"{where}, beside process {used.holder}"
    stack.push_async_callback(server.stop)
    keeping = asyncio.create_task(server.keep_running(), name="embedded PostgreSQL")
    stack.callback(keeping.cancel)
    return dsn, f"{where}, started for this"


def _place(url: str) -> str:
    """Host and database of a DSN, nothing that may be secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", ["localhost"])[0]
    return f"{host}{parts.path}"


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
        stack.callback(database.listen(POSITIONS_CHANNEL, positions.heard))
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
            bus=Bus(Work(streams, directory, PostgresNumbers(database.pool), clock, new_id, random.random)),
            positions=positions,
            companies=Companies(database.pool),
            service_jobs=ServiceJobs(database.pool),
            routings=Routings(database.pool),
            live_updates=LiveUpdates(database.pool),
            applications=ApplicationQueries.over(database.pool),
            calendar=Calendar(database.pool),
            providers=await stack.enter_async_context(registry(settings, database.pool, clock)),
            vault=Vault(settings.jobstream_home),
            mail=mail_provider(settings),
            local_calendar=LocalCalendar(database.pool, clock, bytes.fromhex(master_key_text(settings))),
            calendar_provider=await stack.enter_async_context(calendar_provider(settings)),
        )
