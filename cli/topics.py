"""`jobstream topics`: Kafka's topics as they are and as they should be."""

import asyncio
import sys
from collections.abc import Awaitable

import click
import orjson
from aiokafka.errors import KafkaError

from cli.settings import fail, kafka_or_exit, settings_or_exit
from streams.topics import Report, TopicsUnfit, apply, check


@click.group()
def topics() -> None:
    """Kafka's topics: create them, or see whether they are as declared.

    \b
    Example:
      KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 jobstream topics apply
    """


as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")


@topics.command("apply")
@as_json
def apply_topics(as_json: bool) -> None:
    """Create the topics that are missing. A partition count is never changed.

    \b
    Exit status: 0 as declared; 1 something differs, or no broker answers; 2 bad settings.
    Example:
      jobstream topics apply
    """
    settings = settings_or_exit()
    _show(apply(kafka_or_exit(settings), settings.kafka_topic_prefix), as_json)


@topics.command("check")
@as_json
def check_topics(as_json: bool) -> None:
    """Compare the cluster's topics with the declared ones; change nothing.

    \b
    Exit status: 0 as declared; 1 something differs, or no broker answers; 2 bad settings.
    Example:
      jobstream topics check --json
    """
    settings = settings_or_exit()
    _show(check(kafka_or_exit(settings), settings.kafka_topic_prefix), as_json)


def _show(asked: Awaitable[Report], as_json: bool) -> None:
    async def ask() -> Report:
        return await asked

    try:
        report = asyncio.run(ask())
    except (KafkaError, TopicsUnfit) as error:
        fail(str(error))
    if as_json:
        found = [{"topic": each.name, "state": each.state, "problems": each.problems} for each in report.topics]
        click.echo(orjson.dumps({"ok": report.ok, "topics": found}))
    else:
        for each in report.topics:
            click.echo(f"{each.name:32} {each.state}" + "".join(f"\n    {problem}" for problem in each.problems))
    sys.exit(0 if report.ok else 1)
