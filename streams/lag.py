"""How far readers of the log are behind it, and the oldest event that waits for each: told by the database alone.

A lag in events is what a reader has not passed yet: the positions from the oldest event that waits for it to the end.
A lag in seconds is how long that event has been waiting.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Pool
from infra.leadership import held
from streams.store_runner import FEED, lead_name

_AFTER = """select position, category || '.' || type as type, stream_id, recorded_at from events
    where position > $1 order by position limit 1"""
_CHECKPOINTS = "select feed, partition, position from agent_checkpoints where agent = $1"
_NOW = "select coalesce(max(position), 0) as head, clock_timestamp() as now from events"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that a reader has not passed."""

    position: int
    type: str
    stream_id: UUID
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Log:
    """Where the log ends, and the database's time."""

    head: int
    now: datetime


async def log_end(pool: Pool) -> Log:
    [row] = await pool.fetch(_NOW)
    return Log(*row.values())


async def waiting_after(pool: Pool, position: int) -> Waiting | None:
    """The oldest event for a reader of the whole log that has passed `position`."""
    row = await pool.fetchrow(_AFTER, position)
    return None if row is None else Waiting(*row.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """One agent's: over which feed, and the oldest event that waits for it."""

    feed: str
    waiting: Waiting | None
    running: bool | None
    """Whether a process runs it; None where only Kafka knows."""


class AgentProgress:
    """Answers how far agents are. It remembers what they have passed, so that asking again and again costs little."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._passed: dict[tuple[str, str], int] = {}  # by agent and context: nothing up to there waits

    async def of(self, agent: str, contexts: Sequence[str], members: bool | None = None) -> Progress:
        """An agent that reacts to events of `contexts`, over the feed from which it is run: the store's while a process
        does so, or if none ever did otherwise; else Kafka's. `members`: whether its consumer group has any.
        """
        feeds: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for row in await self._pool.fetch(_CHECKPOINTS, agent):
            feeds[row["feed"]][row["partition"]] = row["position"]
        store = feeds.pop(FEED, {})
        running = lead_name(agent) in await held(self._pool, [lead_name(agent)])
        if running or not (feeds or members):
            return Progress(FEED, await waiting_after(self._pool, store.get(0, 0)), running)
        found = [await self._oldest(agent, context, feeds) for context in contexts]
        waiting = [each for each in found if each is not None]
        return Progress("kafka", min(waiting, key=lambda each: each.position, default=None), members)

    async def _oldest(self, agent: str, context: str, feeds: Mapping[str, Mapping[int, int]]) -> Waiting | None:
        from streams.kafka_lag import oldest_unhandled

        head, quiet = (await log_end(self._pool)).head, self._passed.get((agent, context), 0)
        found = await oldest_unhandled(self._pool, context, feeds, quiet, head)
        if found is None:
            self._passed[agent, context] = head
        return found
