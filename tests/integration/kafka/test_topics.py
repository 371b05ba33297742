"""The declared topics against a real broker."""

import pytest
from aiokafka.admin import NewTopic

from streams import topics
from streams.topics import State


async def test_applying_creates_every_declared_topic_and_a_second_time_changes_nothing(
    kafka: str, topic_prefix: str
) -> None:
    first = await topics.apply(kafka, topic_prefix)
    assert {found.state for found in first.topics} == {State.CREATED}
    assert {found.name for found in first.topics} == {topic_prefix + topic.name for topic in topics.ALL}
    again = await topics.apply(kafka, topic_prefix)
    assert again.ok
    assert {found.state for found in again.topics} == {State.OK}
    assert await topics.check(kafka, topic_prefix) == again


async def test_checking_names_the_missing_topics_and_creates_none(kafka: str, topic_prefix: str) -> None:
    report = await topics.check(kafka, topic_prefix)
    assert not report.ok
    assert {found.state for found in report.topics} == {State.MISSING}
    assert await topics.check(kafka, topic_prefix) == report


async def test_another_partition_count_is_refused_and_left_alone(kafka: str, topic_prefix: str) -> None:
    await _create(kafka, NewTopic(topic_prefix + "identity.events.v1", 1, 1))
    with pytest.raises(topics.TopicsUnfit, match=r"identity.events.v1 has 1 partition instead of 3"):
        await topics.apply(kafka, topic_prefix)
    async with topics.administration(kafka) as admin:
        described = await admin.describe_topics([topic_prefix + "identity.events.v1"])
    assert len(described[0]["partitions"]) == 1


async def test_a_different_setting_is_reported_with_what_it_should_be(kafka: str, topic_prefix: str) -> None:
    name = topic_prefix + "relay.positions.v1"
    await _create(kafka, NewTopic(name, 1, 1, topic_configs={"cleanup.policy": "delete"}))
    report = await topics.apply(kafka, topic_prefix)
    (found,) = [each for each in report.topics if each.name == name]
    assert found.state is State.DIFFERENT
    assert any("cleanup.policy" in problem and "instead of compact" in problem for problem in found.problems)
    assert not report.ok


async def _create(bootstrap: str, topic: NewTopic) -> None:
    async with topics.administration(bootstrap) as admin:
        await admin.create_topics([topic])
