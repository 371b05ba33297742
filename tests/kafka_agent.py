"""An agent whose effects are rows, so that tests can count them."""

from typing import Any

import asyncpg

from schemas.recorded import Recorded
from streams.agent import Agent, Send
from streams.kafka_runner import run_from_kafka
from streams.runner import Runner
from tests.kafka_log import Log, PlainCodec

TABLE = "create table effects (agent text, position bigint, data bytea, place integer)"


def counting(pool: "asyncpg.Pool[Any]", name: str = "counting", place: int = 1) -> Agent:
    agent = Agent(name, contexts=("dispatch", "identity"))

    @agent.on("RoutingSynced")
    async def count(event: Recorded, send: Send) -> None:
        await pool.execute("insert into effects values ($1, $2, $3, $4)", name, event.position, event.data, place)

    return agent


async def run_counting(
    log: Log, bootstrap: str, prefix: str, name: str = "counting", codec: Any = None, place: int = 1
) -> None:
    """`place`: which of the group's members it is."""
    pool = log.database.pool
    runner = Runner(counting(pool, name, place), None, pool)  # type: ignore[arg-type] (it sends no commands)
    await run_from_kafka(bootstrap, prefix, runner, log.store.epoch, codec or PlainCodec(), f"{name}-{place}")


async def effects(log: Log, name: str = "counting") -> list[int]:
    """Positions in their order; one that was handled twice is there twice."""
    rows = await log.database.pool.fetch("select position from effects where agent = $1 order by 1", name)
    return [row["position"] for row in rows]


async def handled(log: Log, last: int, name: str = "counting") -> bool:
    query = "select count(distinct position) from effects where agent = $1"
    return bool(await log.database.pool.fetchval(query, name) >= last)
