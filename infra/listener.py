"""LISTEN over one connection for all channels, which comes back by itself."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from infra.database_errors import DATABASE_ERRORS

log = structlog.get_logger(__name__)

Heard = Callable[[str | None], None]
Unsubscribe = Callable[[], None]

_BACKOFF_SECONDS = 0.2
_PROBE_SECONDS = 30.0  # a peer that vanished without a word is noticed after as long


class Listener:
    """Tells subscribers what PostgreSQL notifies, and None whenever they may have missed something."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: dict[str, list[Heard]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: str, heard: Heard) -> Unsubscribe:
        """See `Database.listen`. `heard` must return at once and raise nothing."""
        self._subscribers.setdefault(channel, []).append(heard)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="listener")

        def unsubscribe() -> None:
            self._subscribers[channel].remove(heard)

        return unsubscribe

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except DATABASE_ERRORS as error:
                log.warning("listening connection lost", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(_BACKOFF_SECONDS)

    async def _listen(self) -> None:
        """Listen on one connection for as long as it lasts."""
        settings = {"application_name": "jobstream listen"}
        connection = await asyncpg.connect(self._dsn, timeout=10, server_settings=settings)
        connection.add_termination_listener(lambda _: self._changed.set())
        channels: set[str] = set()
        try:
            while not connection.is_closed():
                self._changed.clear()
                for channel in self._subscribers.keys() - channels:
                    await connection.add_listener(channel, self._hear)
                    channels.add(channel)
                    self._tell(channel, None)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROBE_SECONDS):
                        await self._changed.wait()
                    continue
                await connection.execute("select 1", timeout=10)  # asyncpg fails on an empty query
        finally:
            connection.terminate()

    def _hear(self, connection: object, pid: int, channel: str, payload: Any) -> None:
        self._tell(channel, str(payload))

    def _tell(self, channel: str, payload: str | None) -> None:
        for heard in tuple(self._subscribers[channel]):
            heard(payload)
