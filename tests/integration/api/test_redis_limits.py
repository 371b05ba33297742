import asyncio
import time

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from api import redis_counter
from api.health import WELL, Component
from api.rate_limit import RateLimits
from api.redis_counter import RedisCounter
from tests.integration.api.conftest import RedisServer, Serve
from tests.unit.api.sample import sample_app, sample_product

# By the hour, so that no window ends in the middle of a test.
LIMITS = RateLimits("1000/hour", {("GET", "/jobs/search"): "20/hour"})


async def test_processes_that_share_a_redis_share_the_count(serve: Serve, redis_server: RedisServer) -> None:
    counters = [RedisCounter(redis_server.url) for _ in range(2)]
    apps = [sample_app(sample_product(limits=LIMITS), counter) for counter in counters]
    async with serve(apps[0]) as first, serve(apps[1]) as second:
        asked = [client.get("/api/v1/jobs/search") for client in (first, second) for _ in range(15)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert (statuses.count(200), statuses.count(429)) == (20, 10)
    for counter in counters:
        await counter.close()


async def test_without_redis_requests_pass_quickly_and_it_is_said_once(
    serve: Serve, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_counter, "REDIS_PAUSE", 0.05)
    monkeypatch.setattr(redis_counter, "_log", structlog.get_logger())
    counter = RedisCounter(redis_server.url)

    async def check() -> Component:
        await counter.check()
        return WELL

    async def database() -> Component:
        return WELL

    product = sample_product({"database": database, "redis": check}, LIMITS)
    with capture_logs() as lines:
        async with serve(sample_app(product, counter)) as client:
            assert "X-RateLimit-Limit" in (await client.get("/api/v1/jobs/")).headers
            redis_server.stop()
            started = time.perf_counter()
            answers = [await client.get("/api/v1/jobs/search") for _ in range(40)]
            assert {answer.status_code for answer in answers} == {200}
            assert time.perf_counter() - started < 9  # waiting for it each time would take 10 s
            detailed = (await client.get("/api/v1/health/detailed")).json()
            assert (detailed["status"], detailed["components"]["redis"]["status"]) == ("degraded", "unhealthy")
            redis_server.start()
            await limited_again(client)
            detailed = (await client.get("/api/v1/health/detailed")).json()
            assert detailed["components"]["redis"]["status"] == "healthy"
    said = [line["event"] for line in lines if line["event"].startswith("Redis is")]
    assert said == ["Redis is away: requests are not limited", "Redis is back: requests are limited again"]
    await counter.close()


async def limited_again(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        # A poll to a deadline: no event tells this process that Redis is back.
        while "X-RateLimit-Limit" not in (await client.get("/api/v1/jobs/")).headers:
            await asyncio.sleep(0.01)
