"""Whether the store is what Kafka has seen of it, as the database itself remembers.

A database that was restored from a backup, or failed over and lost its tail, looks like any other, and would give the
positions of lost events to new ones. So it remembers under which server and table a relay last found it to be what
Kafka has seen (`witness`). Under another one it takes nothing until a relay has compared it again; and nothing until an
operator has decided, once a relay found that events are missing (`finding`). `append_events` holds to both. A store
that no relay has ever carried has neither.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from infra.database import Database, Pool

Asked: TypeAlias = "Pool | asyncpg.Connection[Any]"

# Not again while it holds: a row that is written each second would be a page full of dead ones.
_PROVE = """update store_epoch set witness = $1, prefix = $2
    where finding is null and (witness, prefix) is distinct from ($1, $2)"""
_HALT = "update store_epoch set finding = $1 where finding is distinct from $1"
_BEGIN = """update store_epoch set past = past || epoch, epoch = gen_random_uuid(), began_at = clock_timestamp(),
    witness = null, prefix = null, finding = null returning epoch"""

PROVEN = "select witness is not distinct from store_witness() and finding is null from store_epoch"


@dataclass(frozen=True, slots=True)
class Proof:
    """What the database remembers. `proven`: no relay carries it, or one has compared it under this server."""

    epoch: UUID
    past: tuple[UUID, ...]
    prefix: str | None
    proven: bool
    finding: str | None

    @property
    def takes_events(self) -> bool:
        return self.proven and self.finding is None


async def proof(asked: Asked) -> Proof:
    row = await asked.fetchrow(
        "select epoch, past, prefix, coalesce(witness = store_witness(), true) as proven, finding from store_epoch"
    )
    assert row is not None  # made by the migration
    return Proof(row["epoch"], tuple(row["past"]), row["prefix"], row["proven"], row["finding"])


async def witness(asked: Asked) -> str:
    """What stands for this server and table. Taken before the comparison that it is to vouch for."""
    found: str = await asked.fetchval("select store_witness()")
    return found


async def prove(asked: Asked, witness: str, prefix: str) -> None:
    """The store is what the topics under `prefix` have seen, unless somebody found that it is not."""
    await asked.execute(_PROVE, witness, prefix)


async def halt(asked: Asked, finding: str) -> None:
    """The store lacks what Kafka has seen: it takes nothing until an operator has decided."""
    await asked.execute(_HALT, finding)


async def begin_epoch(database: Database) -> UUID:
    """Start a new epoch, after a restore or a failover that may have lost events: whoever runs in the old one halts."""
    epoch: UUID = await database.pool.fetchval(_BEGIN)
    return epoch
