"""The system as the operator's commands reach it: beside the processes that run it, and saying which one it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import click

from cli.processor_time import spare_collections
from cli.settings import BAD_SETTINGS, fail, settings_or_exit
from infra.database import Database
from infra.embedded_postgres import PostgresUnavailable
from infra.event_store import EpochMismatch, StoreHalted
from infra.settings import BadSettings, Settings
from projections.generations import TablesChanged
from runtime.system import System, database_dsn, open_system
from schemas.keyring import WrongMasterKey
from streams.runner import INFRASTRUCTURE

T = TypeVar("T")


def with_system(ask: Callable[[System], Awaitable[T]]) -> T:
    """What `ask` answers of the system; where it is goes to standard error.

    Ends the process with status 2 for bad settings, 1 when the database does not answer.
    """
    settings = settings_or_exit()

    async def run() -> T:
        async with _database(settings) as dsn, open_system(settings, dsn) as system:
            spare_collections()
            return await ask(system)

    return _carried_out(run)


def with_database(ask: Callable[[Database], Awaitable[T]]) -> T:
    """The same for what needs nothing but the database."""
    settings = settings_or_exit()

    async def run() -> T:
        async with _database(settings) as dsn:
            database = await Database.open(dsn)
            try:
                return await ask(database)
            finally:
                await database.close()

    return _carried_out(run)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    def tell(where: str) -> None:
        kafka = settings.kafka_bootstrap_servers
        beside = f"Kafka at {kafka}" if kafka else "no Kafka"
        click.echo(f"jobstream: {where}; {beside}", err=True)

    async with database_dsn(settings, join=True, tell=tell) as dsn:
        yield dsn


def _carried_out(run: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await run()

    try:
        return asyncio.run(main())
    except BadSettings as problem:
        fail(str(problem), BAD_SETTINGS)
    except WrongMasterKey as problem:
        fail(str(problem), BAD_SETTINGS)
    except (PostgresUnavailable, EpochMismatch, StoreHalted, TablesChanged) as problem:
        fail(str(problem))
    except BrokenPipeError:  # whoever read our output has seen enough
        raise
    except INFRASTRUCTURE as problem:
        fail(f"the database does not answer: {problem or type(problem).__name__}")
