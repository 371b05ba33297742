"""Generations: each version of a read model has a PostgreSQL schema of its own, with its checkpoint inside.

Beside the live one, `routings_v1`, there may be `routings_v1_next`, which a rebuild fills, and `routings_v1_old1`,
`…_old2`: those that were live before, the latest first.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Table
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from infra.leadership import lock_id
from projections.columns import DIALECT, quote
from projections.read_model import ReadModel

# One row; small pages' worth of dead versions are pruned in place because no indexed column ever changes.
_CHECKPOINT = """
create table {schema}.checkpoint (
    only_row boolean primary key default true check (only_row),
    position bigint not null default 0,
    epoch uuid not null,
    event_at timestamptz,
    error text,
    error_position bigint
) with (fillfactor = 10)
"""


class TablesChanged(Exception):
    """A read model's tables are declared otherwise than its generation in the database has them."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"the tables of {schema} were changed without raising the read model's version")


def next_of(model: ReadModel) -> str:
    """The schema of the generation that is to take the live one's place."""
    return f"{model.schema}_next"


def old_of(model: ReadModel, age: int = 1) -> str:
    """The schema of a generation that was live before; 1 is the latest of them."""
    return f"{model.schema}_old{age}"


def scratch_of(model: ReadModel) -> str:
    """The schema of a generation that is dropped after use."""
    return f"{model.schema}_scratch"


async def ensure_generations(pool: asyncpg.Pool, models: Sequence[ReadModel], epoch: UUID) -> None:
    """Makes schema, tables, indexes and checkpoint of those models that have none; one query when all have.

    Raises `TablesChanged`, and asyncpg's errors.
    """
    async with pool.acquire() as connection:
        if not await _missing(connection, models):
            return
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", lock_id("read model generations"))
            for model in await _missing(connection, models):
                await _make(connection, model, model.schema, epoch)
                await make_indexes(connection, model, model.schema)


async def make_generation(connection: Any, model: ReadModel, schema: str, epoch: UUID) -> None:
    """An empty generation, in place of one of that name. Without indexes: filled tables get them sooner."""
    async with connection.transaction():
        await drop_generation(connection, schema)
        await _make(connection, model, schema, epoch)


async def make_indexes(connection: Any, model: ReadModel, schema: str) -> None:
    """The indexes that a generation has none of yet."""
    for table in model.tables:
        for statement in _indexes(table, schema, absent=True):
            await connection.execute(statement)


async def drop_generation(connection: Any, schema: str) -> None:
    await connection.execute(f"drop schema if exists {quote(schema)} cascade")


async def exchange(connection: Any, model: ReadModel, incoming: str, others: Collection[str]) -> None:
    """The generation `incoming` becomes live, and the live one the latest of the old; inside a transaction.

    `others` are the schemas besides the live one, as `generations` names them.

    Whoever reads has finished before, or waits and then finds the new tables by their names: the lock keeps a query
    of several tables from seeing some of each. All of it is one round trip: while it lasts everybody waits for us.
    Raises `LockNotAvailableError`.
    """
    tables = [*(table.name for table in model.tables), "checkpoint"]
    names = ", ".join(f"{quote(model.schema)}.{quote(name)}" for name in tables)
    passing = f"{model.schema}_incoming"
    free = next(age for age in count(1) if old_of(model, age) not in {*others} - {incoming})
    renamings = [(incoming, passing)]
    renamings += [(old_of(model, age - 1), old_of(model, age)) for age in range(free, 1, -1)]
    renamings += [(model.schema, old_of(model)), (passing, model.schema)]
    script = [f"lock table {names} in access exclusive mode"]
    script += [f"alter schema {quote(schema)} rename to {quote(name)}" for schema, name in renamings]
    await connection.execute("; ".join(script))


async def generations(connection: Any, model: ReadModel) -> list[str]:
    """The schemas that there are of this version of a read model besides the live one, in alphabetical order."""
    query = r"select nspname from pg_namespace where nspname ~ ('^' || $1 || '_(next|scratch|old[0-9]+)$') order by 1"
    return [row["nspname"] for row in await connection.fetch(query, model.schema)]


async def outdated(connection: Any, model: ReadModel) -> list[str]:
    """The schemas that earlier versions of a read model have left, their live ones too, in alphabetical order."""
    version = r"(regexp_match(nspname, '^' || $1 || '_v([0-9]+)(_next|_scratch|_old[0-9]+)?$'))[1]::integer"
    query = f"select nspname from pg_namespace where {version} < $2 order by 1"
    return [row["nspname"] for row in await connection.fetch(query, model.name, model.version)]


async def is_current(connection: Any, model: ReadModel, schema: str) -> bool:
    """Whether a generation, which is there, has the tables that the read model declares now."""
    query = "select obj_description(oid, 'pg_namespace') = $2 from pg_namespace where nspname = $1"
    return bool(await connection.fetchval(query, schema, _fingerprint(model)))


async def is_folded_alike(connection: Any, model: ReadModel, schema: str) -> bool:
    """Whether a generation, which is there, was begun by the folds of now."""
    query = "select obj_description($1::regclass, 'pg_class') = $2"
    return bool(await connection.fetchval(query, f"{quote(schema)}.checkpoint", model.folded_by))


async def _make(connection: Any, model: ReadModel, schema: str, epoch: UUID) -> None:
    await connection.execute(f"create schema {quote(schema)}")
    await connection.execute(f"comment on schema {quote(schema)} is '{_fingerprint(model)}'")
    for table in model.tables:
        await connection.execute(_compiled(CreateTable(table), schema))
    await connection.execute(_CHECKPOINT.format(schema=quote(schema)))
    await connection.execute(f"comment on table {quote(schema)}.checkpoint is '{model.folded_by}'")
    await connection.execute(f"insert into {quote(schema)}.checkpoint (epoch) values ($1)", epoch)


async def _missing(connection: Any, models: Iterable[ReadModel]) -> list[ReadModel]:
    found = await connection.fetch(
        "select nspname, obj_description(oid, 'pg_namespace') as made_as from pg_namespace where nspname = any($1)",
        [model.schema for model in models],
    )
    made_as = {row["nspname"]: row["made_as"] for row in found}
    for model in models:
        if made_as.get(model.schema, _fingerprint(model)) != _fingerprint(model):
            raise TablesChanged(model.schema)
    return [model for model in models if model.schema not in made_as]


def _indexes(table: Table, schema: str, *, absent: bool = False) -> Iterator[str]:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield _compiled(CreateIndex(index, if_not_exists=absent), schema)


def _compiled(ddl: ExecutableDDLElement, schema: str) -> str:
    return str(ddl.compile(dialect=DIALECT, schema_translate_map={None: schema}, render_schema_translate=True))


def _fingerprint(model: ReadModel) -> str:
    """Of what is declared, whichever schema it is made in."""
    declared: list[str] = []
    for table in model.tables:
        declared += [_compiled(CreateTable(table), model.schema), *_indexes(table, model.schema)]
    return hashlib.blake2b("\n".join(declared).encode(), digest_size=16).hexdigest()
