"""`jobstream replay` is killed while it fills: the live read model is as it was, and the work is not lost."""

import signal
from pathlib import Path

from projections.generations import generations
from projections.routings.fold import routings
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import Running, running

DYING = "tests.fault.points.dying"


async def statuses(there: Running) -> list[str]:
    rows = await there.system.database.pool.fetch("select sync_status from routings_v1.routing")
    return [row["sync_status"] for row in rows]


async def others(there: Running) -> list[str]:
    return await generations(there.system.database.pool, routings)


async def test_a_replay_that_is_killed_leaves_the_live_rows_and_is_resumed(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", "plumbing")
        await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
        await there.system.database.pool.execute("update routings_v1.routing set sync_status = 'failed'")
        replay = ("replay", "routings", "--yes", "--resume")
        killed = await jobstream(*replay, through=(DYING, "a chunk written"), DATABASE_URL=database)
        assert killed.status == -signal.SIGKILL
        assert (await statuses(there), await others(there)) == (["failed"], ["routings_v1_next"])
        resumed = await jobstream(*replay, DATABASE_URL=database)
        assert resumed.status == 0, resumed.errors
        assert "filling 0 of" not in resumed.errors
        assert (await statuses(there), await others(there)) == (["pending"], ["routings_v1_old1"])
        await trade.job(await trade.sender("Another"), "Dripping tap", "plumbing")
        assert await statuses(there) == ["pending", "pending"]
