"""Counts and rates of events: a table on a terminal, lines elsewhere, or JSON."""

from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table

from cli.event_text import json, time
from infra.counted import counted
from streams.history import Total


def show_totals(totals: Sequence[Total], as_json: bool) -> None:
    events = sum(total.events for total in totals)
    if not events:
        click.echo(json({"events": 0, "contexts": [], "types": []}) if as_json else "no events")
        return
    begin, end = min(total.first_at for total in totals), max(total.last_at for total in totals)
    seconds = (end - begin).total_seconds()
    contexts: dict[str, int] = {}
    for total in totals:
        contexts[total.context] = contexts.get(total.context, 0) + total.events
    if as_json:
        about = {"events": events, "bytes": sum(total.bytes for total in totals), "first_at": begin, "last_at": end}
        by_context = [_counted({"context": name}, count, seconds) for name, count in contexts.items()]
        types = [_counted({"context": each.context, "type": each.type}, each.events, seconds) for each in totals]
        click.echo(json(about | {"seconds": seconds, "contexts": by_context, "types": types}))
        return
    click.echo(f"{counted(events, 'event')} from {time(begin)} to {time(end)}")
    lines = [(f"{name}.*", count) for name, count in contexts.items()]
    lines += [(f"{total.context}.{total.type}", total.events) for total in totals]
    _print(lines, events, seconds)


def _counted(what: dict[str, str], events: int, seconds: float) -> dict[str, object]:
    return {**what, "events": events, "per_second": _rate(events, seconds)}


def _rate(events: int, seconds: float) -> float | None:
    """None where all events came at one moment."""
    return round(events / seconds, 3) if seconds else None


def _print(lines: Iterable[tuple[str, int]], events: int, seconds: float) -> None:
    table = Table("type", "events", "share", "a second", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, count in lines:
        rate = _rate(count, seconds)
        table.add_row(name, str(count), f"{count / events:.1%}", "" if rate is None else f"{rate:g}")
    console = Console(highlight=False)
    console.print(table, soft_wrap=not console.is_terminal)
