"""A Kafka consumer without a group: it is told which partitions to read and from where, and commits nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer

from infra.kafka import client_logging

log = structlog.get_logger(__name__)

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
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    # In a task of its own: while the broker is away, or right after the start, aiokafka lets the cancellation of one of
    # its tasks escape, and ours would be taken for cancelled.
    stopping = asyncio.create_task(consumer.stop())
    done, _ = await asyncio.wait({stopping}, timeout=_STOP_SECONDS)
    if not done:
        stopping.cancel()
    elif not stopping.cancelled() and (error := stopping.exception()) is not None:
        log.info("consumer did not stop cleanly", error=type(error).__name__)
