"""A log of any length, written straight into the store's table: appending a million events would take minutes."""

from bench.projection import COMPANIES, NOW, routing_life
from infra.database import Pool
from schemas.codec import Codec

KINDS = 3
_TOGETHER = 300  # routings that are created, then claimed, then synced
BLOCK = KINDS * _TOGETHER

_WRITE = f"""
with ids as materialized (select n, uuidv7() as id from generate_series($1::bigint, $2::bigint) n)
insert into events (position, stream_id, version, category, type, event_id, owner, data, metadata, occurred_at,
    recorded_at)
select $7 + (n / {_TOGETHER}) * {BLOCK} + kind * {_TOGETHER} + n % {_TOGETHER} + 1, id, kind + 1, 'dispatch',
    ($3::text[])[kind + 1], gen_random_uuid(), id,
    case kind when 0 then ($4::bytea[])[1 + n % {len(COMPANIES)}] else ($5::bytea[])[kind] end,
    '{{"command": "bench"}}', $6::timestamptz, $6::timestamptz
from ids cross join generate_series(0, {KINDS - 1}) kind order by 1"""


async def write(pool: Pool, codec: Codec, events: int) -> int:
    """Appends so many events, rounded up to whole blocks; answers the head.

    A third each of routings created, claimed and synced, interleaved 300 routings at a time.
    """
    head = await pool.fetchval("select coalesce(max(position), 0) from events")
    keys, life = await codec.prepare([]), routing_life()
    created = [
        codec.encode("dispatch.RoutingCreated", life["RoutingCreated"] | {"company_id": company}, company, keys)
        for company in COMPANIES
    ]
    others = [codec.encode(f"dispatch.{type}", life[type], COMPANIES[0], keys) for type in list(life)[1:]]
    blocks = -(-events // BLOCK)
    await pool.execute(_WRITE, 0, blocks * _TOGETHER - 1, list(life), created, others, NOW, head)
    await pool.execute("vacuum (analyze) events")
    return int(head + blocks * BLOCK)


async def claim_projected(pool: Pool, schema: str, head: int) -> None:
    """A read model says that it has folded everything: a rebuild then folds all of it, without waiting for the live
    projector."""
    await pool.execute(f"update {schema}.checkpoint set position = $1", head)
