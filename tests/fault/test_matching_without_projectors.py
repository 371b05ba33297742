"""While nobody projects the read models that an agent looks into, it waits instead of deciding on what they had."""

from pathlib import Path

from projections.companies.fold import companies
from tests.conformance.installation import installed
from tests.kafka_log import eventually
from tests.running import until


async def test_a_company_that_joins_while_the_projectors_are_away_is_matched_when_they_are_back(
    database: str, tmp_path: Path, topic_prefix: str
) -> None:
    async with installed(database, tmp_path, None, topic_prefix) as there:
        positions, pool = there.system.positions, there.system.database.pool
        [projectors] = [part for part in there.parts if part.name == "projectors"]
        job_id = await there.trade.job(await there.trade.sender("Sender"), "Missing tiles", "roofing")
        await projectors.stop()

        async def stopped() -> bool:
            return positions.stopped(companies)

        await until(stopped)
        await there.trade.company("Receiver", "roofing")
        head = await there.system.store.head()

        async def passed_over() -> bool:
            seen = "select max(position) from agent_checkpoints where agent = 'matching'"
            return bool(await pool.fetchval(seen) >= head)

        await eventually(passed_over, 1.5, quietly=True)
        await projectors.start()

        async def synced() -> bool:
            return await there.trade.statuses(job_id) == ["synced"]

        await until(synced)
