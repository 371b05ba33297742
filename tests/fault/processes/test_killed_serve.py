"""`jobstream serve` is killed under load: the next start has every acknowledged job, and nothing happens twice."""

from pathlib import Path

from infra.embedded_postgres import EmbeddedPostgres
from tests.fault.processes.load import assert_each_once, assert_shown, load
from tests.fault.processes.program import program

KILLS = 2


async def test_a_killed_serve_recovers_every_acknowledged_job_exactly_once(tmp_path: Path) -> None:
    async with program("serve", tmp_path) as serve:
        await serve.ready()
        async with load(serve.url) as posted:
            for _ in range(KILLS):
                await posted.more(25)
                await serve.kill()
                await serve.start()
            await posted.more(25)
            dsn = EmbeddedPostgres(tmp_path / "state" / "postgres").running_elsewhere()
            assert dsn is not None
            await assert_each_once(dsn, posted)
            await assert_shown(posted)
        assert {answer.status_code for answer in posted.refused} <= {503}
        assert await serve.stop() == 0
