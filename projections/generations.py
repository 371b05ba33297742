"""Generations: each version of a read model has a PostgreSQL schema of its own, with its checkpoint inside."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
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
                for statement in _creation(model):
                    await connection.execute(statement)
                await connection.execute(f"insert into {quote(model.schema)}.checkpoint (epoch) values ($1)", epoch)


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


def _creation(model: ReadModel) -> Iterator[str]:
    schema = quote(model.schema)
    yield f"create schema {schema}"
    yield f"comment on schema {schema} is '{_fingerprint(model)}'"
    yield from _tables(model)
    yield _CHECKPOINT.format(schema=schema)


def _tables(model: ReadModel) -> Iterator[str]:
    for table in model.tables:
        yield _compiled(CreateTable(table), model)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _compiled(CreateIndex(index), model)


def _compiled(ddl: ExecutableDDLElement, model: ReadModel) -> str:
    return str(ddl.compile(dialect=DIALECT, schema_translate_map={None: model.schema}, render_schema_translate=True))


def _fingerprint(model: ReadModel) -> str:
    return hashlib.blake2b("\n".join(_tables(model)).encode(), digest_size=16).hexdigest()
