"""A Kafka consumer without a group: it is told which partitions to read and from where, and commits nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from infra.kafka import client_logging
from streams.ending import ended

_STOP_SECONDS = 5.0


@asynccontextmanager
async def consuming(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer of committed messages, unless aiokafka's `options` say otherwise.

    Raises aiokafka's `KafkaConnectionError` when no broker answers.
    """
    client_logging.calm()
    ours = {"isolation_level": "read_committed", "enable_auto_commit": False, "fetch_max_wait_ms": 10}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, **(ours | options))
    try:
        await consumer.start()
        yield consumer
    finally:
        await ended(consumer.stop(), _STOP_SECONDS, of="consumer")
