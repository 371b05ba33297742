"""`jobstream cluster`: the distributed system on one machine, every role a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import click

from cli.serving import prepare, stopping
from cli.settings import BAD_SETTINGS, fail
from infra import postgres_process
from infra.embedded_postgres import PostgresUnavailable
from infra.kafka.broker import Broker
from infra.kafka.jars import BrokerUnavailable
from infra.master_key import master_key_text
from infra.settings import BadSettings, Settings, check_exposure, load
from runtime.system import database_dsn
from streams import topics

ROLES = ("relay", "projector", "agents", "api")
_STOP_SECONDS = 20.0


@click.command()
def cluster() -> None:
    """Run api, relay, projector and agents, each its own process, over a local Kafka and PostgreSQL.

    Starts a broker (Java 17 and Maven) unless KAFKA_BOOTSTRAP_SERVERS is set, and a PostgreSQL unless DATABASE_URL is.
    Ctrl-C stops everything it started.

    \b
    Example:
      PORT=8080 jobstream cluster
    """
    try:
        settings = load()
        check_exposure(settings)
        prepare(settings, "cluster")
        sys.exit(asyncio.run(_run(settings)))
    except (BadSettings, PostgresUnavailable, BrokerUnavailable) as problem:
        fail(str(problem), BAD_SETTINGS)


async def _run(settings: Settings) -> int:
    async with stopping() as stop, AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database_dsn(settings))
        bootstrap = await stack.enter_async_context(_broker(settings))
        await topics.apply(bootstrap, settings.kafka_topic_prefix)
        environment = os.environ | {
            "DATABASE_URL": dsn,
            "MASTER_KEY": master_key_text(settings),
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        }
        processes = [await stack.enter_async_context(_process(role, environment)) for role in ROLES]
        ends = [asyncio.create_task(process.wait()) for process in processes]
        told = asyncio.create_task(stop.wait())
        await asyncio.wait([*ends, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        for role, end in zip(ROLES, ends, strict=True):
            if end.done() and not stop.is_set():
                click.echo(f"jobstream {role} ended with status {end.result()}; stopping", err=True)
        return 0 if stop.is_set() else 1


@asynccontextmanager
async def _broker(settings: Settings) -> AsyncIterator[str]:
    if settings.kafka_bootstrap_servers is not None:
        yield settings.kafka_bootstrap_servers
        return
    broker = Broker(settings.jobstream_home / "kafka")
    await broker.start()
    click.echo(f"jobstream cluster: commands beside it take KAFKA_BOOTSTRAP_SERVERS={broker.bootstrap}")
    try:
        yield broker.bootstrap
    finally:
        await broker.stop()


@asynccontextmanager
async def _process(role: str, environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A role's process; told to stop, and waited for, at the end. A session of its own: Ctrl-C is for us.

    Through the script that has the kernel stop it should we die of anything. By SIGTERM: a SIGINT during the start
    becomes a KeyboardInterrupt somewhere inside a library, and some swallow it.
    """
    within = [sys.executable, "-I", "-S", postgres_process.__file__, str(os.getpid()), "TERM", "self"]
    process = await asyncio.create_subprocess_exec(
        *within, sys.executable, "-m", "cli", role, env=dict(environment), start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
