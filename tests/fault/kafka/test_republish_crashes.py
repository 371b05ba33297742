"""A re-publication that is killed again and again: it goes on where it was, and nothing is lost or twice."""

import random
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import PIPE

from aiokafka import TopicPartition

from streams import topics
from tests.kafka_log import messages, opened_log

TOTAL = 6000
KILLS = 5


async def test_a_run_killed_at_any_moment_goes_on_without_loss_or_repetition(
    kafka: str, topic_prefix: str, database: str
) -> None:
    await topics.apply(kafka, topic_prefix)
    target, moments = f"{topic_prefix}again", random.Random(11)
    await topics.ensure(kafka, target, 3)
    partitions = [TopicPartition(target, number) for number in range(3)]
    module = "tests.fault.kafka.republish_process"
    async with opened_log(database) as log:
        await log.append(TOTAL)
        begun: list[int] = []
        for kill_after in [*(moments.randint(2, 15) for _ in range(KILLS)), None]:
            command = (sys.executable, "-m", module, database, kafka, topic_prefix, target)
            process = await create_subprocess_exec(*command, stdout=PIPE)
            assert process.stdout is not None
            said: list[int] = []
            async with timeout(120):
                while line := await process.stdout.readline():
                    said.append(int(line))
                    if len(said) == kill_after:
                        process.kill()
                status = await process.wait()
            begun.append(said[0])
        assert status == 0
        assert said[-1] == TOTAL
    assert begun == sorted(begun)
    assert 0 < begun[-1] < TOTAL, "no kill hit the run under way"
    found = await messages(kafka, partitions)
    assert sorted(int(dict(each.headers)["jobstream_position"]) for each in found) == list(range(1, TOTAL + 1))
    latest: dict[bytes, int] = {}
    for each in found:
        version = int(dict(each.headers)["jobstream_version"])
        assert version == latest.get(each.key, 0) + 1
        latest[each.key] = version
