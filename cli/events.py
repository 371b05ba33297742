"""`jobstream events`: looking into the log."""

from contextlib import suppress
from uuid import UUID

import click

from cli.cause_tree import show_tree
from cli.connected import with_system
from cli.event_text import described, disclosure, json, line, opened, paragraph, personal_option
from cli.event_totals import show_totals
from cli.moment import MOMENT, Moment, first_position, last_position
from cli.settings import fail
from runtime.parts import store_feed
from runtime.system import System
from streams.causation import causes
from streams.history import Selection, totals
from streams.tail import tail as followed

LATEST = 10  # shown before what is new, as tail(1) does
TREE_LIMIT = 1000


@click.group()
def events() -> None:
    """The log: follow it, look at a stream and at what caused what, count.

    \b
    Example:
      jobstream events tail --type RoutingSynced
    """


as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
stream_argument = click.argument("stream", type=click.UUID)


@events.command()
@click.option("--context", "contexts", multiple=True, help="Events of this context only; may be repeated.")
@click.option("--type", "types", multiple=True, help="Events of this type only, e.g. RoutingSynced; may be repeated.")
@click.option("--stream", "streams", multiple=True, type=click.UUID, help="Events of this stream only.")
@click.option("--actor", "actors", multiple=True, help="Events that this actor caused, e.g. agent:pos_sync.")
@click.option("--from", "start", type=MOMENT, help="Begin at this position or time, not with the last ten events.")
@click.option("--limit", type=click.IntRange(min=1), help="End after so many events.")
@click.option("--follow/--no-follow", default=True, help="Wait for new events (default), or end with the last one.")
@personal_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def tail(
    contexts: tuple[str, ...],
    types: tuple[str, ...],
    streams: tuple[UUID, ...],
    actors: tuple[str, ...],
    start: Moment | None,
    limit: int | None,
    follow: bool,
    personal: bool,
    as_json: bool,
) -> None:
    """Follow the log until Ctrl-C. Personal fields are masked.

    \b
    Exit status: 0; 1 the database does not answer; 2 bad settings.
    Example:
      jobstream events tail --context dispatch --from 2026-11-22T22:00:00Z --limit 100 --json
    """
    selection = Selection(contexts, types, streams, actors)

    async def ask(system: System) -> None:
        shown, left = disclosure(system, personal, command="events tail"), limit
        first = None if start is None else await first_position(system.store, start)
        latest = LATEST if limit is None else min(LATEST, limit)
        async with store_feed(system) as feed:
            async for rows in followed(system.store, feed, selection, first=first, latest=latest, follow=follow):
                for event in await opened(system, rows[:left]):
                    click.echo(json(described(event, shown)) if as_json else line(event, shown))
                if left is not None and (left := left - len(rows)) <= 0:
                    return

    with suppress(KeyboardInterrupt):
        with_system(ask)


@events.command()
@stream_argument
@click.option("--tree", is_flag=True, help="What caused its events, and what they caused, in all streams.")
@personal_option
@as_json
def show(stream: UUID, tree: bool, personal: bool, as_json: bool) -> None:
    """One stream's history with every field, or cause and effect as a tree. Personal fields are masked.

    \b
    Exit status: 0; 1 there is no such stream, or the database does not answer; 2 bad settings.
    Example:
      jobstream events show 01a2054f-19dc-72c0-8483-4c12dec9b5d9 --tree
    """

    async def ask(system: System) -> None:
        rows = await system.store.read_stream(stream)
        if not rows:
            fail(f"there is no stream {stream}")
        shown = disclosure(system, personal, command="events show", stream=str(stream))
        if tree:
            show_tree(await causes(system.store, system.codec, stream, TREE_LIMIT), stream, shown, as_json)
            return
        history = await opened(system, rows)
        if as_json:
            click.echo(json([described(event, shown) for event in history]))
            return
        for event in history:
            click.echo("\n".join(paragraph(event, shown)))

    with_system(ask)


@events.command()
@click.option("--from", "start", type=MOMENT, default=1, help="The first position, or a time. Default: the beginning.")
@click.option("--to", "end", type=MOMENT, help="The last position, or a time. Default: the end.")
@as_json
def stats(start: Moment, end: Moment | None, as_json: bool) -> None:
    """How many events there are of each context and type, and how many a second.

    \b
    Exit status: 0; 1 the database does not answer; 2 bad settings.
    Example:
      jobstream events stats --from 2026-11-22T22:00:00Z --json
    """

    async def ask(system: System) -> None:
        first = await first_position(system.store, start)
        head = await system.store.end()
        last = head if end is None else min(head, await last_position(system.store, end))
        show_totals(await totals(system.store, first, last), as_json)

    with_system(ask)
