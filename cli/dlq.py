"""`jobstream dlq`: events that an agent could not handle."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
import orjson

from cli.connected import with_system
from cli.settings import fail
from runtime.parts import redrives
from streams.redrive import Redrive

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
    return with_system(lambda system: ask(redrives(system)))
