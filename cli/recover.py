"""`jobstream recover`: PostgreSQL came back from a backup, or failed over, and Kafka has more than the event store."""

import sys
from collections.abc import Iterator
from typing import Any

import click
import orjson
from aiokafka.errors import KafkaError

from cli.connected import with_system
from cli.progress import Shows, progress
from cli.settings import fail, kafka_or_exit
from infra import store_proof
from infra.counted import counted
from infra.recovery import StoreMoved
from projections.restored import settle
from runtime.system import READ_MODELS, System
from streams.recovery import Loss, Recovery, Unrecoverable, recovering
from streams.relay_record import RelayHalted

_SHOWN = 10  # subjects whose keys are missing
_HEAD = "select coalesce(max(position), 0) from events"


@click.command()
@click.option("--yes", is_flag=True, help="Do it; without it only show what there is to do.")
@click.option("--new-epoch", is_flag=True, help="Keep the event store as it is, and give up what only Kafka has.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def recover(yes: bool, new_epoch: bool, as_json: bool) -> None:
    """Bring back events that the event store has lost and Kafka has, or begin a new epoch without them.

    A restored event store takes nothing until a relay has compared it with Kafka, and nothing while it lacks events.
    They come back at their positions, with their bytes, headers and times. Keys of personal fields are not in Kafka:
    people whose key is in no backup read as erased, and are named. In a new epoch the topics of the old one are left
    as they are, and everything is relayed into new ones. Processes that ran before end themselves; start them again.

    \b
    Exit status: 0 nothing is missing, or it is done; 1 something is to be done, or cannot be; 2 bad settings.
    Example:
      jobstream recover
      jobstream recover --yes
    """
    try:
        if new_epoch:
            told = with_system(lambda system: _begin(system, yes))
        else:
            told = with_system(lambda system: _bring_back(system, yes))
    except KafkaError as error:
        fail(f"Kafka does not answer: {type(error).__name__}")
    except (Unrecoverable, RelayHalted, StoreMoved) as problem:
        fail(str(problem))
    click.echo(orjson.dumps(told, default=str) if as_json else "\n".join(_lines(told)))
    sys.exit(0 if told["done"] else 1)


async def _begin(system: System, yes: bool) -> dict[str, Any]:
    pool = system.database.pool
    told: dict[str, Any] = {"head": await pool.fetchval(_HEAD), "new_epoch": None, "done": yes, "begun_afresh": []}
    if yes:
        told["new_epoch"] = await store_proof.begin_epoch(system.database)
        told["begun_afresh"] = await settle(pool, READ_MODELS, told["head"], told["new_epoch"])
    return told


async def _bring_back(system: System, yes: bool) -> dict[str, Any]:
    settings = system.settings
    bootstrap, prefix = kafka_or_exit(settings), settings.kafka_topic_prefix
    with progress() as shows:
        async with recovering(system.database, system.codec, bootstrap, prefix) as recovery:
            loss = await recovery.look(lambda done, total: shows("reading", "Kafka", done, total))
            missing = loss.events > 0
            if yes or not missing:
                return _told(loss, True) | {"begun_afresh": await _mend(system, recovery, loss, shows)}
            return _told(loss, False)


async def _mend(system: System, recovery: Recovery, loss: Loss, shows: Shows) -> list[str]:
    await recovery.bring_back(loss, lambda done, total: shows("bringing back", "events", done, total))
    pool = system.database.pool
    return await settle(pool, READ_MODELS, await pool.fetchval(_HEAD), loss.epoch)


def _told(loss: Loss, done: bool) -> dict[str, Any]:
    return {
        "head": loss.head,
        "relayed": loss.relayed,
        "missing": loss.events,
        "first_recorded_at": loss.first_at,
        "last_recorded_at": loss.last_at,
        "types": dict(loss.types.most_common()),
        "without_key": list(loss.keyless),
        "erased": len(loss.erased),
        "without_command_id": loss.without_command,
        "done": done,
    }


def _lines(told: dict[str, Any]) -> Iterator[str]:
    if "new_epoch" in told:
        yield from _epoch_lines(told)
        return
    yield f"the event store ends at position {told['head']:,}, Kafka at {told['relayed']:,}"
    if not told["missing"]:
        yield "nothing is missing; the event store takes events"
        return
    missing = counted(told["missing"], "event")
    yield f"{missing}, recorded from {told['first_recorded_at']} to {told['last_recorded_at']}:"
    yield from (f"  {count:8,} {type}" for type, count in told["types"].items())
    yield from _costs(told)
    if told["done"]:
        yield f"brought back {missing}; start all processes again"
        yield from _afresh(told)
    else:
        yield "nothing was changed: jobstream recover --yes brings them back, --new-epoch gives them up"


def _costs(told: dict[str, Any]) -> Iterator[str]:
    """What does not come back with the events."""
    if without := told["without_key"]:
        people = counted(len(without), "person", "people")
        yield f"the keys of {people} are lost (table subject_keys): what is personal reads as erased."
        yield "  Should another copy of that table have them (a later backup, a standby), put those rows in first:"
        yield from (f"    {subject}" for subject in without[:_SHOWN])
        if len(without) > _SHOWN:
            yield f"    and {len(without) - _SHOWN:,} more, see --json"
    if told["erased"]:
        people = counted(told["erased"], "person", "people")
        yield f"{people} asked to be erased in that time: their keys are destroyed again"
    if told["without_command_id"]:
        relayed = counted(told["without_command_id"], "event of agents was", "events of agents were")
        yield f"{relayed} relayed without a command's id, by an older release: an agent that meets the cause again may"
        yield "  do once more what it did"
    yield "not in Kafka: idempotency keys (a request repeated from that time is carried out again), API keys made or"
    yield "  revoked in that time, and events that were not relayed yet when the store was lost"


def _epoch_lines(told: dict[str, Any]) -> Iterator[str]:
    if not told["done"]:
        yield f"a new epoch would begin after position {told['head']:,}; nothing was changed: say --yes as well"
        return
    yield f"epoch {told['new_epoch']} begins after position {told['head']:,}"
    yield from _afresh(told)
    yield "relay into new topics: set another KAFKA_TOPIC_PREFIX, run jobstream topics apply, start all processes again"


def _afresh(told: dict[str, Any]) -> Iterator[str]:
    if told["begun_afresh"]:
        yield f"read models that were ahead of it are made again: {', '.join(told['begun_afresh'])}"
