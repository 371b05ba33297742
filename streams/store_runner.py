"""Drives an agent from the event store's feed, for a system that runs without Kafka."""

import asyncpg
import stamina
import structlog

from infra.leadership import leadership
from streams.feeds import Feed
from streams.runner import BACKOFF, INFRASTRUCTURE, Runner

log = structlog.get_logger(__name__)

BATCH = 256
WAIT_SECONDS = 1.0
FEED = "store"


def lead_name(agent: str) -> str:
    """The lock that is held by the process that runs an agent from the store."""
    return f"agent {agent}"


async def run_from_store(dsn: str, runner: Runner, feed: Feed) -> None:
    """Handle the feed's events until cancelled; one process leads per agent, others stand by.

    Raises `EpochMismatch`, and what else `Runner.check` raises.
    """
    async for attempt in stamina.retry_context(on=INFRASTRUCTURE, **BACKOFF):  # type: ignore[arg-type]
        with attempt:
            async with leadership(dsn, lead_name(runner.name)) as lead:
                await _follow(lead, runner, feed)


async def _follow(lead: asyncpg.Connection, runner: Runner, feed: Feed) -> None:
    checkpoints = await runner.load_checkpoints(FEED)
    position = checkpoints[0].position if checkpoints else 0
    try:
        while True:
            events = await feed.read(position, BATCH)
            for event in events:
                await runner.submit(FEED, 0, event, 0)
                position = event.position
            if not events:
                await feed.wait(position, WAIT_SECONDS)
                runner.check()
                if lead.is_closed():
                    raise asyncpg.InterfaceError("the connection that holds the lead is gone")
    finally:
        await _drain(runner)


async def _drain(runner: Runner) -> None:
    try:
        await runner.drain()
    except INFRASTRUCTURE as error:  # raised, it would take the place of our own cancellation
        log.warning("checkpoints are not saved", agent=runner.name, error=type(error).__name__)
