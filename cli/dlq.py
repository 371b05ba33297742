"""`jobstream dlq`: events that an agent could not handle."""

import getpass
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeVar
from uuid import UUID

import click
import orjson

from cli.connected import with_system
from cli.event_text import described, opened, paragraph
from cli.settings import fail
from infra.counted import counted
from infra.disclosure import Disclosure
from runtime.parts import redrives
from runtime.system import System
from schemas.recorded import Recorded
from streams.redrive import NotFirst, Redrive, Waiting

T = TypeVar("T")

as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
_agent = click.argument("agent")
_stream = click.argument("stream_id", type=click.UUID)


@click.group()
def dlq() -> None:
    """Dead letters: streams of which an agent could not handle an event.

    \b
    Example:
      jobstream dlq list
    """


@dlq.command("list")
@click.option("--dropped", is_flag=True, help="Those that were given up, by whom and why.")
@as_json
def list_parked(dropped: bool, as_json: bool) -> None:
    """The parked streams with what is wrong, and what waits behind.

    \b
    Example:
      jobstream dlq list --json
    """

    async def ask(found: Mapping[str, Redrive]) -> list[dict[str, Any]]:
        return [
            {"agent": agent} | asdict(one)
            for agent, redrive in found.items()
            for one in (await redrive.dropped() if dropped else await redrive.parked())
        ]

    rows = _with_redrives(ask)
    if as_json:
        click.echo(orjson.dumps(rows, default=str))  # asyncpg has a UUID type of its own
        return
    for row in rows:
        behind = f"dropped {row['dropped_at']} by {row['dropped_by']}" if dropped else f"{row['waiting']} waiting"
        click.echo(f"{row['agent']}  {row['stream_id']}  {row['type']} at {row['position']}, {behind}")
        click.echo(f"    {row['error']} ({counted(row['attempts'], 'attempt')})")
        if dropped:
            click.echo(f"    {row['reason']}")
    click.echo(f"{len(rows)} {'dropped' if dropped else 'parked'}")


@dlq.command()
@_agent
@_stream
@as_json
def show(agent: str, stream_id: UUID, as_json: bool) -> None:
    """What a parked stream waits for: the event with its payload, what went wrong, and what waits behind it.

    Personal fields are masked; jobstream events show has them in clear for whoever asks.

    \b
    Exit status: 0 shown; 1 nothing of this stream is parked.
    Example:
      jobstream dlq show pos_sync 01a2054f-19dc-72c0-8483-4c12dec9b5d9
    """

    async def ask(system: System) -> tuple[list[Waiting], list[Recorded], Disclosure]:
        waiting = list(await _of(redrives(system), agent).waiting(stream_id))
        rows = [row for one in waiting[:1] for row in await system.store.read(one.position - 1, 1)]
        return waiting, await opened(system, rows), Disclosure(system.registry, personal=False)

    waiting, events, shown = with_system(ask)
    if not waiting:
        fail(f"agent {agent} has nothing parked of stream {stream_id}; see: jobstream dlq list")
    if as_json:
        found = {"event": described(events[0], shown), "waiting": [asdict(one) for one in waiting]}
        click.echo(orjson.dumps(found, default=str))
    else:
        click.echo("\n".join(_shown(waiting, events[0], shown)))


def _shown(waiting: list[Waiting], event: Recorded, shown: Disclosure) -> Iterator[str]:
    first, *behind = waiting
    yield from paragraph(event, shown)
    yield f"parked since {first.parked_at}, {counted(first.attempts, 'attempt')}: {first.error}"
    yield f"{len(behind)} behind it{':' if behind else ''}"
    yield from (f"    {one.type} at {one.position}, since {one.parked_at}" for one in behind)


@dlq.command()
@_agent
@_stream
def redrive(agent: str, stream_id: UUID) -> None:
    """Handle a parked stream's events again, in order, against live traffic too.

    \b
    Exit status: 0 all handled; 1 one failed again, and stays parked with those behind it.
    Example:
      jobstream dlq redrive pos_sync 01a2054f-19dc-72c0-8483-4c12dec9b5d9
    """

    async def ask(found: Mapping[str, Redrive]) -> str | None:
        return await _handled(_of(found, agent), stream_id)

    if error := _with_redrives(ask):
        fail(error)


@dlq.command()
@_agent
@_stream
@click.argument("position", type=int)
@click.option("--reason", required=True, help="Why; kept with the dead letter for good. Name nobody in it.")
def drop(agent: str, stream_id: UUID, position: int, reason: str) -> None:
    """Give up the event that a stream waits for, at POSITION: its agent never handles it. Then handle those behind it.

    The event itself stays in the log. Who dropped it, when and why stays with the dead letter: see dlq list --dropped.

    \b
    Exit status: 0 dropped, and what waited is handled; 1 not the first one that waits, or the next one failed.
    Example:
      jobstream dlq drop pos_sync 01a2054f-19dc-72c0-8483-4c12dec9b5d9 17 --reason "the job was cancelled by phone"
    """

    async def ask(found: Mapping[str, Redrive]) -> str | None:
        chosen = _of(found, agent)
        try:
            await chosen.drop(stream_id, position, getpass.getuser(), reason)
        except NotFirst as problem:
            return str(problem)
        click.echo("dropped")
        return await _handled(chosen, stream_id)

    if error := _with_redrives(ask):
        fail(error)


async def _handled(chosen: Redrive, stream_id: UUID) -> str | None:
    """What went wrong, if something did."""
    outcome = await chosen.stream(stream_id)
    click.echo(f"{outcome.handled} handled")
    return outcome.error


def _of(found: Mapping[str, Redrive], agent: str) -> Redrive:
    if agent not in found:
        fail(f"there is no agent {agent}; agents are {', '.join(found)}")
    return found[agent]


def _with_redrives(ask: Callable[[Mapping[str, Redrive]], Awaitable[T]]) -> T:
    return with_system(lambda system: ask(redrives(system)))
