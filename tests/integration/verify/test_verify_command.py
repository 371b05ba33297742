"""`jobstream verify`, as an operator runs it beside a system at work."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import orjson

from tests.conformance.trade import Trade
from tests.running import KEY, Running, over_kafka, running


async def verify(dsn: str, **changes: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the JSON that is answered, and what is said on standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "verify", "--json"),
        env=os.environ | {"DATABASE_URL": dsn, "MASTER_KEY": KEY} | changes,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert output, errors.decode()
    return await process.wait(), orjson.loads(output), errors.decode()


async def trade_a_little(there: Running) -> str:
    """The id of a job that was handed on."""
    trade = Trade(there.client)
    await trade.company("Receiver", "plumbing")
    return await trade.job(await trade.sender("Sender"), "Dripping tap of Jane Roe", "plumbing")


async def test_a_distributed_system_at_work_is_the_same_everywhere(
    database: str, tmp_path: Path, kafka: str, topic_prefix: str
) -> None:
    async with over_kafka(database, tmp_path, kafka, topic_prefix) as there:
        await trade_a_little(there)
        status, found, errors = await verify(database, KAFKA_BOOTSTRAP_SERVERS=kafka, KAFKA_TOPIC_PREFIX=topic_prefix)
        assert (status, found["sound"], found["faults"], found["problems"]) == (0, True, [], [])
        assert 0 < found["compared_with_kafka"] <= found["events"]
        assert {one["rows"] for one in found["read_models"]} == {0}
        assert f"Kafka at {kafka}" in errors


async def test_a_row_that_no_event_explains_is_found_and_shown_without_personal_data(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        job_id = await trade_a_little(there)
        pool = there.system.database.pool
        await pool.execute(
            "update service_jobs_v1.service_job set homeowner_name = 'Mallory', status = 'completed' where id = $1",
            job_id,
        )
        await pool.execute("insert into agent_checkpoints values ('pos_sync', 'elsewhere', 0, 1000000, 0)")
        status, found, errors = await verify(database)
        assert (status, found["sound"], found["faults"]) == (1, False, [])
        [one] = [one for one in found["read_models"] if one["rows"]]
        assert one["tables"]["service_job"]["columns"] == {"homeowner_name": 1, "status": 1}
        assert ["pos_sync stands at position 1,000,000" in problem for problem in found["problems"]] == [True]
        assert "KAFKA_BOOTSTRAP_SERVERS is not set" in found["notes"][0]
        said = orjson.dumps(found).decode() + errors
        assert not [private for private in ("Mallory", "Jane Roe", "John Doe") if private in said]
