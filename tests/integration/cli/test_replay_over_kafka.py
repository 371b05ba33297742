"""`jobstream replay` beside a projector whose events come through Kafka."""

import asyncio
from pathlib import Path

from runtime.system import READ_MODELS
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import over_kafka, until

_SPOILT = "update service_jobs_v1.service_job set routings = 7 where id = $1"
_ROUTINGS = "select id, routings from service_jobs_v1.service_job"
_CLAIMS = "select count(*) from events where type = 'RoutingClaimed'"


async def test_what_comes_through_kafka_while_and_after_generations_are_exchanged_is_folded_once(
    database: str, tmp_path: Path, kafka: str, topic_prefix: str
) -> None:
    async with over_kafka(database, tmp_path, kafka, topic_prefix) as there:
        trade, pool = Trade(there.client), there.system.database.pool
        await trade.company("Receiver", "plumbing")
        sender = await trade.sender("Sender")

        async def posted() -> str:
            job_id = await trade.job(sender, "Dripping tap", "plumbing")

            async def synced() -> bool:
                return await trade.statuses(job_id) == ["synced"]

            await until(synced, 60)
            return job_id

        jobs = [await posted()]
        await pool.execute(_SPOILT, jobs[0])
        exchanging = asyncio.create_task(
            jobstream("replay", "service_jobs", "routings", "--yes", "--json", DATABASE_URL=database)
        )
        while not exchanging.done():
            jobs.append(await posted())
        ended = await exchanging
        assert (ended.status, [one["exchanged"] for one in ended.json]) == (0, [True, True]), ended.errors
        jobs.append(await posted())
        assert max(one["position"] for one in ended.json) < await there.system.store.head()
        await there.system.caught_up(await there.system.store.head())
        assert {str(row["id"]): row["routings"] for row in await pool.fetch(_ROUTINGS)} == dict.fromkeys(jobs, 1)
        assert await pool.fetchval(_CLAIMS) == await pool.fetchval("select count(*) from mock_pos_jobs") == len(jobs)
        same = await jobstream("replay", "--all", "--dry-run", DATABASE_URL=database)
        assert (same.status, same.output.count("no difference")) == (0, len(READ_MODELS)), same.output
