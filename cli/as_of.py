"""`jobstream as-of`: an aggregate as it was."""

from typing import Any
from uuid import UUID

import click

from cli.connected import with_system
from cli.event_text import disclosure, json, personal_option, time
from cli.moment import MOMENT, Moment, last_position
from cli.settings import fail
from infra.past import Past, UnknownKind
from infra.past import as_of as folded
from runtime.system import System
from schemas.codec import KeyNotLoaded, UndecodableEvent


@click.command("as-of")
@click.argument("stream", type=click.UUID)
@click.option("--position", type=click.IntRange(min=1), help="After the event at this position was recorded.")
@click.option("--time", "moment", type=MOMENT, help="At this time, by when events were recorded.")
@personal_option
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
def as_of(stream: UUID, position: int | None, moment: Moment | None, personal: bool, as_json: bool) -> None:
    """An aggregate's state as it was at a position or time, or as it is now. Personal fields are masked.

    \b
    Exit status: 0; 1 there was no such stream, it cannot be read, or the database does not answer; 2 bad settings.
    Example:
      jobstream as-of 01a2054f-19dc-72c0-8483-4c12dec9b5d9 --time 2026-11-22T22:40:00Z
    """
    if position is not None and moment is not None:
        raise click.UsageError("give --position or --time, not both")

    async def ask(system: System) -> Past | None:
        upto = position or await system.store.end()
        if moment is not None:
            upto = await last_position(system.store, moment)
        shown = disclosure(system, personal, command="as-of", stream=str(stream))
        try:
            return await folded(system.store, system.codec, shown, stream, upto)
        except (UnknownKind, UndecodableEvent, KeyNotLoaded) as problem:
            fail(str(problem))

    past = with_system(ask)
    if past is None:
        fail(f"there was no stream {stream} then; see: jobstream events show {stream}")
    if as_json:
        click.echo(json(_described(past)))
        return
    click.echo(f"{past.kind} {stream} v{past.last.version}, since {past.last.type} at {past.last.position}, "
               f"{time(past.last.recorded_at)}")  # fmt: skip
    for name, value in past.state.items():
        click.echo(f"    {name:24} {value if isinstance(value, str | UUID) else json(value)}")


def _described(past: Past) -> dict[str, Any]:
    last = past.last
    return {
        "kind": past.kind,
        "stream_id": last.stream_id,
        "version": last.version,
        "position": last.position,
        "type": f"{last.category}.{last.type}",
        "recorded_at": last.recorded_at,
        "state": past.state,
    }
