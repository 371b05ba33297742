"""`jobstream serve` and the roles of a distributed system."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import click

from api.composition import compose
from cli.sample import load_sample
from cli.serving import prepare, run, serve_http, stopping
from infra.embedded_postgres import PostgresUnavailable
from infra.settings import BadSettings, Settings, check_exposure, load
from runtime.parts import Background, start_agents, start_projectors, start_timers, store_feed
from runtime.system import database_dsn, open_system

Role = Callable[[Settings, asyncio.Event], Awaitable[None]]


def start(name: str, role: Role) -> None:
    """Run a role with the environment's settings. Exit status 2 for bad settings, 1 when a part failed."""
    try:
        settings = load()
        check_exposure(settings)
        prepare(settings, name)
        run(lambda: _until_stopped(role, settings))
    except (BadSettings, PostgresUnavailable) as problem:
        click.echo(f"jobstream {name}: {problem}", err=True)
        sys.exit(2)


async def _until_stopped(role: Role, settings: Settings) -> None:
    async with stopping() as stop:
        await role(settings, stop)


async def serve_all(settings: Settings, stop: asyncio.Event) -> None:
    """Everything in one process, over the event store's own feed."""
    failures: list[bool] = []

    def failed() -> None:
        failures.append(True)
        stop.set()

    background = Background(failed)
    async with (
        database_dsn(settings) as dsn,
        open_system(settings, dsn) as system,
        store_feed(system) as feed,
        background,
    ):
        start_projectors(system, feed, background)
        start_agents(system, feed, background)
        start_timers(system, background)
        if settings.sample_data:
            await load_sample(system)
        await serve_http(await compose(system), settings, stop, lambda: _greet(settings))
    if failures:
        sys.exit(1)


def _greet(settings: Settings) -> None:
    root = f"http://{settings.host}:{settings.port}"
    click.echo(
        f"""jobstream is ready.

  {root}/                 what is here
  {root}/tradeengage/api/v1/docs   try it in the browser
  {root}/metrics          Prometheus

Try:
  curl -s {root}/tradeengage/api/v1/companies/?limit=3

Ctrl-C stops everything."""
    )


@click.command()
def serve() -> None:
    """Run the whole system in one process.

    Starts a PostgreSQL of its own unless DATABASE_URL is set.

    \b
    Example:
      PORT=8080 jobstream serve
    """
    start("serve", serve_all)
