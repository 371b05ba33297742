"""Kafka for tests: a given broker, one in a container, or one of our own from Maven; else the test is skipped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import docker
import pytest
from docker.errors import DockerException
from testcontainers.community.kafka import KafkaContainer

from infra.kafka.broker import Broker
from infra.kafka.jars import BrokerUnavailable
from infra.settings import load
from tests.folders import quick_folder

_ENGINE_SECONDS = 2  # an engine that is there answers in milliseconds


def _engine_answers() -> bool:
    try:
        client = docker.from_env(timeout=_ENGINE_SECONDS)
        client.close()
    except DockerException:
        return False
    return True


@asynccontextmanager
async def _broker() -> AsyncIterator[Broker]:
    with quick_folder() as home:
        broker = Broker(home)
        try:
            await broker.start()
            yield broker
        except BrokerUnavailable as error:
            pytest.skip(f"no Kafka: {error}")
        finally:
            await broker.kill()


@pytest.fixture(scope="session")
async def kafka() -> AsyncIterator[str]:
    """Bootstrap servers of a broker that all tests share; see `topic_prefix`."""
    if given := load().kafka_bootstrap_servers:
        yield given
    elif _engine_answers():
        with KafkaContainer().with_kraft() as container:
            yield container.get_bootstrap_server()
    else:
        async with _broker() as broker:
            yield broker.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """Keeps the topics, groups and transactional ids of one test apart from every other's."""
    return f"t{uuid4().hex[:10]}."


@pytest.fixture
async def own_broker() -> AsyncIterator[Broker]:
    """A broker of the test's own, to stop, kill and start again."""
    async with _broker() as broker:
        yield broker
