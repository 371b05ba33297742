"""Agents on Kafka that are killed, or lose their broker: every event has its effect, and few are handled twice."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from mode import Service

from infra.kafka.broker import Broker
from streams import faust_app, kafka_runner, topics
from tests.kafka_agent import TABLE, effects, handled, run_counting
from tests.kafka_log import Log, eventually, opened_log

KILLS = 4


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened_log(database) as log:
        await log.database.pool.execute(TABLE)
        yield log


async def cancelled(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def test_a_killed_agent_loses_nothing_and_goes_on_at_its_own_checkpoint(
    kafka: str, topic_prefix: str, log: Log
) -> None:
    await topics.apply(kafka, topic_prefix)
    relaying = asyncio.create_task(log.relay(kafka, topic_prefix).run())
    arguments = ["-m", "tests.fault.kafka.agent_process", log.database.dsn, kafka, topic_prefix]
    done = 0
    for _ in range(KILLS):
        await log.append(900)
        agent = await asyncio.create_subprocess_exec(sys.executable, *arguments)
        done += 300
        await eventually(lambda done=done: handled(log, done))  # type: ignore[misc]
        agent.kill()
        await agent.wait()
        done = len(set(await effects(log)))
    last = await log.store.head()
    agent = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    await eventually(lambda: handled(log, last), 60)
    agent.kill()
    await agent.wait()
    await cancelled(relaying)
    found = await effects(log)
    assert sorted(set(found)) == list(range(1, last + 1))
    # Again comes what was handled since the last checkpoint (240 a kill, measured); from the topic's beginning, or from
    # Kafka's own commits 2.8 s apart, it would be at least 300, 600, 900 and 1200.
    assert len(found) - last < KILLS * 500


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_an_agent_outlasts_a_broker_that_goes_and_comes_back(
    own_broker: Broker, topic_prefix: str, log: Log, how: str
) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    relaying = asyncio.create_task(log.relay(own_broker.bootstrap, topic_prefix).run())
    agent = asyncio.create_task(run_counting(log, own_broker.bootstrap, topic_prefix))
    await log.append(500)
    await eventually(lambda: handled(log, 300))
    await (own_broker.stop() if how == "stop" else own_broker.kill())
    last = await log.append(500)
    await own_broker.start()
    await eventually(lambda: handled(log, last), 90)
    await cancelled(relaying, agent)
    assert sorted(set(await effects(log))) == list(range(1, last + 1))


async def test_an_agent_that_starts_while_the_broker_is_away_begins_when_it_is_back(
    own_broker: Broker, topic_prefix: str, log: Log
) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    await own_broker.stop()
    last = await log.append(100)
    relaying = asyncio.create_task(log.relay(own_broker.bootstrap, topic_prefix).run())
    agent = asyncio.create_task(run_counting(log, own_broker.bootstrap, topic_prefix))
    await own_broker.start()
    await eventually(lambda: handled(log, last), 60)
    await cancelled(relaying, agent)
    assert await effects(log) == list(range(1, last + 1))


async def test_partitions_that_go_to_another_process_in_the_middle_of_its_work_lose_nothing(
    kafka: str, topic_prefix: str, log: Log
) -> None:
    await topics.apply(kafka, topic_prefix)
    last = await log.append(2000)
    relaying = asyncio.create_task(log.relay(kafka, topic_prefix).run())
    first = asyncio.create_task(run_counting(log, kafka, topic_prefix))
    await eventually(lambda: handled(log, 300))
    second = asyncio.create_task(run_counting(log, kafka, topic_prefix, place=2))
    while not await busy(log, 2):
        if await handled(log, last - 300):  # there is always something under way, and never a backlog
            last = await log.append(300)
        await asyncio.sleep(0.05)
    await eventually(lambda: handled(log, last))
    await cancelled(relaying, first, second)
    found = await effects(log)
    assert sorted(set(found)) == list(range(1, last + 1))
    # What was under way when the partitions went comes again; from a topic's beginning it would be all of it.
    assert len(found) - last < last / 4


async def busy(log: Log, place: int) -> bool:
    return bool(await log.database.pool.fetchval("select exists (select 1 from effects where place = $1)", place))


async def test_an_agent_stops_soon_while_the_broker_is_away(own_broker: Broker, topic_prefix: str, log: Log) -> None:
    await topics.apply(own_broker.bootstrap, topic_prefix)
    relaying = asyncio.create_task(log.relay(own_broker.bootstrap, topic_prefix).run())
    agent = asyncio.create_task(run_counting(log, own_broker.bootstrap, topic_prefix))
    last = await log.append(50)
    await eventually(lambda: handled(log, last))
    await own_broker.kill()
    async with asyncio.timeout(45):
        await cancelled(relaying, agent)


async def test_an_app_that_never_stops_is_left_behind(
    kafka: str, topic_prefix: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust's stopping waits for one part after the other, and passes over being cancelled at each."""
    release, make_app = asyncio.Event(), faust_app.make_app

    async def deaf() -> None:
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()

    def with_a_deaf_part(*arguments: Any) -> faust_app.AgentApp:
        app = make_app(*arguments)
        part = Service()
        part.add_future(deaf())
        app.add_dependency(part)
        app.add_future(deaf())
        return app

    monkeypatch.setattr(kafka_runner, "_STOP_SECONDS", 0.5)
    monkeypatch.setattr(faust_app, "make_app", with_a_deaf_part)
    await topics.apply(kafka, topic_prefix)
    agent = asyncio.create_task(run_counting(log, kafka, topic_prefix))
    relaying = asyncio.create_task(log.relay(kafka, topic_prefix).run())
    last = await log.append(50)
    await eventually(lambda: handled(log, last))
    agent.cancel()
    done, _ = await asyncio.wait({agent}, timeout=30)
    release.set()
    await cancelled(relaying)
    assert done
