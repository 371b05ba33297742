"""The embedded provider keeps a job that it has told of, whatever becomes of the server that it keeps it in."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg

from domain.clock import SystemClock
from infra.embedded_postgres import EmbeddedPostgres
from infra.migrations import migrate
from infra.outbound import Unavailable
from infra.pos.mock import MockProvider
from infra.pos.provider import ExternalJob
from tests.integration.pos.conftest import work_order
from tests.running import until


async def test_a_job_told_of_outlives_a_kill_of_the_server_at_once(tmp_path: Path) -> None:
    order, server = work_order(), EmbeddedPostgres(tmp_path)
    await migrate(dsn := await server.start())
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        provider = MockProvider(pool, SystemClock())
        told = await provider.create(None, order)
        os.kill(server.pid, signal.SIGKILL)
        keeping = asyncio.create_task(server.keep_running())

        async def found() -> list[list[ExternalJob]]:
            try:
                return [await provider.find(None, order.routing_id)]
            except Unavailable:
                return []

        assert await until(found, 60) == [[told]]
        keeping.cancel()
    await server.stop()
