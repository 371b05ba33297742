"""Who is connected, over all processes: each keeps one row up to date, and a row that is not is nobody's any more."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from infra.database import Pool

# Several times the pause between two signs of life, so that a process that is only busy stays counted.
EXPIRY_SECONDS = 20.0

_ALIVE = f"seen_at > clock_timestamp() - interval '{EXPIRY_SECONDS} s'"
_REPORT = """
insert into live_presence(process, connections, users, channels) values ($1, $2, $3, $4)
on conflict (process) do update set
 connections = excluded.connections, users = excluded.users, channels = excluded.channels, seen_at = clock_timestamp()
"""
_CONFIRM = "update live_presence set seen_at = clock_timestamp() where process = $1"
_OTHERS = f"select connections, users, channels from live_presence where process <> $1 and {_ALIVE}"
_LEAVE = f"delete from live_presence where process = $1 or not {_ALIVE}"


@dataclass(frozen=True, slots=True)
class Census:
    """`users` are fingerprints of who is connected, `channels` the number of connections subscribed to each."""

    connections: int
    users: frozenset[int]
    channels: Mapping[str, int]


def fingerprint(owner: UUID, user: str) -> int:
    """Tells users apart without storing what they are called."""
    digest = hashlib.blake2b(owner.bytes + user.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def joined(parts: Iterable[Census]) -> Census:
    connections, users, channels = 0, set[int](), Counter[str]()
    for part in parts:
        connections += part.connections
        users |= part.users
        channels.update(part.channels)
    return Census(connections, frozenset(users), channels)


class PresenceTable:
    """The rows of all processes, of which one is this `process`'s own."""

    def __init__(self, pool: Pool, process: UUID) -> None:
        self._pool, self._process = pool, process

    async def report(self, census: Census) -> None:
        channels = orjson.dumps(census.channels).decode()
        await self._pool.execute(_REPORT, self._process, census.connections, list(census.users), channels)

    async def confirm(self) -> bool:
        """Say that nothing has changed; False when the row is gone and has to be reported anew."""
        return await self._pool.execute(_CONFIRM, self._process) == "UPDATE 1"

    async def others(self) -> Sequence[Census]:
        """What the other processes reported last."""
        rows = await self._pool.fetch(_OTHERS, self._process)
        return [Census(row["connections"], frozenset(row["users"]), orjson.loads(row["channels"])) for row in rows]

    async def leave(self) -> None:
        """Take back this process's row, and tidy up after those that could not."""
        await self._pool.execute(_LEAVE, self._process)
