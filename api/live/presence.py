"""Who is connected to any process: reported by each for itself, and remembered of the others."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NoReturn

import structlog

from api.live.hub import Hub
from domain.notifications.channels import Channel
from infra.database_errors import DATABASE_ERRORS
from infra.presence import Census, PresenceTable, joined

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5.0
_SETTLE_SECONDS = 0.1  # a thousand clients that come at once are one report


class Presence:
    """Keeps the table up to date, at a cost that does not grow with how often clients come and go."""

    def __init__(self, hub: Hub, table: PresenceTable) -> None:
        self._hub, self._table = hub, table
        self._others: Sequence[Census] = ()
        self._reported: Census | None = None

    async def run(self) -> NoReturn:
        """Report until cancelled."""
        while True:
            try:
                await self._report()
            except Exception as error:  # noqa: BLE001 (whatever it is, it must not end the reports for good)
                self._reported = None
                log.warning("who is connected is not reported", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._hub.census_changed.wait()
                    await asyncio.sleep(_SETTLE_SECONDS)
            self._hub.census_changed.clear()

    async def _report(self) -> None:
        census = self._hub.census()
        if census != self._reported or not await self._table.confirm():
            await self._table.report(census)
            self._reported = census
        self._others = await self._table.others()

    async def everybody(self) -> Census:
        """Who is connected, all processes together, as the database has it. Raises what asyncpg raises."""
        self._others = await self._table.others()
        return joined((self._hub.census(), *self._others))

    def subscribers(self, channel: Channel) -> int:
        """How many connections have the channel, the other processes' as they last reported."""
        return self._hub.subscribers(channel) + sum(other.channels.get(channel, 0) for other in self._others)

    async def leave(self) -> None:
        """This process has no connections any more."""
        with contextlib.suppress(*DATABASE_ERRORS):  # its row goes by itself
            await self._table.leave()
