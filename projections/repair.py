"""Makes some streams' rows of a read model again while it is live, where the read model says that this can be done."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import stamina

from infra.database import Pool
from projections.announcements import Announcement, News
from projections.columns import layout, quote
from projections.difference import Difference, difference
from projections.filling import Phase, Step, Tell, silently
from projections.folding import folded
from projections.read_model import ReadModel
from projections.rebuild import Source
from projections.rows import Rows
from projections.standstill import Connection, standstill
from projections.statements import CHANNEL, insertion

# Streams made again while the live projector waits: some tens of milliseconds.
_TOGETHER = 100
_CHUNK = 5_000  # positions looked through at once for streams that are meant
_BESIDE = "pg_temp"


class NotRepairable(Exception):
    """Rows of a read model cannot be made again stream by stream; the message says why, and what can be done."""

    def __init__(self, model: ReadModel, why: str) -> None:
        super().__init__(f"{model.schema}: {why}; make the whole read model again: jobstream replay {model.name}")


@dataclass(frozen=True, slots=True)
class Meant:
    """Which events are meant: those of one stream, or else those after a position, of some types or of all."""

    stream: UUID | None = None
    after: int = 0
    types: frozenset[str] = frozenset()


async def streams_meant(source: Source, model: ReadModel, meant: Meant, tell: Tell = silently) -> Sequence[UUID]:
    """The streams of which `model` has rows, or should have, that a meant event changes.

    Raises `NotRepairable`, and what reading and folding raise.
    """
    if model.by_stream is None:
        raise NotRepairable(model, "its rows do not come from one stream each")
    if unknown := meant.types - model.types:
        raise NotRepairable(model, f"it does not fold {', '.join(sorted(unknown))}")
    types = meant.types or model.types
    head = await source.log.head()
    if meant.stream is not None:
        events = await source.log.of_streams([meant.stream], head, types)
        return list(dict.fromkeys([meant.stream, *_touched(model, await folded(model, events))]))
    found: dict[UUID, None] = {}
    for after in range(meant.after, head, _CHUNK):
        part = await source.log.read(after, min(after + _CHUNK, head), types)
        found |= dict.fromkeys(_touched(model, await folded(model, part.events)))
        tell(Step(model.schema, Phase.LOOKING, part.upto, head))
    return list(found)


async def compared(source: Source, model: ReadModel, streams: Sequence[UUID], tell: Tell = silently) -> Difference:
    """What those streams' live rows (left) differ in from what their events make (right). Nothing is changed.

    Raises `NotRepairable`, and what reading, folding and asyncpg raise.
    """
    return await _each(source, model, streams, tell, apply=False)


async def repaired(source: Source, model: ReadModel, streams: Sequence[UUID], tell: Tell = silently) -> Difference:
    """Puts what the streams' events make in the place of their live rows; answers what differed. Raises the same.

    The live projector stands still for each hundred of them, at whose position their events are folded: it neither
    misses an event nor sees one twice.
    """
    return await _each(source, model, streams, tell, apply=True)


_insisting = stamina.AsyncRetryingCaller(attempts=None, timeout=300.0, wait_initial=0.05, wait_max=1.0).on(
    asyncpg.LockNotAvailableError
)


async def _each(source: Source, model: ReadModel, streams: Sequence[UUID], tell: Tell, *, apply: bool) -> Difference:
    phase = Phase.REPAIRING if apply else Phase.COMPARING
    found = await _insisting(_some, source, model, streams[:_TOGETHER], apply)
    for start in range(_TOGETHER, len(streams), _TOGETHER):
        tell(Step(model.schema, phase, start, len(streams)))
        found += await _insisting(_some, source, model, streams[start : start + _TOGETHER], apply)
    tell(Step(model.schema, phase, len(streams), len(streams)))
    return found


async def _some(source: Source, model: ReadModel, streams: Sequence[UUID], apply: bool) -> Difference:
    async with _standing(source.pool, model, apply) as connection:
        position = await connection.fetchval(f"select position from {quote(model.schema)}.checkpoint")
        rows = await folded(model, await source.log.of_streams(streams, position, model.types))
        await _beside(connection, model, rows, streams)
        found = await difference(connection, model, model.schema, _BESIDE, streams=streams)
        if apply and found.rows:
            await _replace(connection, model, streams)
            news = Announcement(model.schema, position, News.REPLACED)
            await connection.execute("select pg_notify($1, $2)", CHANNEL, str(news))
        return found


@asynccontextmanager
async def _standing(pool: Pool, model: ReadModel, apply: bool) -> AsyncIterator[Connection]:
    """A transaction in which the checkpoint and the rows belong together."""
    if apply:
        async with standstill(pool, model) as connection:
            yield connection
    else:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            yield connection


async def _beside(connection: Connection, model: ReadModel, rows: Rows, streams: Sequence[UUID]) -> None:
    """Temporary tables of what there should be."""
    meant = set(streams)
    for table in model.tables:
        made = list(rows.of(table).values())
        if any(row[str(model.by_stream)] not in meant for row in made):
            raise NotRepairable(model, f"a stream's events make rows of another one in {table.name}")
        name = quote(table.name)
        await connection.execute(
            f"create temporary table {name} (like {quote(model.schema)}.{name} including defaults) on commit drop"
        )
        statement, arrays = insertion(_BESIDE, table, made)
        await connection.execute(statement, *arrays)


async def _replace(connection: Connection, model: ReadModel, streams: Sequence[UUID]) -> None:
    for table in model.tables:
        name, live = quote(table.name), f"{quote(model.schema)}.{quote(table.name)}"
        column = quote(str(model.by_stream))
        await connection.execute(f"delete from {live} where {column} = any($1::uuid[])", list(streams))
        await connection.execute(f"insert into {live} select * from {_BESIDE}.{name}")


def _touched(model: ReadModel, rows: Rows) -> Sequence[UUID]:
    """Whose rows are changed: the part of their keys that says so."""
    return [
        layout(table).key_columns(key)[str(model.by_stream)] for table, changes in rows.pending() for key in changes
    ]
