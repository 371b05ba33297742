"""The log, or a part of it, published again for a new subscriber."""

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import wraps
from typing import Any

import click
from aiokafka.errors import KafkaError, ProducerFenced
from click.core import ParameterSource

from cli.connected import with_system
from cli.event_text import json
from cli.moment import MOMENT, Moment, first_position, last_position
from cli.progress import progress
from cli.settings import fail, kafka_or_exit
from cli.wishes import FAILED, INTERRUPTED
from infra.counted import counted
from runtime.system import System
from streams import topics
from streams.republish import Republication, Run, RunDiffers, Wanted
from streams.topics import TopicsUnfit

RATE = 1000.0
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_OURS = {"to_topic": "--to-topic", "start": "--from", "end": "--to", "rate": "--rate", "run_name": "--name"}
_SHARED = {"types", "json"}


def or_republish(replay: Callable[..., None]) -> Callable[..., None]:
    """Options with which the command publishes events again, instead of what it does otherwise."""

    @click.option("--to-topic", metavar="TOPIC", help="Publish events again, to this topic.")
    @click.option("--from", "start", type=MOMENT, help="The first event for --to-topic. Default: the very first.")
    @click.option("--to", "end", type=MOMENT, help="The last event for --to-topic. Default: the last there is now.")
    @click.option(
        "--rate", type=click.FloatRange(min=0, min_open=True), default=RATE, help="At most so many events a second.",
        show_default=True,
    )  # fmt: skip
    @click.option("--name", "run_name", help="What the run is called, under which it goes on. Default: the topic.")
    @wraps(replay)
    def either(
        to_topic: str | None, start: Moment | None, end: Moment | None, rate: float, run_name: str | None, **others: Any
    ) -> None:
        given = _given()
        if to_topic is None:
            if alone := given & _OURS.keys():
                raise click.UsageError(f"{', '.join(sorted(_OURS[name] for name in alone))}: go with --to-topic")
            replay(**others)
            return
        if given - _OURS.keys() - _SHARED:
            raise click.UsageError("--to-topic publishes events: it goes with --from, --to, --type, --rate and --name")
        republish(Wanted(run_name or to_topic, to_topic, types=tuple(others["types"]) or None), start, end, rate,
                  as_json=others["json"])  # fmt: skip

    return either


def _given() -> set[str]:
    """The parameters that came from the command line."""
    context = click.get_current_context()
    return {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}


def republish(wanted: Wanted, start: Moment | None, end: Moment | None, rate: float, *, as_json: bool) -> None:
    """Carry it out, from `start` to `end`; ends the process with its status where it cannot."""
    if not _NAME.fullmatch(wanted.name) or not _NAME.fullmatch(wanted.topic):
        raise click.UsageError("a topic's or a run's name has 1 to 100 letters, digits, dots, dashes or underscores")
    again = f"the same command goes on where it was (run {wanted.name})"
    try:
        run = with_system(lambda system: _carried_out(system, wanted, start, end, rate))
    except RunDiffers as problem:
        fail(str(problem), FAILED)
    except ProducerFenced:
        fail(f"another process goes on with the run {wanted.name}")
    except (KafkaError, TopicsUnfit) as problem:
        fail(f"Kafka: {problem or type(problem).__name__}; {again}")
    except KeyboardInterrupt:
        fail(f"interrupted; {again}", INTERRUPTED)
    published = counted(run.published, "event")
    done = f"{run.topic} has {published} of positions {run.first} to {run.last} (run {run.name})"
    click.echo(json(asdict(run)) if as_json else done)


async def _carried_out(system: System, wanted: Wanted, start: Moment | None, end: Moment | None, rate: float) -> Run:
    settings, store = system.settings, system.store
    bootstrap, prefix = kafka_or_exit(settings), settings.kafka_topic_prefix
    if wanted.topic == topics.positions_partition(prefix).topic:
        raise click.UsageError(f"{wanted.topic} is the relay's own")
    partitions = max(topic.partitions for topic in topics.EVENTS.values())
    if await topics.ensure(bootstrap, wanted.topic, partitions):
        click.echo(f"jobstream: topic {wanted.topic} was created, with {partitions} partitions", err=True)
    first = None if start is None else await first_position(store, start)
    last = None if end is None else await last_position(store, end)
    with progress() as shows:

        def told(run: Run) -> None:
            shows("published", run.topic, run.position - run.first + 1, run.last - run.first + 1)

        republication = Republication(store, bootstrap, prefix, replace(wanted, first=first, last=last), rate)
        return await republication.run(told)
