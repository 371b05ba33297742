"""How far an agent has come in each partition of a feed: moved by compare-and-set, after the effect."""

from dataclasses import dataclass

from infra.database import Pool

_LOAD = "select partition, position, next_offset from agent_checkpoints where agent = $1 and feed = $2"
_FIRST = """insert into agent_checkpoints(agent, feed, partition, position, next_offset)
 values ($1, $2, $3, 0, 0) on conflict do nothing"""
# Not waiting for the disk: should a move be lost, its events come again, and their commands carry ids.
_MOVE = """update agent_checkpoints set position = $5, next_offset = $6
 where agent = $1 and feed = $2 and partition = $3 and position = $4
 returning set_config('synchronous_commit', 'off', true)"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last position whose effects are recorded, and the Kafka offset to go on from (0 in the store's feed)."""

    position: int = 0
    next_offset: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """One agent's checkpoints."""

    pool: Pool
    agent: str

    async def load(self, feed: str) -> dict[int, Checkpoint]:
        rows = await self.pool.fetch(_LOAD, self.agent, feed)
        return {row["partition"]: Checkpoint(row["position"], row["next_offset"]) for row in rows}

    async def create(self, feed: str, partition: int) -> None:
        await self.pool.execute(_FIRST, self.agent, feed, partition)

    async def move(self, feed: str, partition: int, old: Checkpoint, new: Checkpoint) -> bool:
        """False when somebody else moved it: then they handle this partition, not we."""
        moved = await self.pool.fetchval(
            _MOVE, self.agent, feed, partition, old.position, new.position, new.next_offset
        )
        return moved is not None
