"""How far agents and the relay are over Kafka: of agents what the database tells, of the relay its own record.

A partition's checkpoint stands at its last event, however far the log has gone on elsewhere. So what waits is found by
asking the log for each partition's events, which partition an event goes to being a matter of its key.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from aiokafka.partitioner import DefaultPartitioner

from infra.database import Pool
from infra.kafka import client_logging
from streams import topics
from streams.consumer import consuming
from streams.lag import Waiting
from streams.relay_record import KEY, RelayRecord, last_value

_CHUNK = 500
_LATEST = """select position, stream_id from events where category = $1 and position > $2 and position <= $3
    order by position desc limit $4"""
_NEXT = """select position, category || '.' || type as type, stream_id, recorded_at from events
    where category = $1 and position > $2 order by position limit $3"""


async def oldest_unhandled(
    pool: Pool, context: str, feeds: Mapping[str, Mapping[int, int]], quiet: int, head: int
) -> Waiting | None:
    """The oldest event of a context, up to `head`, that an agent with these checkpoints has not handled.

    `feeds` are its checkpoints by topic and partition; nothing up to `quiet` is known to wait.
    """
    count, checkpoints = topics.EVENTS[context].partitions, _checkpoints_of(context, feeds)
    passed = {number: max(quiet, checkpoints.get(number, 0)) for number in range(count)}
    behind = await _behind(pool, context, passed, head)
    found = [await _first(pool, context, number, count, passed[number]) for number in behind]
    return min((each for each in found if each is not None), key=lambda each: each.position, default=None)


def _checkpoints_of(context: str, feeds: Mapping[str, Mapping[int, int]]) -> Mapping[int, int]:
    """Those of the context's topic; of several under different prefixes, the one that is furthest."""
    name = topics.EVENTS[context].name
    return max(
        (found for topic, found in feeds.items() if topic.endswith(name)),
        key=lambda found: max(found.values()),
        default={},
    )


async def _behind(pool: Pool, context: str, passed: Mapping[int, int], head: int) -> set[int]:
    """The partitions whose latest event was not passed. Read from the end: each of them turns up soon."""
    unmet, behind, upto = set(passed), set[int](), head
    while unmet:
        rows = await pool.fetch(_LATEST, context, min(passed[number] for number in unmet), upto, _CHUNK)
        for row in rows:
            number = _partition(row["stream_id"], len(passed))
            if number in unmet:
                unmet.discard(number)
                if row["position"] > passed[number]:
                    behind.add(number)
        if len(rows) < _CHUNK:
            break
        upto = rows[-1]["position"] - 1
    return behind


async def _first(pool: Pool, context: str, number: int, count: int, passed: int) -> Waiting | None:
    """The first event of a partition after `passed`."""
    while rows := await pool.fetch(_NEXT, context, passed, _CHUNK):
        for row in rows:
            if _partition(row["stream_id"], count) == number:
                return Waiting(*row.values())
        passed = rows[-1]["position"]
    return None


@lru_cache(65536)
def _partition(stream_id: UUID, count: int) -> int:
    """As the relay's producer chooses it."""
    return int(DefaultPartitioner()(str(stream_id).encode(), list(range(count)), []))


async def members(bootstrap: str, groups: Sequence[str]) -> dict[str, bool]:
    """Whether these consumer groups have any member. Raises aiokafka's `KafkaError`."""
    client_logging.calm()
    async with topics.administration(bootstrap) as admin:
        # One by one: an answer about several groups with members is more than aiokafka 0.14.0 can decode.
        answers = [answer for group in groups for answer in await admin.describe_consumer_groups([group])]
    return {group[1]: bool(group[5]) for answer in answers for group in answer.groups}


async def relayed(bootstrap: str, prefix: str) -> int:
    """The position that the relay has come to, by its own record. Raises aiokafka's `KafkaError`."""
    client_logging.calm()
    partition = topics.positions_partition(prefix)
    async with consuming(bootstrap) as consumer:
        end = (await consumer.end_offsets([partition]))[partition]
    value = await last_value(bootstrap, partition, KEY, end - 1)
    return 0 if value is None else RelayRecord.of(value).position
