"""`jobstream serve`, and the roles of a distributed system."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import click

from api.composition import compose
from api.operations import Report, operations_app
from cli.processor_time import give_way, spare_collections
from cli.sample import load_sample
from cli.serving import prepare, run, serve_http, stopping
from cli.settings import BAD_SETTINGS, fail
from infra.database_errors import DATABASE_ERRORS
from infra.embedded_postgres import PostgresUnavailable
from infra.event_store import StoreHalted
from infra.settings import BadSettings, Settings, check_exposure, load
from projections.generations import TablesChanged
from runtime import parts
from runtime.guard import watch
from runtime.parts import Background
from runtime.system import System, database_dsn, open_system


@dataclass(frozen=True, slots=True)
class Role:
    """A role under way: what it is made of, and how it is told to stop."""

    system: System
    background: Background
    stack: AsyncExitStack
    stop: asyncio.Event

    async def serve_http(self, ready: Callable[[], None]) -> None:
        """Serve the HTTP interface until told to stop."""
        settings = self.system.settings
        async with compose(self.system) as app:
            await serve_http(app, settings.host, settings.port, self.stop, ready)

    async def operate(self, report: Report) -> None:
        """Until told to stop, tell the operator how it goes, on METRICS_PORT."""
        settings = self.system.settings
        spare_collections()
        if settings.metrics_port:
            app = operations_app(report)
            await serve_http(app, settings.host, settings.metrics_port, self.stop, lambda: None)
        else:
            await self.stop.wait()


Work = Callable[[Role], Awaitable[None]]


def start(name: str, work: Work, *required: str) -> None:
    """Run a role with the environment's settings; `required` are settings that it cannot do without.

    Ends the process with exit status 2 for bad settings, 1 when a part of the role failed.
    """
    try:
        settings = load()
        check_exposure(settings)
        for setting in required:
            if getattr(settings, setting.lower()) is None:
                raise BadSettings(f"{setting} is not set; `jobstream {name}` needs it (`jobstream serve` does not)")
        prepare(settings, name)
        run(lambda: _carry_out(work, settings))
    except (BadSettings, PostgresUnavailable) as problem:
        fail(str(problem), BAD_SETTINGS)
    except DATABASE_ERRORS as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # that was a file
        # While it runs every part waits for the database itself; a start or a stop that has begun cannot.
        fail(f"the database went away during the start or the stop ({type(error).__name__}): start {name} again")
    except (StoreHalted, TablesChanged) as problem:
        fail(str(problem))


async def _carry_out(work: Work, settings: Settings) -> None:
    failed = False
    async with stopping() as stop, AsyncExitStack() as stack:

        def part_failed() -> None:
            nonlocal failed
            failed = True
            stop.set()

        dsn = await stack.enter_async_context(database_dsn(settings))
        system = await stack.enter_async_context(open_system(settings, dsn))
        await system.store.head()  # a store that is halted is told at once
        background = await stack.enter_async_context(Background(part_failed))
        background.start("guard", watch(system.store))
        await work(Role(system, background, stack, stop))
    if failed:
        sys.exit(1)


async def _everything(role: Role) -> None:
    system, background = role.system, role.background
    feed = await role.stack.enter_async_context(parts.store_feed(system))
    parts.start_projectors(system, feed, background)
    parts.start_agents(system, feed, background)
    parts.start_timers(system, background)
    if system.settings.kafka_bootstrap_servers is not None:
        parts.start_relay(system, feed, background)
    if system.settings.sample_data:
        await load_sample(system)
    await role.serve_http(lambda: _greet(system.settings))


def _greet(settings: Settings) -> None:
    root = f"http://{settings.host}:{settings.port}"
    click.echo(
        f"""jobstream is ready.

  {root}/                          what is here
  {root}/automation/api/v1/docs    jobs and applications, in the browser
  {root}/tradeengage/api/v1/docs   service jobs, in the browser
  {root}/metrics                   Prometheus

Try:
  curl -s {root}/automation/api/v1/jobs -H 'Content-Type: application/json' \\
    -d '{{"company": "Google", "job_title": "Senior Software Engineer"}}'

Ctrl-C stops everything."""
    )


@click.command()
def serve() -> None:
    """Run the whole system in one process.

    Starts a PostgreSQL of its own unless DATABASE_URL is set, and relays into Kafka if KAFKA_BOOTSTRAP_SERVERS is.

    \b
    Example:
      PORT=8080 jobstream serve
    """
    start("serve", _everything)


async def _api(role: Role) -> None:
    settings = role.system.settings
    if settings.sample_data:
        await load_sample(role.system)
    await role.serve_http(lambda: click.echo(f"jobstream api is ready on http://{settings.host}:{settings.port}"))


@click.command()
def api() -> None:
    """Serve HTTP: append commands' events, answer queries from the read models.

    \b
    Example:
      DATABASE_URL=postgresql://127.0.0.1/jobstream MASTER_KEY=… jobstream api
    """
    start("api", _api, "DATABASE_URL")


async def _relay(role: Role) -> None:
    feed = await role.stack.enter_async_context(parts.store_feed(role.system))
    relay = parts.start_relay(role.system, feed, role.background)
    await role.operate(lambda: {"status": "healthy", "active": relay.active, "position": relay.position})


@click.command()
def relay() -> None:
    """Carry events into Kafka, exactly once. Of several, one is active and the others wait to take over.

    \b
    Example:
      DATABASE_URL=… MASTER_KEY=… KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 jobstream relay
    """
    start("relay", _relay, "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")


async def _projector(role: Role) -> None:
    feed = await role.stack.enter_async_context(parts.kafka_feed(role.system))
    projectors = parts.start_projectors(role.system, feed, role.background)
    await role.operate(lambda: parts.report(projectors))


@click.command()
def projector() -> None:
    """Fold what comes through Kafka into the read models. Of several, one is active for each read model.

    \b
    Example:
      DATABASE_URL=… MASTER_KEY=… KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 jobstream projector
    """
    start("projector", _projector, "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")


async def _agents(role: Role) -> None:
    give_way()
    parts.start_kafka_agents(role.system, role.background)
    parts.start_timers(role.system, role.background)
    await role.operate(lambda: {"status": "healthy"})


@click.command()
def agents() -> None:
    """Drive matching, PoS, follow-ups, calendar and mail from Kafka, with Faust; fire deadlines; ask the providers.

    \b
    Example:
      DATABASE_URL=… MASTER_KEY=… KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 jobstream agents
    """
    start("agents", _agents, "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")
