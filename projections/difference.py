"""What two generations of a read model differ in: worked out by PostgreSQL, by primary key."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table

from projections.columns import DIALECT, layout, quote
from projections.query import Runs
from projections.read_model import ReadModel
from schemas.registry import Registry


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its key, and the values on the left and on the right of each column that differs. A row that is on one
    side only has none.
    """

    key: Mapping[str, Any]
    values: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class TableDifference:
    """Counts of rows. `columns` says in how many of the changed rows each column differs.

    `personal` names the columns whose values, and keys, must not be shown.
    """

    table: str
    only_left: int
    only_right: int
    changed: int
    columns: Mapping[str, int]
    examples: Mapping[str, Sequence[Example]]
    """Of `only_left`, `only_right` and `changed`."""
    personal: frozenset[str]

    @property
    def rows(self) -> int:
        return self.only_left + self.only_right + self.changed


@dataclass(frozen=True, slots=True)
class Difference:
    """Of all tables of a read model, those that are equal included."""

    model: str
    tables: Sequence[TableDifference]

    @property
    def rows(self) -> int:
        """How many rows differ: 0 when the generations are equal."""
        return sum(table.rows for table in self.tables)

    def __add__(self, other: "Difference") -> "Difference":
        """Of the rows of both, which are others; examples are the first one's where it has some."""
        return Difference(self.model, [_sum(*pair) for pair in zip(self.tables, other.tables, strict=True)])


async def difference(
    runs: Runs,
    model: ReadModel,
    left: str,
    right: str,
    examples: int = 3,
    *,
    streams: Collection[UUID] | None = None,
) -> Difference:
    """Compares the schemas `left` and `right`, with so many examples of each kind; or of a read model that is made by
    stream, the rows of some streams. `runs` is a pool or a connection; where somebody writes meanwhile, one that sees
    a snapshot. Raises asyncpg's errors.
    """
    personal = personal_columns(model)
    only = None if streams is None else str(model.by_stream)
    arguments = () if streams is None else (list(streams),)
    tables = []
    for table in model.tables:
        comparison = _Comparison(table, left, right, only)
        tables.append(await _table(runs, comparison, arguments, examples, personal))
    return Difference(model.schema, tables)


def personal_columns(model: ReadModel) -> frozenset[str]:
    """Columns named like a personal field of an event that is folded, or marked by `info={"personal": True}`."""
    registry = Registry()
    schemas = [registry.latest(type) for type in registry.types if type.partition(".")[2] in model.types]
    named = {field.name for schema in schemas for field in schema.personal}
    columns = [column for table in model.tables for column in table.columns]
    return frozenset(str(one.name) for one in columns if one.name in named or one.info.get("personal"))


async def _table(
    runs: Runs, comparison: "_Comparison", arguments: Sequence[Any], examples: int, personal: frozenset[str]
) -> TableDifference:
    [found] = await runs.fetch(comparison.counts(), *arguments)
    counts = {"only_left": found["only_left"], "only_right": found["only_right"], "changed": found["changed"]}
    shown = {
        kind: [comparison.example(kind, row) for row in await runs.fetch(comparison.rows(kind, examples), *arguments)]
        for kind, count in counts.items()
        if count
    }
    columns = {name: found[f"c{n}"] for n, name in enumerate(comparison.values) if found[f"c{n}"]}
    names = personal & {*comparison.key, *comparison.values}
    return TableDifference(comparison.table, **counts, columns=columns, examples=shown, personal=names)


def _sum(one: TableDifference, other: TableDifference) -> TableDifference:
    names = one.columns.keys() | other.columns.keys()
    return TableDifference(
        one.table,
        one.only_left + other.only_left,
        one.only_right + other.only_right,
        one.changed + other.changed,
        columns={name: one.columns.get(name, 0) + other.columns.get(name, 0) for name in sorted(names)},
        examples={**other.examples, **one.examples},
        personal=one.personal,
    )


class _Comparison:
    """The statements that compare one table of two schemas."""

    def __init__(self, table: Table, left: str, right: str, only: str | None) -> None:
        """`only`: rows whose value in this column is in the first parameter."""
        self.table = str(table.name)
        self.key = [str(name) for name in layout(table).key]
        self.values = [str(column.name) for column in table.columns if column.name not in self.key]
        self._differs = [_differs(column) for column in table.columns if column.name not in self.key]
        some = "" if only is None else f" where {quote(only)} = any($1::uuid[])"
        sides = (
            f"(select * from {quote(schema)}.{quote(table.name)}{some}) as {side}"
            for schema, side in ((left, "l"), (right, "r"))
        )
        self._joined = f"{' full join '.join(sides)} using ({', '.join(map(quote, self.key))})"
        first = quote(self.key[0])
        self._both = f"l.{first} is not null and r.{first} is not null"
        self._kinds = {
            "only_left": f"r.{first} is null",
            "only_right": f"l.{first} is null",
            "changed": f"{self._both} and ({' or '.join(self._differs) or 'false'})",
        }

    def counts(self) -> str:
        """How many rows there are of each kind, and how many of them differ in the n-th value, `c<n>`."""
        wanted = [f"count(*) filter (where {condition}) as {kind}" for kind, condition in self._kinds.items()]
        each = enumerate(self._differs)
        wanted += [f"count(*) filter (where {self._both} and {differs}) as c{n}" for n, differs in each]
        return f"select {', '.join(wanted)} from {self._joined}"

    def rows(self, kind: str, most: int) -> str:
        """The first rows of a kind in the order of their keys."""
        keys = ", ".join(map(quote, self.key))
        values = [f"l.{quote(name)} as l{n}, r.{quote(name)} as r{n}" for n, name in enumerate(self.values)]
        wanted = [keys, *(values if kind == "changed" else [])]
        found = f"select {', '.join(wanted)} from {self._joined} where {self._kinds[kind]}"
        return f"{found} order by {keys} limit {most}"

    def example(self, kind: str, row: Any) -> Example:
        key = {name: row[name] for name in self.key}
        if kind != "changed":
            return Example(key, {})
        pairs = ((name, row[f"l{n}"], row[f"r{n}"]) for n, name in enumerate(self.values))
        return Example(key, {name: (left, right) for name, left, right in pairs if left != right})


def _differs(column: Column[Any]) -> str:
    # json, other than jsonb, has no equality of its own.
    cast = "::text" if column.type.compile(DIALECT).lower() == "json" else ""
    return f"l.{quote(column.name)}{cast} is distinct from r.{quote(column.name)}{cast}"
