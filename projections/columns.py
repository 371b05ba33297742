"""How a table's columns travel to PostgreSQL in arrays, and which tables a read model may have."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, Dialect, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.types import JSON, Enum, TypeEngine

DIALECT: Dialect = asyncpg_dialect()  # type: ignore[no-untyped-call]

# asyncpg has binary codecs for arrays of these; whatever else there is (vectors, ranges, …) goes as text.
_NATIVE = frozenset({
    "uuid", "bigint", "integer", "smallint", "boolean", "float", "real", "double precision", "numeric", "bytea",
    "date", "time", "interval", "timestamp with time zone", "timestamp without time zone",
})  # fmt: skip


class UnfitTable(Exception):
    """A table has something that batches cannot honour; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """How the values of one column travel: as an array of `element`, each made by `encode`, cast on arrival."""

    name: str
    element: str
    encode: Callable[[Any], Any] | None = None
    cast: str = ""

    @property
    def quoted(self) -> str:
        return quote(self.name)


@dataclass(frozen=True, slots=True)
class Layout:
    """What the engine knows about one table."""

    table: Table
    carriers: dict[str, Carrier]
    key: tuple[str, ...]
    key_types: tuple[type, ...]
    blank: dict[str, Any]

    def key_of(self, row: dict[str, Any]) -> Any:
        """The primary key of `row`: the value, or a tuple when it is composite."""
        return row[self.key[0]] if len(self.key) == 1 else tuple(row[name] for name in self.key)

    def key_columns(self, key: Any) -> dict[str, Any]:
        return {self.key[0]: key} if len(self.key) == 1 else dict(zip(self.key, key, strict=True))


def quote(name: str) -> str:
    return DIALECT.identifier_preparer.quote(name)


@cache
def layout(table: Table) -> Layout:
    """Raises `UnfitTable`."""
    _check(table)
    key = tuple(table.primary_key.columns)
    return Layout(
        table=table,
        carriers={column.name: _carrier(column) for column in table.columns},
        key=tuple(column.name for column in key),
        key_types=tuple(column.type.python_type for column in key),
        blank={column.name: _default(column) for column in table.columns},
    )


def array_literal(values: Iterable[Any]) -> str:
    """PostgreSQL's text form of an array (documentation, 8.15.6); nested lists are further dimensions."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        return array_literal(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _json(value: Any) -> str:
    return orjson.dumps(value, default=_exact).decode()


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _carrier(column: Column[Any]) -> Carrier:
    kind: TypeEngine[Any] = column.type
    compiled = kind.compile(DIALECT)
    if isinstance(kind, ARRAY):
        # An array of arrays would be flattened by unnest, so each row's array goes as its text form.
        return Carrier(column.name, "text", array_literal, f"::{compiled}")
    if isinstance(kind, JSON):
        return Carrier(column.name, compiled.lower(), _json)
    if isinstance(kind, String):
        # As varchar(n) it would be cut to length silently by the parameter's cast; text is refused on assignment.
        return Carrier(column.name, "text")
    plain = compiled.lower().split("(")[0]
    if plain in _NATIVE:
        return Carrier(column.name, plain)
    return Carrier(column.name, "text", str, f"::{compiled}")


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return None if default is None else default.arg


def _check(table: Table) -> None:
    if not table.primary_key.columns:
        raise UnfitTable(f"{table.name} has no primary key: rows are merged by it")
    if table.schema is not None:
        raise UnfitTable(f"{table.name} names a schema: it comes from the read model's name and version")
    if table.foreign_keys:
        raise UnfitTable(f"{table.name} has a foreign key: a batch writes its tables in no particular order")
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    if unique or any(index.unique for index in table.indexes):
        raise UnfitTable(f"{table.name} is unique in more than its key: a batch writes its rows in no particular order")
    for column in table.columns:
        if isinstance(column.type, Enum):
            raise UnfitTable(f"{table.name}.{column.name} is an Enum: declare it Text")
        default: Any = column.default
        if column.server_default is not None or (default is not None and not default.is_scalar):
            raise UnfitTable(f"{table.name}.{column.name}: only constant defaults: a fold repeats exactly")
