"""`jobstream replay --to-topic`, as an operator runs it for a new subscriber."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiokafka import TopicPartition
from click.testing import CliRunner

from cli.main import main
from streams import topics
from tests.jobstream import Ended, jobstream
from tests.kafka_log import Log, messages, opened_log


@dataclass(frozen=True)
class There:
    """A log with 400 events, and Kafka with the declared topics."""

    log: Log
    kafka: str
    prefix: str

    async def replay(self, *arguments: str, **changes: str) -> Ended:
        settings = {"KAFKA_BOOTSTRAP_SERVERS": self.kafka, "KAFKA_TOPIC_PREFIX": self.prefix} | changes
        return await jobstream("replay", *arguments, DATABASE_URL=self.log.database.dsn, **settings)

    async def positions(self, topic: str) -> list[int]:
        found = await messages(self.kafka, [TopicPartition(topic, number) for number in range(6)])
        return sorted(int(dict(each.headers)["jobstream_position"]) for each in found)


@pytest.fixture
async def there(database: str, kafka: str, topic_prefix: str) -> AsyncIterator[There]:
    await topics.apply(kafka, topic_prefix)
    async with opened_log(database) as log:
        await log.append(400)
        yield There(log, kafka, topic_prefix)


async def test_a_new_subscribers_topic_is_filled_once_however_often_the_command_is_given(there: There) -> None:
    topic = f"{there.prefix}new"
    arguments = ("--to-topic", topic, "--rate", "100000")
    first = await there.replay(*arguments)
    assert first.status == 0, first.errors
    assert f"topic {topic} was created, with 6 partitions" in first.errors
    assert f"{topic}: published 400 of 400" in first.errors
    assert first.output == f"{topic} has 400 events of positions 1 to 400 (run {topic})\n"
    await there.log.append(10)
    again, other = await asyncio.gather(there.replay(*arguments, "--json"), there.replay(*arguments, "--to", "410"))
    assert (again.json["position"], again.json["published"]) == (400, 400)
    assert other.status == 4
    assert "was begun with last 400, not 410: leave that out to go on with it" in other.errors
    assert await there.positions(topic) == list(range(1, 401))


async def test_a_part_of_the_log_is_published_by_time_position_and_type(there: There) -> None:
    topic = f"{there.prefix}part"
    last = await there.log.append(5)
    [row] = await there.log.store.read(last - 5, 1)
    await there.replay("--to-topic", topic, "--from", row["recorded_at"].isoformat())
    ended = await there.replay(
        "--to-topic", topic, "--name", "identities", "--type", "identity.RoutingSynced", "--to", "50"
    )
    assert ended.status == 0, ended.errors
    found = await there.positions(topic)
    assert found[-5:] == list(range(last - 4, last + 1))
    rows = await there.log.store.read(0, 50)
    assert found[:-5] == [row["position"] for row in rows if row["category"] == "identity"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to-topic", "new", "--yes"), "--to-topic publishes events"),
        (("--to-topic", "new", "routings"), "--to-topic publishes events"),
        (("--all", "--rate", "5", "--from", "1"), "--from, --rate: go with --to-topic"),
        (("--to-topic", "no topic"), "letters, digits, dots, dashes or underscores"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...], said: str) -> None:
    refused = CliRunner().invoke(main, ["replay", *arguments])
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.split())


async def test_kafka_that_is_not_set_or_away_and_the_relays_own_topic_are_named(there: There) -> None:
    unset, away, own = await asyncio.gather(
        jobstream("replay", "--to-topic", "new", DATABASE_URL=there.log.database.dsn),
        there.replay("--to-topic", "new", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9"),
        there.replay("--to-topic", f"{there.prefix}relay.positions.v1"),
    )
    assert (unset.status, away.status, own.status) == (2, 1, 2)
    assert "KAFKA_BOOTSTRAP_SERVERS is not set" in unset.errors
    assert "the same command goes on where it was (run new)" in away.errors
    assert "is the relay's own" in own.errors
