"""Events a second from the store into Kafka, against a bare transactional producer: `python -m bench.relay`.

Ours is the running relay: it reads PostgreSQL, checks that it leads, makes the headers and records its position. The
producer sends the same keys, values and headers, made beforehand, to the same topics in transactions of the same size,
with the same buffers. Both are on one broker and one embedded server, in alternate rounds.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from infra.event_store import EventStore
from infra.kafka.broker import Broker
from infra.migrations import migrate
from streams import message, relay, topics
from streams.relay import BATCH, Relay

EVENTS, ROUNDS = 20_000, 5
_STREAMS = 2000
_DATA_BYTES = 200
_FILL = """insert into events (position, stream_id, version, category, type, event_id, owner, data, metadata,
    occurred_at, recorded_at)
  select n, md5('stream' || n % $2)::uuid, (n - 1) / $2 + 1, 'dispatch', 'RoutingSynced', gen_random_uuid(),
    md5('owner' || n % 7)::uuid, decode(repeat('ab', $3), 'hex'),
    jsonb_build_object('actor', 'agent:pos_sync', 'command', 'RecordSync', 'correlation_id', gen_random_uuid(),
      'causation_id', gen_random_uuid(), 'traceparent', '00-' || md5('t' || n) || '-00f067aa0ba902b7-01'),
    clock_timestamp(), clock_timestamp()
  from generate_series(1, $1::bigint) n"""


async def _never(after: int, timeout: float) -> None:
    await asyncio.sleep(timeout)


async def ours(database: Database, store: EventStore, bootstrap: str, prefix: str) -> float:
    """Seconds from the relay's becoming active to its last event's commit."""
    await topics.apply(bootstrap, prefix)
    relaying = Relay(store, _never, database.dsn, bootstrap, prefix)
    task = asyncio.create_task(relaying.run())
    while not relaying.active:
        await asyncio.sleep(0.001)
    began = time.perf_counter()
    while relaying.position < EVENTS:
        await asyncio.sleep(0.001)
    took = time.perf_counter() - began
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return took


async def theirs(store: EventStore, bootstrap: str, prefix: str) -> float:
    """Seconds that the bare producer takes."""
    await topics.apply(bootstrap, prefix)
    topic = topics.event_topics(prefix)["dispatch"]
    rows = await store.read(0, EVENTS)
    made = [(row["data"], message.key(row), message.to_headers(row, store.epoch)) for row in rows]
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"{prefix}bare", acks="all", max_batch_size=relay.BATCH_BYTES
    ) as producer:
        began = time.perf_counter()
        for start in range(0, EVENTS, BATCH):
            async with producer.transaction():
                sent = [
                    await producer.send(topic, value, key, headers=headers)
                    for value, key, headers in made[start : start + BATCH]
                ]
                await asyncio.gather(*sent)
        return time.perf_counter() - began


async def measure() -> dict[str, Any]:
    """Medians of alternate rounds, in events a second."""
    with tempfile.TemporaryDirectory() as folder:
        server, broker = EmbeddedPostgres(Path(folder) / "postgres"), Broker(Path(folder) / "kafka")
        dsn = await server.start()
        await broker.start()
        await migrate(dsn)
        database = await Database.open(dsn)
        store = await EventStore.open(database)
        try:
            await database.pool.execute(_FILL, EVENTS, _STREAMS, _DATA_BYTES)
            return await _rounds(database, store, broker.bootstrap)
        finally:
            await store.close()
            await database.close()
            await broker.kill()
            await server.stop()


async def _rounds(database: Database, store: EventStore, bootstrap: str) -> dict[str, Any]:
    took: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(ROUNDS + 1):
        mine = await ours(database, store, bootstrap, f"bench{number}.ours.")
        bare = await theirs(store, bootstrap, f"bench{number}.theirs.")
        if number:  # the first round warms the broker up
            took["ours"].append(mine)
            took["theirs"].append(bare)
    rates = {name: EVENTS / statistics.median(values) for name, values in took.items()}
    return {
        "name": "relay",
        "ours": round(rates["ours"]),
        "theirs": round(rates["theirs"]),
        "ratio": round(rates["ours"] / rates["theirs"], 2),
        "target": 0.7,
    }


if __name__ == "__main__":
    result = asyncio.run(measure())
    print(result)
    sys.exit(result["ratio"] < result["target"])
