"""`jobstream erase`: a person asks to be forgotten."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import click
import orjson
from aiokafka.errors import KafkaError

from cli.connected import with_system
from cli.progress import progress
from cli.settings import fail
from infra.counted import counted
from infra.needles import SHORTEST, Needles
from runtime import erasure
from runtime.erasure import Known, Place, Tell, Unsearchable
from runtime.system import System

NOT_CLEAN = 1


@click.command()
@click.argument("subject", type=click.UUID)
@click.option("--reason", help="Why; recorded with the erasure. Name nobody in it.")
@click.option("--dry-run", is_flag=True, help="Only show what is known of the person, and where.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def erase(subject: UUID, reason: str | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Destroy a subject's key: their personal fields become unreadable in every event, topic and backup.

    A homeowner's subject is the id of the service job, a technician's is their own id, that of an interviewer the
    interview's, and that of a person who looks for work the owner of their jobs. Not reversible.
    Then read models blank what they show, and every table, topic and file is searched for what was known in clear;
    what is found is named, never shown.

    \b
    Exit status: 0 nothing is left; 1 something is, or it cannot be searched; 2 bad usage or settings.
    Example:
      jobstream erase 01a2054f-19dc-72c0-8483-4c12dec9b5d9 --dry-run
      jobstream erase 01a2054f-19dc-72c0-8483-4c12dec9b5d9 --reason "asked by e-mail"
    """
    if not dry_run:
        if reason is None:
            raise click.UsageError("say why, with --reason; or see what is known, with --dry-run")
        if not yes:
            click.confirm(f"Erase {subject}? This cannot be undone", abort=True, err=True)
    try:
        told = with_system(lambda system: _carry_out(system, subject, None if dry_run else reason))
    except KafkaError as error:
        fail(f"Kafka does not answer: {type(error).__name__}")
    except Unsearchable as problem:
        fail(str(problem))
    click.echo(orjson.dumps(told, default=str) if as_json else "\n".join(_lines(told)))
    sys.exit(NOT_CLEAN if told["left"] else 0)


async def _carry_out(system: System, subject: UUID, reason: str | None) -> dict[str, Any]:
    with progress("items") as shows:

        def tell(what: str, done: int, total: int | None) -> None:
            shows(what, str(subject), done, total)

        found = await erasure.known(system, subject, tell)
        before = await erasure.places(system, found, tell)
        told = _told(found, before)
        if reason is not None:
            told["position"] = await erasure.erase(system, subject, reason)
            told |= await _proof(system, found, tell)
    return told


async def _proof(system: System, found: Known, tell: Tell) -> dict[str, Any]:
    after = await erasure.places(system, found, tell)
    return {
        "left": [asdict(place) for place in after if place.theirs],
        "of_others": [asdict(place) for place in after if not place.theirs],
    }


def _told(found: Known, before: Sequence[Place]) -> dict[str, Any]:
    return {
        "subject": found.subject,
        "erased_before": found.erased,
        "events": dict(found.events),
        "fields": sorted(found.fields),
        "places": [asdict(place) for place in before if place.theirs],
        "values": len(found.values),
        "too_short": Needles(found.values).too_short,
        "position": None,
        "left": [],
        "of_others": [],
    }


def _lines(told: dict[str, Any]) -> Iterator[str]:
    events = counted(sum(told["events"].values()), "event tells", "events tell")
    yield f"{events} about {told['subject']}:"
    yield from (f"  {count:8,} {type}" for type, count in told["events"].items())
    if told["erased_before"]:
        yield "was erased before: with the key, what could be searched for is gone"
        return
    yield f"fields: {', '.join(told['fields'])}; {counted(told['values'], 'value')}"
    if told["too_short"]:
        short = counted(told["too_short"], "of them is", "of them are")
        yield f"{short} shorter than {SHORTEST} characters and not searched for"
    yield from _places("in clear before:" if told["position"] else "in clear:", told["places"])
    if told["position"] is None:
        return
    yield f"erased at position {told['position']}"
    yield from _places("equal values of other people, left as they are:", told["of_others"])
    yield from _places("STILL IN CLEAR, to be removed by hand:", told["left"])
    if not told["left"]:
        yield "nothing is left in any table, topic or file"


def _places(title: str, places: Sequence[dict[str, Any]]) -> Iterator[str]:
    if places:
        yield title
        yield from (f"  {place['count']:8,} {place['where']}" for place in places)
