"""Puts events back into the store that it has lost, at the positions that they had."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from domain.numbers import Kind
from infra.database import Pool
from schemas.recorded import Recorded

_LOCK = "select pg_advisory_xact_lock(x'6A6F6202'::bigint)"  # the one of append_events
_HEAD = "select coalesce(max(position), 0) from events"
_INSERT = """insert into events (position, stream_id, version, category, type, event_id, owner, data, metadata,
        occurred_at, recorded_at, command_id, command_last)
    select * from unnest($1::bigint[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::uuid[], $7::uuid[],
        $8::bytea[], $9::jsonb[], $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::bigint[])"""
_ERASE = """insert into subject_keys (subject, wrapped, created_at, erased_at)
    select subject, null, clock_timestamp(), clock_timestamp() from unnest($1::uuid[]) subject
    on conflict (subject) do update set wrapped = null, erased_at = excluded.erased_at
        where subject_keys.erased_at is null"""
_KEYLESS = """select subject from unnest($1::uuid[]) subject
    where not exists (select from subject_keys k where k.subject = subject.subject) order by 1"""
_NUMBERS = "select setval($1::text::regclass, greatest($2::bigint, (select last_value from {}_numbers)))"
_RECOVERED = """update store_epoch set recoveries = recoveries + 1, finding = null, witness = $1, prefix = $2,
    past = case when epoch = $3 then past else past || epoch end, epoch = $3"""


class StoreMoved(Exception):
    """The store has other events by now than when it was looked at."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the event store has come to position {position:,} meanwhile: look again")


@dataclass(frozen=True, slots=True)
class Returned:
    """An event as Kafka has it, with the id of its command and the position of its last event, if it has them."""

    event: Recorded
    command_id: UUID | None
    command_last: int | None


async def put_back(pool: Pool, events: Sequence[Returned], erased: Collection[UUID]) -> None:
    """Store consecutive events, which follow the store's last one, and destroy the keys of whom they tell is erased.

    All or nothing. Raises `StoreMoved`, and what asyncpg raises.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK)
        head = await connection.fetchval(_HEAD)
        if head != events[0].event.position - 1:
            raise StoreMoved(head)
        await connection.execute(_INSERT, *_columns(events))
        if erased:
            await connection.execute(_ERASE, list(erased))


def _columns(events: Sequence[Returned]) -> list[list[object]]:
    names = ("position", "stream_id", "version", "category", "type", "event_id", "owner", "data")
    plain = [[getattr(one.event, name) for one in events] for name in names]
    return [
        *plain,
        [orjson.dumps(dict(one.event.metadata)).decode() for one in events],
        [one.event.occurred_at for one in events],
        [one.event.recorded_at for one in events],
        [one.command_id for one in events],
        [one.command_last for one in events],
    ]


async def keyless(pool: Pool, subjects: Collection[UUID]) -> list[UUID]:
    """Those of whom there is no key, nor the mark that they are erased."""
    return [row["subject"] for row in await pool.fetch(_KEYLESS, list(subjects))]


async def recovered(
    pool: Pool,
    witness: str,
    prefix: str,
    epoch: UUID,
    keyless: Collection[UUID],
    numbers: Mapping[Kind, int],
) -> None:
    """The store has everything again and takes events, from processes that are started from now on.

    `keyless` will read as erased; no number is given out that is not beyond `numbers`.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK)
        if keyless:
            await connection.execute(_ERASE, list(keyless))
        for kind, number in numbers.items():
            await connection.execute(_NUMBERS.format(kind), f"{kind}_numbers", number)
        await connection.execute(_RECOVERED, witness, prefix, epoch)
