"""Makes a read model again from the log, beside the live one, and puts it in its place."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import stamina

from infra.database import Pool
from infra.log_ranges import LogRanges
from projections.announcements import Announcement, News
from projections.columns import quote
from projections.difference import Difference, difference
from projections.filling import Filling, Phase, Step, Tell, silently
from projections.generations import (
    TablesChanged,
    drop_generation,
    exchange,
    generations,
    is_current,
    is_folded_alike,
    make_generation,
    make_indexes,
    next_of,
    old_of,
    outdated,
    scratch_of,
)
from projections.read_model import ReadModel
from projections.session import Lease, Session
from projections.standstill import level, snapshot, target
from projections.statements import CHANNEL

# A query that takes long, on a table that is to be exchanged, is waited for again and again and not at once: whoever
# comes meanwhile would queue behind the wait.
_insisting = stamina.AsyncRetryingCaller(attempts=None, timeout=300.0, wait_initial=0.05, wait_max=1.0).on(
    asyncpg.LockNotAvailableError
)


class Busy(Exception):
    """Somebody else is at work on a read model's other generations."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"another process is filling {schema}: wait for it to end, or stop it")


class NoGeneration(Exception):
    """There is no such generation to go back to."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"there is no {schema} to go back to: old generations are kept by a rebuild, as --keep says")


class FoldsChanged(Exception):
    """A generation was begun by other folds: some of its rows would be of before, and some of now."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"the folds of {schema} were changed since it was begun: begin afresh, without --resume")


class OtherEpoch(Exception):
    """A generation was filled from the log of another epoch."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"{schema} was filled in another epoch of the log: begin afresh")


@dataclass(frozen=True, slots=True)
class Source:
    """What generations are made from, and where: the log, and the database that has them."""

    dsn: str
    pool: Pool
    log: LogRanges


class Rebuild:
    """Another generation than the live one, which may take its place."""

    def __init__(self, source: Source, model: ReadModel, filling: Filling, tell: Tell, rest: float) -> None:
        self.model, self.schema = model, filling.schema
        self._pool, self._filling, self._tell, self._rest = source.pool, filling, tell, rest

    @property
    def position(self) -> int:
        """Up to where it has folded the log."""
        return self._filling.position

    async def fill(self) -> None:
        """Folds what the live generation has, then makes indexes and statistics. Raises what `level` does."""
        upto = await target(self._pool, self._filling)
        await self._filling.to(upto, self._tell, rest=self._rest)
        self._tell(Step(self.model.schema, Phase.INDEXING, self.position, upto))
        await make_indexes(self._pool, self.model, self.schema)
        for table in self.model.tables:
            # Queries that find no statistics of a large table are planned as if it were empty.
            await self._pool.execute(f"vacuum (analyze) {quote(self.schema)}.{quote(table.name)}")

    async def difference(self, examples: int = 3) -> Difference:
        """What the live generation (left) and this one (right) differ in, both at one position.

        Raises what `level` does.
        """
        return await _insisting(self._difference, examples)

    async def flip(self) -> None:
        """Takes the live generation's place, which becomes the latest of the old ones. Raises what `level` does.

        Queries, commands and the live projector go on: whoever comes in that moment waits for some milliseconds.
        """
        await _insisting(self._flip)

    async def _difference(self, examples: int) -> Difference:
        async with snapshot(self._pool, self._filling, self._tell, rest=self._rest) as sees:
            self._tell(Step(self.model.schema, Phase.COMPARING, self.position, self.position))
            # Both tables as a whole, which the pool's sessions would read row by row through an index.
            await sees.execute("set local enable_seqscan = on")
            return await difference(sees, self.model, self.model.schema, self.schema, examples)

    async def _flip(self) -> None:
        others = await generations(self._pool, self.model)
        async with level(self._pool, self._filling, self._tell, rest=self._rest) as connection:
            await exchange(connection, self.model, self.schema, others)
            replaced = Announcement(self.model.schema, self.position, News.REPLACED)
            await connection.execute("select pg_notify($1, $2)", CHANNEL, str(replaced))


@asynccontextmanager
async def rebuilding(
    source: Source, model: ReadModel, tell: Tell = silently, *, resume: bool = False, rest: float = 0.0
) -> AsyncIterator[Rebuild]:
    """The next generation: a new one, or with `resume` the one that was begun, if any. It stays whatever happens.

    `rest` is for others who need the processors: see `Filling.to`.
    Raises `Busy`, `TablesChanged`, `FoldsChanged` and `OtherEpoch` where it cannot go on, asyncpg's errors, `OSError`.
    """
    schema = next_of(model)
    async with _lease(source, schema) as lease:
        resume = resume and schema in await generations(source.pool, model)
        if resume and not await is_folded_alike(source.pool, model, schema):
            raise FoldsChanged(schema)
        filling = await (_resumed if resume else _begun)(source, lease, model, schema)
        yield Rebuild(source, model, filling, tell, rest)


@asynccontextmanager
async def returning(source: Source, model: ReadModel, tell: Tell = silently) -> AsyncIterator[Rebuild]:
    """The latest of the old generations: it folds what has come since, and may take its place again.

    Raises `NoGeneration` where there is none, and what `rebuilding` raises, but for `FoldsChanged`: to go back is
    to give up what is folded now.
    """
    async with _lease(source, next_of(model)) as lease:
        if old_of(model) not in await generations(source.pool, model):
            raise NoGeneration(old_of(model))
        filling = await _resumed(source, lease, model, old_of(model))
        yield Rebuild(source, model, filling, tell, 0.0)


@asynccontextmanager
async def scratch(
    source: Source, model: ReadModel, tell: Tell = silently, *, rest: float = 0.0
) -> AsyncIterator[Rebuild]:
    """A generation of what the live one has folded, to compare with; dropped afterwards.

    Raises what `rebuilding` raises, and what `level` does.
    """
    schema = scratch_of(model)
    async with _lease(source, schema) as lease:
        filling = await _begun(source, lease, model, schema)
        try:
            await filling.to(await target(source.pool, filling), tell, rest=rest)
            yield Rebuild(source, model, filling, tell, rest)
        finally:
            await drop_generation(source.pool, schema)


async def prune(source: Source, model: ReadModel, keep: int) -> None:
    """Drops old generations but the latest `keep`. Raises `Busy`."""
    kept = {old_of(model, age) for age in range(1, keep + 1)}
    async with _lease(source, next_of(model)):
        for schema in await generations(source.pool, model):
            if schema.startswith(f"{model.schema}_old") and schema not in kept:
                await drop_generation(source.pool, schema)


async def drop_outdated(source: Source, model: ReadModel) -> None:
    """Drops what earlier versions of a read model have left. Raises `Busy` where one of them is still kept up."""
    for schema in await outdated(source.pool, model):
        # Old generations go back under the lease of the next one.
        async with _lease(source, re.sub(r"_old\d+$", "_next", schema)):
            await drop_generation(source.pool, schema)


async def keep_live_only(source: Source, models: Sequence[ReadModel]) -> None:
    """Drops all other generations, and those of earlier versions: they do not follow erasures.

    One that is being filled stays: it will fold them.
    """
    for model in models:
        with suppress(Busy):
            await drop_outdated(source, model)
        with suppress(Busy):
            async with _lease(source, next_of(model)):
                for schema in {*await generations(source.pool, model)} - {scratch_of(model)}:
                    await drop_generation(source.pool, schema)


@asynccontextmanager
async def _lease(source: Source, schema: str) -> AsyncIterator[Lease]:
    session = Session(source.dsn)
    try:
        lease = await session.lease(schema)
        if lease is None:
            raise Busy(schema)
        yield lease
    finally:
        await session.close()


async def _begun(source: Source, lease: Lease, model: ReadModel, schema: str) -> Filling:
    """An empty generation, in place of one of that name."""
    async with source.pool.acquire() as connection:
        await make_generation(connection, model, schema, source.log.epoch)
    return Filling(source.log, lease, model, schema, 0)


async def _resumed(source: Source, lease: Lease, model: ReadModel, schema: str) -> Filling:
    """The generation that is there. Raises `TablesChanged`, `OtherEpoch`."""
    if not await is_current(source.pool, model, schema):
        raise TablesChanged(schema)
    found = await source.pool.fetchrow(f"select position, epoch from {quote(schema)}.checkpoint")
    assert found is not None
    if found["epoch"] != source.log.epoch:
        raise OtherEpoch(schema)
    return Filling(source.log, lease, model, schema, found["position"])
