"""Being told to stop: what is in flight is finished, nothing is left running, and the exit status is 0."""

import signal
from pathlib import Path

import asyncpg
import pytest

from infra.embedded_postgres import EmbeddedPostgres
from infra.postgres_survivors import survivors
from tests.fault.processes.load import load
from tests.fault.processes.program import program

_CLAIMED = """
select count(*) from (select distinct on (stream_id) type from events where type like 'Routing%'
 order by stream_id, version desc) last where type = 'RoutingClaimed'"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_serve_finishes_what_is_in_flight_and_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with program("serve", tmp_path, module="cli") as serve:
        await serve.ready()
        async with load(serve.url) as posted:
            await posted.more(30)
            status = await serve.stop(number)
            posted.abandon()
            await posted.finish()
    assert status == 0, serve.log[-3000:]
    assert survivors(tmp_path / "state" / "postgres" / "data") == []
    assert posted.refused == []
    assert '"level":"ERROR"' not in serve.log
    assert '"level":"CRITICAL"' not in serve.log
    server = EmbeddedPostgres(tmp_path / "state" / "postgres")
    try:
        connection = await asyncpg.connect(await server.start())
        rows = await connection.fetch("select stream_id from events where type = 'ServiceJobCreated'")
        # Whatever was carried out was answered.
        assert sorted(row["stream_id"] for row in rows) == sorted(posted.acknowledged.values())
        assert await connection.fetchval(_CLAIMED) == 0
        await connection.close()
    finally:
        await server.stop()
