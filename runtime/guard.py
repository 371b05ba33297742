"""Every role watches whether the store still is the one that it was started with."""

import asyncio
from typing import NoReturn

import structlog

from infra.event_store import EventStore, StoreHalted
from streams.runner import INFRASTRUCTURE

log = structlog.get_logger(__name__)

_SECONDS = 1.0
_AGAIN_SECONDS = 60.0  # how often an operator is told


async def watch(store: EventStore) -> NoReturn:
    """Say so while the store is halted; raise `EpochMismatch` once it was recovered or is in another epoch.

    Until then parts wait where they are. Afterwards this process is to be started afresh: what it remembers may never
    have been.
    """
    told = -_AGAIN_SECONDS
    while True:
        try:
            await store.head()
        except StoreHalted as halted:
            if (now := asyncio.get_running_loop().time()) - told >= _AGAIN_SECONDS:
                told = now
                log.critical("the event store is halted", finding=str(halted))
        except INFRASTRUCTURE:
            pass  # everybody who needs the database says so
        await asyncio.sleep(_SECONDS)
