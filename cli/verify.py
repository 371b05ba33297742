"""`jobstream verify`: proof that nothing is lost, doubled or altered between the store, Kafka and the read models."""

import sys
from collections.abc import Iterator

import click
import orjson
from aiokafka.errors import KafkaError

from cli.connected import with_system
from cli.differences import as_json as difference_as_json
from cli.differences import lines as difference_lines
from cli.processor_time import give_way
from cli.progress import progress
from cli.settings import fail
from infra.counted import counted
from runtime.system import System
from runtime.verification import Verification
from runtime.verification import verify as verified


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def verify(as_json: bool) -> None:
    """Compare the event store with Kafka's topics, event by event, and with the read models, folded once more.

    The topics: every event once, under its stream's key, in its partition, in order, with the same bytes, headers and
    epoch, up to where the relay is. The store: positions and versions without a gap. The read models: equal to a fold
    of the log into tables of their own, which are dropped afterwards. The system goes on meanwhile.

    \b
    Exit status: 0 all the same; 1 something differs, or cannot be reached; 2 bad settings.
    Example:
      jobstream verify
    """

    async def ask(system: System) -> Verification:
        with progress() as shows:
            return await verified(system, lambda what, done, total: shows("verifying", what, done, total))

    give_way()
    try:
        found = with_system(ask)
    except KafkaError as error:
        fail(f"Kafka does not answer: {type(error).__name__}")
    if as_json:
        click.echo(orjson.dumps(_as_json(found), default=str))
    else:
        click.echo("\n".join(_lines(found)))
    sys.exit(0 if found.sound else 1)


def _lines(found: Verification) -> Iterator[str]:
    yield f"{counted(found.log.events, 'event')} in the store"
    if found.relayed is not None:
        yield f"{found.log.compared:,} of them compared with Kafka, up to position {found.relayed:,}"
    for difference in found.differences:
        yield from difference_lines(difference)
    for fault, count in found.log.faults.items():
        yield f"BAD {count:,} × {fault}"
        yield from (f"      {where}" for where in found.log.examples[fault])
    yield from (f"BAD {problem}" for problem in found.problems)
    yield from (f"note: {note}" for note in found.notes)
    yield "all the same" if found.sound else "something differs"


def _as_json(found: Verification) -> dict[str, object]:
    return {
        "sound": found.sound,
        "events": found.log.events,
        "compared_with_kafka": found.log.compared if found.relayed is not None else None,
        "relayed": found.relayed,
        "faults": [
            {"fault": fault.name.lower(), "count": count, "examples": found.log.examples[fault]}
            for fault, count in found.log.faults.items()
        ],
        "read_models": [difference_as_json(difference) for difference in found.differences],
        "problems": found.problems,
        "notes": found.notes,
    }
