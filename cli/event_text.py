"""Recorded events as an operator reads them: a line, a paragraph, or JSON."""

import getpass
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
import orjson
import structlog

from infra.disclosure import Disclosure
from infra.event_store import Row
from infra.recorded_rows import recorded
from runtime.system import System
from schemas.codec import KeyNotLoaded, UndecodableEvent
from schemas.recorded import Recorded

log = structlog.get_logger(__name__)

personal_option = click.option(
    "--personal", is_flag=True, help="Personal fields in clear; that they were read is noted in the log."
)


def disclosure(system: System, personal: bool, **what: str) -> Disclosure:
    """What may be shown. Reading personal fields leaves a line in the log: who, and of `what`."""
    if personal:
        log.warning("personal fields are read", user=getpass.getuser(), **what)
    return Disclosure(system.registry, personal=personal)


async def opened(system: System, rows: Sequence[Row]) -> list[Recorded]:
    events = [recorded(row, system.store.epoch, system.codec.decode) for row in rows]
    await system.codec.open(events)
    return events


def described(event: Recorded, shown: Disclosure) -> dict[str, Any]:
    """An event for JSON. One that cannot be read says why instead of what it holds."""
    about: dict[str, Any] = {
        "position": event.position,
        "type": f"{event.category}.{event.type}",
        "stream_id": event.stream_id,
        "version": event.version,
        "event_id": event.event_id,
        "owner": event.owner,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "metadata": dict(event.metadata),
    }
    try:
        return about | {"payload": shown.payload(event)}
    except UndecodableEvent as problem:
        return about | {"payload": None, "unreadable": problem.reason}
    except KeyNotLoaded as problem:
        return about | {"payload": None, "unreadable": f"the key of subject {problem.subject} is missing"}


def line(event: Recorded, shown: Disclosure) -> str:
    """An event on one line."""
    told = described(event, shown)
    fields = json(told["payload"]) if told["payload"] is not None else click.style(told["unreadable"], fg="red")
    place = click.style(f"{event.position:>8}  {time(event.recorded_at)}", dim=True)
    who = event.metadata.get("actor", "")
    return f"{place}  {click.style(told['type'], bold=True)}  {event.stream_id} v{event.version}  {who}  {fields}"


def paragraph(event: Recorded, shown: Disclosure) -> Iterator[str]:
    """An event with a line for each of its fields."""
    told, by = described(event, shown), event.metadata
    yield f"v{event.version}  {click.style(told['type'], bold=True)}  at {event.position}, {time(event.recorded_at)}"
    yield f"    {by.get('command', '')} by {by.get('actor', '')}, correlation {by.get('correlation_id', '')}"
    if told["payload"] is None:
        yield click.style(f"    {told['unreadable']}", fg="red")
        return
    for name, value in told["payload"].items():
        yield f"    {name:24} {value if isinstance(value, str | UUID) else json(value)}"


def time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z).decode()
