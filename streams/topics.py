"""Kafka's topics: what they are called, how many partitions they have, how long they keep what.

A context's events all go to one topic, keyed by stream. Its partition count is final: another count would send a
stream's later events to another partition, and their order would be lost.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from infra.counted import counted

_KNOWN_SECONDS = 10
_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
# Read from its beginning whenever a relay starts, so its segments are small enough to be compacted soon.
_LATEST_ONLY = {
    "cleanup.policy": "compact",
    "segment.bytes": str(1024 * 1024),
    "min.cleanable.dirty.ratio": "0.1",
}


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    partitions: int
    settings: Mapping[str, str]


EVENTS: Mapping[str, Topic] = {
    context: Topic(f"{context}.events.v1", partitions, _FOR_EVER)
    for context, partitions in {
        "dispatch": 6,
        "identity": 3,
        "notifications": 1,
        "jobs": 6,
        "applications": 6,
        "calendar": 3,
    }.items()
}
POSITIONS = Topic("relay.positions.v1", 1, _LATEST_ONLY)
ALL = (*EVENTS.values(), POSITIONS)


class State(StrEnum):
    OK = "ok"
    CREATED = "created"
    MISSING = "missing"
    DIFFERENT = "different"  # in a setting: it works, but not as declared
    UNFIT = "unfit"  # another partition count


@dataclass(frozen=True, slots=True)
class Found:
    """One topic as the cluster has it; `problems` say what is not as declared and what to do."""

    name: str
    state: State
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    topics: tuple[Found, ...]

    @property
    def ok(self) -> bool:
        """Everything is as declared."""
        return not any(found.problems for found in self.topics)

    @property
    def hindrances(self) -> tuple[str, ...]:
        """The problems that make relaying and reading impossible."""
        unusable = [found for found in self.topics if found.state in (State.MISSING, State.UNFIT)]
        return tuple(problem for found in unusable for problem in found.problems)


class TopicsUnfit(Exception):
    """Kafka's topics are not as declared and cannot be made so. The message says what differs and what to do."""


def event_topics(prefix: str) -> dict[str, str]:
    """Name of each context's event topic in the cluster."""
    return {context: prefix + topic.name for context, topic in EVENTS.items()}


def event_partitions(prefix: str) -> list[TopicPartition]:
    """All partitions of all event topics, as declared: an unsubscribed consumer is told of none."""
    return [TopicPartition(prefix + topic.name, n) for topic in EVENTS.values() for n in range(topic.partitions)]


def positions_partition(prefix: str) -> TopicPartition:
    return TopicPartition(prefix + POSITIONS.name, 0)


@asynccontextmanager
async def administration(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises aiokafka's `KafkaConnectionError` when no broker answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def check(bootstrap: str, prefix: str) -> Report:
    """Compares the cluster's topics with the declared ones and changes nothing."""
    async with administration(bootstrap) as admin:
        return Report(tuple(await _compare(admin, prefix)))


async def apply(bootstrap: str, prefix: str) -> Report:
    """Creates the topics that are missing, with the cluster's own replication factor.

    Raises `TopicsUnfit` when the cluster refuses one, or one has another partition count: that is never changed.
    Other differences are reported and left to the operator.
    """
    async with administration(bootstrap) as admin:
        missing = {found.name for found in await _compare(admin, prefix) if found.state is State.MISSING}
        if missing:
            await _create(admin, [topic for topic in ALL if prefix + topic.name in missing], prefix)
        found = await _compare_when_known(admin, prefix)
    report = Report(tuple(_as_created(each) if each.name in missing else each for each in found))
    if report.hindrances:
        raise TopicsUnfit("; ".join(report.hindrances))
    return report


async def ensure(bootstrap: str, name: str, partitions: int) -> bool:
    """Creates a topic that is not among the declared ones, unless it is there; whether it did. Raises `TopicsUnfit`."""

    async with administration(bootstrap) as admin:
        if await _present(admin, name):
            return False
        await _create(admin, [Topic(name, partitions, {})], "")
        for _ in range(_KNOWN_SECONDS * 20):
            if await _present(admin, name):
                break
            await asyncio.sleep(0.05)
    return True


async def _present(admin: AIOKafkaAdminClient, name: str) -> bool:
    return name in {each["topic"] for each in await admin.describe_topics()}


def _as_created(found: Found) -> Found:
    return replace(found, state=State.CREATED) if found.state is State.OK else found


def _new(topic: Topic, prefix: str) -> NewTopic:
    # -1 is the cluster's own factor; aiokafka takes it only beside an assignment, and an empty one assigns nothing.
    return NewTopic(prefix + topic.name, topic.partitions, -1, {}, dict(topic.settings))


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], prefix: str) -> None:
    answer = await admin.create_topics([_new(topic, prefix) for topic in topics])
    for name, code, *message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another operator was quicker: compared below
            raise TopicsUnfit(f"{name} could not be created: {error.__name__} {message[0] if message else ''}")


async def _compare_when_known(admin: AIOKafkaAdminClient, prefix: str) -> list[Found]:
    # The controller answers before every broker has heard of a new topic.
    for _ in range(_KNOWN_SECONDS * 20):
        found = await _compare(admin, prefix)
        if all(each.state is not State.MISSING for each in found):
            break
        await asyncio.sleep(0.05)
    return found


async def _compare(admin: AIOKafkaAdminClient, prefix: str) -> list[Found]:
    present: dict[str, Any] = {each["topic"]: each for each in await admin.describe_topics()}
    names = [prefix + topic.name for topic in ALL if prefix + topic.name in present]
    settings = await _settings(admin, names) if names else {}
    return [_compared(topic, prefix, present, settings) for topic in ALL]


def _compared(
    topic: Topic, prefix: str, present: Mapping[str, Any], settings: Mapping[str, Mapping[str, str]]
) -> Found:
    name = prefix + topic.name
    if name not in present:
        return Found(name, State.MISSING, (f"{name} is missing: run jobstream topics apply",))
    if (partitions := len(present[name]["partitions"])) != topic.partitions:
        problem = (
            f"{name} has {counted(partitions, 'partition')} instead of {topic.partitions}; a count is never changed, "
            "because a stream's later events would go to another partition: relay into topics under a new "
            "KAFKA_TOPIC_PREFIX"
        )
        return Found(name, State.UNFIT, (problem,))
    problems = tuple(
        f"{key} of {name} is {settings[name].get(key)} instead of {wanted}: set it with kafka-configs --alter"
        for key, wanted in topic.settings.items()
        if settings[name].get(key) != wanted
    )
    return Found(name, State.DIFFERENT if problems else State.OK, problems)


async def _settings(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    resources = [resource for answer in answers for resource in answer.resources]
    return {name: {entry[0]: entry[1] for entry in entries} for _, _, _, name, entries in resources}
