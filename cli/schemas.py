"""`jobstream schemas`: the events' schemas here, and whether they read what is recorded."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from cli.connected import with_system
from cli.event_text import json
from infra.counted import counted
from runtime.system import System
from schemas.compatibility import IncompatibleSchemas, check_compatibility
from schemas.ids import BadSchemaList, check_files
from schemas.registry import BadSchema, EventSchema, Registry
from streams.recorded_schemas import unreadable, used_schemas


@click.group()
def schemas() -> None:
    """The events' schemas: what each is used for, and whether they read what is recorded.

    \b
    Example:
      jobstream schemas check
    """


as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


@schemas.command("list")
@as_json
def list_schemas(as_json: bool) -> None:
    """Every schema by its id, its personal fields, and how many recorded events were written with it.

    \b
    Exit status: 0; 1 the database does not answer; 2 bad settings.
    Example:
      jobstream schemas list --json
    """

    async def ask(system: System) -> dict[int, int]:
        counts: dict[int, int] = {}
        for used in await used_schemas(system.store):
            if used.id is not None:
                counts[used.id] = counts.get(used.id, 0) + used.events
        return counts

    counts = with_system(ask)
    if as_json:
        click.echo(json([_described(schema, counts) for schema in _all()]))
        return
    for schema in _all():
        personal = f"  personal: {', '.join(field.name for field in schema.personal)}" if schema.personal else ""
        events = counted(counts.get(schema.id, 0), "event")
        click.echo(f"{schema.id:>4}  {schema!s:44} {events:>16}{personal}")


@schemas.command()
@as_json
def check(as_json: bool) -> None:
    """Whether the schemas here are as they were given out, read each other's events, and read what is recorded.

    \b
    Exit status: 0 they are and do; 1 something is not, or the database does not answer; 2 bad settings.
    Example:
      jobstream schemas check --json
    """
    problems = _among_themselves() or with_system(_with_what_is_recorded)
    if as_json:
        click.echo(json({"ok": not problems, "problems": problems}))
    else:
        for problem in problems or [f"{len(_all())} schemas: each reads what is recorded"]:
            click.echo(problem)
    sys.exit(1 if problems else 0)


def _among_themselves() -> list[str]:
    """What is wrong before anything recorded is looked at: nothing can be read by such schemas."""
    try:
        check_files()
        check_compatibility(Registry())
    except (BadSchemaList, BadSchema, IncompatibleSchemas) as problem:
        return str(problem).splitlines()
    return []


async def _with_what_is_recorded(system: System) -> list[str]:
    return [problem async for problem in unreadable(system.store, system.codec, system.registry)]


def _all() -> list[EventSchema]:
    registry = Registry()
    found = [schema for type in registry.types for schema in registry.versions(type)]
    return sorted(found, key=lambda schema: schema.id)


def _described(schema: EventSchema, counts: Mapping[int, int]) -> dict[str, Any]:
    return {
        "id": schema.id,
        "type": schema.type,
        "version": schema.version,
        "personal": [field.name for field in schema.personal],
        "events": counts.get(schema.id, 0),
    }
