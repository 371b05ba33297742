"""Finds texts in every table of the database, whoever made it: PostgreSQL searches, nothing is transferred."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.database import Pool
from infra.needles import Needles

_COLUMNS = """select c.table_schema, c.table_name, c.column_name, c.data_type
    from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where c.table_schema not in ('pg_catalog', 'information_schema') and t.table_type = 'BASE TABLE'
        and (c.data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'uuid') or c.udt_name = '_text')
    order by 1, 2, c.ordinal_position"""


@dataclass(frozen=True, slots=True)
class Hit:
    """Rows of a table that hold the value with this number in a column. `linked` of them name the person's streams."""

    place: str
    value: int
    rows: int
    linked: int


@dataclass(frozen=True, slots=True)
class SearchedTable:
    """What of a table can hold a text, and which columns name streams."""

    name: str
    columns: Sequence[tuple[str, str]]  # with their types
    ids: Sequence[str]


async def tables(pool: Pool) -> list[SearchedTable]:
    found: dict[tuple[str, str], list[Any]] = {}
    for row in await pool.fetch(_COLUMNS):
        found.setdefault((row["table_schema"], row["table_name"]), []).append(row)
    return [_searched(schema, table, columns) for (schema, table), columns in found.items()]


def _searched(schema: str, table: str, columns: Sequence[Any]) -> SearchedTable:
    typed = [(row["column_name"], row["data_type"]) for row in columns]
    texts = [(name, type) for name, type in typed if type != "uuid"]
    return SearchedTable(f"{_quoted(schema)}.{_quoted(table)}", texts, [name for name, type in typed if type == "uuid"])


async def search(pool: Pool, table: SearchedTable, needles: Needles, ids: Collection[UUID]) -> list[Hit]:
    """Where the table holds one of the values; `ids` are the person's own and those of streams that tell of them.

    Raises what asyncpg raises.
    """
    hits = []
    for name, type in table.columns if needles.values else ():
        query = _query(table, name, type)
        for row in await pool.fetch(query, needles.texts, needles.json, needles.ascii, list(ids)):
            hits.append(Hit(f"{table.name.replace(chr(34), '')}.{name}", row["value"] - 1, row["rows"], row["linked"]))
    return hits


def _query(table: SearchedTable, name: str, type: str) -> str:
    linked = " or ".join(f"t.{_quoted(id)} = any($4::uuid[])" for id in table.ids) or "null::uuid = any($4::uuid[])"
    return f"""select v.value, count(*) as rows, count(*) filter (where {linked}) as linked
        from unnest($1::text[], $2::text[], $3::text[]) with ordinality v(plain, json, ascii, value)
        join {table.name} t on {" or ".join(_conditions(_quoted(name), type))} group by 1 order by 1"""


def _conditions(column: str, type: str) -> Iterator[str]:
    for form in ("plain", "json", "ascii"):
        if type == "bytea":
            yield f"position(convert_to(v.{form}, 'UTF8') in t.{column}) > 0"
        else:
            yield f"strpos(t.{column}::text, v.{form}) > 0"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
