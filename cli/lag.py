"""`jobstream lag`: who is how far behind the log."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli.connected import with_system
from cli.event_text import json, time
from cli.settings import fail
from infra.counted import counted
from runtime.lag import Lag, Lags
from runtime.system import System

_EVERY_SECONDS = 1.0


@click.command()
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@click.option("--max", "most", type=click.IntRange(min=0), metavar="EVENTS", help="More than that is too far behind.")
@click.option(
    "--max-seconds", "longest", type=click.FloatRange(min=0), help="Waiting for longer than that is too long."
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines; with --watch one line each time.")
def lag(watch: bool, most: int | None, longest: float | None, as_json: bool) -> None:
    """How far every read model, every agent and the relay are behind, with the oldest event that waits for each.

    Events are counted from that one to the end of the log. Agents may be run from the store or from Kafka. The relay
    is looked at where KAFKA_BOOTSTRAP_SERVERS is set.

    \b
    Exit status: 0; 1 something is further behind than --max or --max-seconds allow, or cannot be told, or the database
    does not answer; 2 bad settings.
    Example:
      jobstream lag --max 10000 --max-seconds 60
    """
    if watch and (most is not None or longest is not None):
        raise click.UsageError("--watch goes on for ever: it has no use for --max and --max-seconds")
    if watch:
        with suppress(KeyboardInterrupt):
            with_system(lambda system: _watch(system, as_json))
        return

    async def look(system: System) -> list[Lag]:
        return await Lags(system).look()

    found = with_system(look)
    _show(found, as_json)
    if most is not None or longest is not None:
        behind = [each.name for each in found if _too_far(each, most, longest)]
        if behind:
            fail(f"too far behind: {', '.join(behind)}")


def _too_far(lag: Lag, most: int | None, longest: float | None) -> bool:
    """What cannot be told counts as too far."""
    if lag.events is None or lag.seconds is None:
        return True
    return (most is not None and lag.events > most) or (longest is not None and lag.seconds > longest)


async def _watch(system: System, as_json: bool) -> None:
    lags = Lags(system)
    if as_json or not sys.stdout.isatty():
        await _every_second(lags, lambda found: _show(found, as_json))
        return
    with Live(console=Console(), auto_refresh=False) as live:
        await _every_second(lags, lambda found: live.update(_table(found), refresh=True))


async def _every_second(lags: Lags, show: Callable[[Sequence[Lag]], None]) -> None:
    while True:
        show(await lags.look())
        await asyncio.sleep(_EVERY_SECONDS)


def _show(found: Sequence[Lag], as_json: bool) -> None:
    if as_json:
        click.echo(json([asdict(each) for each in found]))
    elif sys.stdout.isatty():
        Console().print(_table(found))
    else:
        for each in found:
            events = "? events" if each.events is None else counted(each.events, "event")
            seconds = "?" if each.seconds is None else f"{each.seconds:.1f}"
            line = f"{each.kind:11} {each.name:18} {each.feed or '':6} {events:>16} {seconds:>9} s"
            click.echo("  ".join([line, *_remarks(each)]))


def _table(found: Sequence[Lag]) -> Table:
    table = Table("", "", "feed", "events", "seconds", "", box=None)
    table.columns[3].justify = table.columns[4].justify = "right"
    for each in found:
        events, seconds = ("?", "?") if each.events is None else (str(each.events), f"{each.seconds:.1f}")
        style = "red" if each.error else "yellow" if each.events else ""
        table.add_row(each.kind, each.name, each.feed or "", events, seconds, "; ".join(_remarks(each)), style=style)
    return table


def _remarks(lag: Lag) -> list[str]:
    found = [] if lag.error is None else [lag.error]
    if oldest := lag.oldest:
        found.append(f"{oldest.type} at {oldest.position} waits since {time(oldest.recorded_at)}")
    return found
