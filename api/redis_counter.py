"""Counts in Redis, for rate limits that several processes share."""

import time
from collections.abc import Callable

import structlog
from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_log = structlog.get_logger()

REDIS_SECONDS = 0.25  # how long one request waits for Redis at most
REDIS_PAUSE = 2.0  # how long Redis is left alone after a failure, in seconds


class RedisCounter:
    """Counts shared by every process. When Redis is away, requests are let through rather than refused."""

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        # The client's own retries would hold every request up for seconds while Redis is away.
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="jobstream",
            connection_pool=self._pool,  # type: ignore[arg-type]  # documented, and missing in the annotation
        )
        self._monotonic = monotonic
        self._away_until = 0.0
        self._away = False

    async def increment(self, key: str, seconds: int) -> int | None:
        if self._monotonic() < self._away_until:
            return None
        try:
            count = await self._storage.incr(key, seconds)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._monotonic() + REDIS_PAUSE
            if not self._away:
                _log.warning("Redis is away: requests are not limited", error=type(error).__name__)
            self._away = True
            return None
        if self._away:
            _log.info("Redis is back: requests are limited again")
            self._away = False
        return count

    async def check(self) -> None:
        if not await self._storage.check():
            raise ConnectionError("Redis does not answer")

    async def close(self) -> None:
        await self._pool.aclose()
