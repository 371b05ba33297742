"""The distributed system under load: each of its processes is killed, Kafka goes away, and nothing is lost or twice."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.kafka.broker import Broker
from streams import topics
from tests.fault.processes.load import CLIENTS, assert_each_once, assert_shown, load
from tests.fault.processes.program import Program, program

ROLES = ("relay", "projector", "agents", "api")


@dataclass(frozen=True)
class Cluster:
    roles: dict[str, Program]
    broker: Broker
    dsn: str

    @property
    def api(self) -> Program:
        return self.roles["api"]


@pytest.fixture
async def cluster(database: str, own_broker: Broker, tmp_path: Path) -> AsyncIterator[Cluster]:
    await topics.apply(own_broker.bootstrap, "")
    given = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": own_broker.bootstrap}
    async with AsyncExitStack() as stack:
        roles = {role: await stack.enter_async_context(program(role, tmp_path, **given)) for role in ROLES}
        await roles["api"].ready()
        yield Cluster(roles, own_broker, database)


async def test_every_role_may_be_killed_and_kafka_may_go_away(cluster: Cluster) -> None:
    async with load(cluster.api.url) as posted:
        await posted.more(10)
        for role in ROLES:
            await cluster.roles[role].kill()
            # While the read models lag, each answer waits a bounded time for them: few jobs are enough.
            await posted.more(CLIENTS if role != "api" else 0)
            await cluster.roles[role].start()
        await posted.more(10)
        await cluster.broker.stop()
        await posted.more(CLIENTS)
        await cluster.broker.start()
        await posted.more(10)
        await assert_each_once(cluster.dsn, posted, 90)
        await assert_shown(posted)
        assert {answer.status_code for answer in posted.refused} <= {503}
    for role in ROLES:
        assert await cluster.roles[role].stop() == 0, cluster.roles[role].log[-3000:]
