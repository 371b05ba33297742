"""PostgreSQL goes away under load: requests are refused in the product's shape, and all goes on when it is back."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from infra.embedded_postgres import EmbeddedPostgres
from tests.fault.processes.load import Load, assert_each_once, assert_shown, load
from tests.fault.processes.program import program
from tests.running import until


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    await server.stop()


async def test_serve_outlasts_a_postgresql_that_stops_and_one_that_is_killed(
    tmp_path: Path, server: EmbeddedPostgres
) -> None:
    dsn = await server.start()
    async with program("serve", tmp_path, DATABASE_URL=dsn) as serve:
        await serve.ready()
        async with load(serve.url) as posted:
            await posted.more(20)
            await server.stop()
            await assert_refused(posted)
            await server.start()
            await posted.more(20)
            os.kill(server.pid, signal.SIGKILL)
            await assert_refused(posted)
            await server.stop()
            await server.start()
            await posted.more(20)
            await assert_each_once(dsn, posted)
            await assert_shown(posted)
            await until(lambda: healthy(posted.trade.client))
        assert {answer.status_code for answer in posted.refused} <= {503}
        assert all(answer.json()["error_code"] == "UNAVAILABLE" for answer in posted.refused)
        assert await serve.stop() == 0, serve.log[-3000:]


async def test_serve_stops_in_order_while_postgresql_is_away(tmp_path: Path, server: EmbeddedPostgres) -> None:
    dsn = await server.start()
    async with program("serve", tmp_path, DATABASE_URL=dsn) as serve:
        await serve.ready()
        async with load(serve.url) as posted:
            await posted.more(10)
            await server.stop()
            await assert_refused(posted)
            posted.abandon()
        assert await serve.stop() == 0, serve.log[-3000:]


async def assert_refused(posted: Load) -> None:
    """A query is refused with 503 in TradeEngage's shape, and health says that the database is away."""
    client = posted.trade.client

    async def refused() -> httpx.Response | None:
        answer = await client.get("/jobs/")
        return answer if answer.status_code != 200 else None

    answer = await until(refused)
    assert answer.status_code == 503
    assert answer.json().keys() == {"detail", "error_code", "timestamp"}
    assert answer.json()["error_code"] == "UNAVAILABLE"
    assert "Retry-After" in answer.headers
    health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert (await client.get("/health/live")).status_code == 200


async def healthy(client: httpx.AsyncClient) -> bool:
    answer = await client.get("/health/detailed")
    return bool(answer.status_code == 200 and answer.json()["status"] == "healthy")
