"""`jobstream dlq`: events that an agent could not handle."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
import orjson

from cli.settings import BAD_SETTINGS, fail, settings_or_exit
from infra.embedded_postgres import PostgresUnavailable
from infra.settings import BadSettings
from runtime.parts import redrives
from runtime.system import database_dsn, open_system
from streams.redrive import Redrive
from streams.runner import INFRASTRUCTURE

T = TypeVar("T")


@click.group()
def dlq() -> None:
    """Dead letters: streams of which an agent could not handle an event.

    \b
    Example:
      jobstream dlq list
    """


as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


@dlq.command("list")
@as_json
def list_parked(as_json: bool) -> None:
    """The parked streams with what is wrong, and what waits behind.

    \b
    Example:
      jobstream dlq list --json
    """

    async def ask(found: dict[str, Redrive]) -> list[dict[str, object]]:
        return [
            {
                "agent": agent,
                "stream_id": parked.stream_id,
                "position": parked.position,
                "type": parked.type,
                "attempts": parked.attempts,
                "waiting": parked.waiting,
                "error": parked.error,
            }
            for agent, redrive in found.items()
            for parked in await redrive.parked()
        ]

    rows = _with_redrives(ask)
    if as_json:
        click.echo(orjson.dumps(rows, default=str))  # asyncpg has a UUID type of its own
        return
    for row in rows:
        click.echo(f"{row['agent']}  {row['stream_id']}  {row['type']} at {row['position']}, {row['waiting']} waiting")
        click.echo(f"    {row['error']} ({row['attempts']} attempts)")
    click.echo(f"{len(rows)} parked")


@dlq.command()
@click.argument("agent")
@click.argument("stream_id", type=click.UUID)
def redrive(agent: str, stream_id: UUID) -> None:
    """Handle a parked stream's events again, in order, against live traffic too.

    \b
    Exit status: 0 all handled; 1 one failed again, and stays parked with those behind it.
    Example:
      jobstream dlq redrive pos_sync 01a2054f-19dc-72c0-8483-4c12dec9b5d9
    """

    async def ask(found: dict[str, Redrive]) -> str | None:
        if agent not in found:
            return f"there is no agent {agent}; agents are {', '.join(found)}"
        outcome = await found[agent].stream(stream_id)
        click.echo(f"{outcome.handled} handled")
        return outcome.error

    if error := _with_redrives(ask):
        fail(error)


def _with_redrives(ask: Callable[[dict[str, Redrive]], Awaitable[T]]) -> T:
    settings = settings_or_exit()

    async def run() -> T:
        async with database_dsn(settings, join=True) as dsn, open_system(settings, dsn) as system:
            return await ask(redrives(system))

    try:
        return asyncio.run(run())
    except BadSettings as problem:
        fail(str(problem), BAD_SETTINGS)
    except PostgresUnavailable as problem:
        fail(str(problem))
    except INFRASTRUCTURE as problem:
        fail(f"the database does not answer: {problem or type(problem).__name__}")
