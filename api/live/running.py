"""The live updates of a process: its hub and its presence, at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from api.live.envelope import Dialect
from api.live.hub import Hub
from api.live.presence import Presence
from api.principal import Authentication
from infra.presence import PresenceTable
from runtime.system import System


@dataclass(frozen=True, slots=True)
class Live:
    """What a product's web socket needs."""

    hub: Hub
    presence: Presence
    authentication: Authentication


@asynccontextmanager
async def live(system: System, dialect: Dialect, authentication: Authentication) -> AsyncIterator[Live]:
    """Clients are told what happens, for as long as the block runs."""
    hub = Hub(system.live_updates, system.positions, dialect)
    presence = Presence(hub, PresenceTable(system.database.pool, uuid4()))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(presence.leave)
        for part in (hub.run(), presence.run()):
            task = asyncio.create_task(part)
            stack.callback(task.cancel)
        yield Live(hub, presence, authentication)
