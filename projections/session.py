"""The PostgreSQL session that projectors write through."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog

from infra.database_errors import DATABASE_ERRORS
from infra.leadership import lock_id
from projections.announcements import Announcement, join
from projections.statements import CHANNEL

log = structlog.get_logger(__name__)

# Coalesces the announcements of the read models that share a session; each one is a commit of its own otherwise.
_ANNOUNCE_SECONDS = 0.005
_RELEASE_SECONDS = 2.0

_SETTINGS = {
    "application_name": "jobstream projector",
    # Rows and checkpoint are in one commit: after a crash they fall back together and are folded again.
    "synchronous_commit": "off",
    "jit": "off",
    # A batch's statement is the same from one time to the next but for the values in its arrays. Its plan is kept, and
    # one that was made for a tiny table reads the whole of it for every row: only the indexes are right at every size.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A session that vanished without a word would hold its locks until the kernel gives it up.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}


Statement = tuple[str, Sequence[Any]]


class LeaseLost(ConnectionError):
    """The session that held the lease has ended, and its locks with it."""


class Connected:
    """One open connection, the names leased on it, and what it has yet to announce."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.turn = asyncio.Lock()
        self.leased: set[str] = set()
        self._waiting: dict[str, Announcement] = {}
        self._announcing: asyncio.Task[None] | None = None

    async def fetch(self, text: str, *values: Any, then: Sequence[Statement] = ()) -> Sequence[Any]:
        async with self.turn:
            if self.connection.is_closed():
                raise LeaseLost
            if not then:
                return await self.connection.fetch(text, *values)
            async with self.connection.transaction():
                if rows := await self.connection.fetch(text, *values):
                    for following, arrays in then:
                        await self.connection.execute(following, *arrays)
                return rows

    async def lock(self, name: str) -> bool:
        if name in self.leased:  # the session's own lock would be granted a second time
            return False
        self.leased.add(name)
        try:
            [row] = await self.fetch("select pg_try_advisory_lock($1) as ours", lock_id(name))
        except BaseException:
            self.connection.terminate()  # it may have been granted: nobody would ever give it back
            raise
        if not row["ours"]:
            self.leased.discard(name)
        return bool(row["ours"])

    async def unlock(self, name: str) -> None:
        self.leased.discard(name)
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self.fetch("select pg_advisory_unlock($1)", lock_id(name))
        except BaseException as error:
            self.connection.terminate()
            if not isinstance(error, DATABASE_ERRORS):
                raise

    def announce(self, announcement: Announcement) -> None:
        self._waiting[announcement.model] = announcement
        if self._announcing is None or self._announcing.done():
            self._announcing = asyncio.create_task(self._announce())

    async def close(self) -> None:
        if self._announcing is not None:
            self._announcing.cancel()
        await self.connection.close(timeout=2)

    async def _announce(self) -> None:
        while self._waiting:
            await asyncio.sleep(_ANNOUNCE_SECONDS)
            waiting, self._waiting = self._waiting, {}
            try:
                await self.fetch("select pg_notify($1, $2)", CHANNEL, join(waiting.values()))
            except DATABASE_ERRORS as error:
                # Their readers poll as well; and whoever holds a lease on this connection finds out by itself.
                log.debug("positions were not announced", error=type(error).__name__)


class Lease:
    """The right to write one read model, held as an advisory lock of the session: both end together."""

    def __init__(self, name: str, connected: Connected) -> None:
        self._name = name
        self._connected = connected

    async def fetch(self, text: str, *values: Any, then: Sequence[Statement] = ()) -> Sequence[Any]:
        """Rows of one statement. `then` follow in the same transaction, if there were any.

        Raises `OSError` (`LeaseLost`), asyncpg's errors.
        """
        return await self._connected.fetch(text, *values, then=then)

    def announce(self, announcement: Announcement) -> None:
        """Tell other processes soon, together with what the session's other read models have to say."""
        self._connected.announce(announcement)

    async def release(self) -> None:
        """Let another projector have it. A session that does not do so in time is ended."""
        await self._connected.unlock(self._name)


class Session:
    """A connection made when needed and again when lost. Projectors that share one take turns on it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connected: Connected | None = None
        self._opening = asyncio.Lock()

    async def lease(self, name: str) -> Lease | None:
        """The lease of `name`, or None while another projector has it. Raises asyncpg's errors, `OSError`."""
        connected = await self._open()
        return Lease(name, connected) if await connected.lock(name) else None

    async def close(self) -> None:
        if self._connected is not None:
            await self._connected.close()

    async def _open(self) -> Connected:
        async with self._opening:
            if self._connected is None or self._connected.connection.is_closed():
                connection = await asyncpg.connect(
                    self._dsn,
                    server_settings=_SETTINGS,
                    command_timeout=60,
                    statement_cache_size=512,
                    max_cached_statement_lifetime=0,
                    max_cacheable_statement_size=0,
                )
                self._connected = Connected(connection)
            return self._connected
