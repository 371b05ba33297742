"""Ending what a Kafka client or Faust has begun, whatever state it is in."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


async def ended(ending: Coroutine[Any, Any, Any], seconds: float, of: str) -> bool:
    """Whether `ending` ended within `seconds`, well or not; what has not is told to and left alone.

    In a task of its own. While the broker is away, or right after a start, these libraries let a cancellation of theirs
    escape, and ours would be taken for cancelled; and Faust's stopping passes over being cancelled, so that whoever
    waits for it with asyncio.wait_for waits for ever.
    """
    task = asyncio.create_task(ending)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
    elif not task.cancelled() and (error := task.exception()) is not None:
        log.info("it did not stop cleanly", of=of, error=type(error).__name__)
    return bool(done)
