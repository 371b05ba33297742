"""What a batch of events does to the rows of a read model, collected by primary key and merged as it comes in.

Every pending change is a function from "the row that was there, or none" to "the row there will be, or none", kept in
two halves: `fresh` is the row there will be if there was none, and `before` says what becomes of one that was there.
That is all a fold can say without reading, and it keeps the writes of a batch disjoint: each row is written by one
statement, whatever happened to it in between.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from sqlalchemy import Table

from projections.columns import Layout, layout

Row = dict[str, Any]


class BadFold(Exception):
    """A fold asks for something impossible; the message names the table and columns, never their values."""


class Before(Enum):
    """What becomes of a row that was there before the batch."""

    REFUSED = auto()  # a plain insert: it would be a duplicate key
    CHANGED = auto()
    GONE = auto()


@dataclass(slots=True)
class Pending:
    """The change of one row: `values` are set and `amounts` added when the row was there."""

    fresh: Row | None
    before: Before
    values: Row = field(default_factory=dict)
    amounts: Row = field(default_factory=dict)

    def set(self, columns: Row) -> None:
        if self.fresh is not None:
            self.fresh.update(columns)
        if self.before is Before.CHANGED:
            self.values.update(columns)
            for name in columns:
                self.amounts.pop(name, None)

    def add(self, columns: Row) -> None:
        for name, amount in columns.items():
            if self.fresh is not None:
                self.fresh[name] = _sum(self.fresh[name], amount)
            if self.before is not Before.CHANGED:
                continue
            if name in self.values:
                self.values[name] = _sum(self.values[name], amount)
            else:
                self.amounts[name] = self.amounts.get(name, 0) + amount


@dataclass(frozen=True, slots=True)
class Sweep:
    """`columns` are set in all rows with `value` in `column`."""

    table: Table
    column: str
    value: Any
    columns: Row


class Rows:
    """The pending changes of one batch. Keys are the primary key's value, or a tuple when it is composite."""

    def __init__(self) -> None:
        self._tables: dict[Table, dict[Any, Pending]] = {}
        self._sweeps: list[Sweep] = []

    def insert(self, table: Table, **columns: Any) -> None:
        """A new row; columns not given take their default, or null. An existing row with its key fails the fold."""
        row = self._new(table, columns)
        shape = layout(table)
        key = _key(shape, shape.key_of(row))
        pending = self._of(table)
        current = pending.get(key)
        if current is None or (current.fresh is None and current.before is Before.CHANGED):
            pending[key] = Pending(row, Before.REFUSED)
        elif current.fresh is None:
            pending[key] = _replacement(shape, row)
        else:
            raise BadFold(f"{table.name}: a row is inserted twice")

    def update(self, table: Table, key: Any, **columns: Any) -> None:
        """Sets columns of a row; no such row: nothing happens."""
        self._change(table, key, columns).set(columns)

    def increment(self, table: Table, key: Any, **amounts: Any) -> None:
        """Adds to columns of a row (null stays null); no such row: nothing happens."""
        self._change(table, key, amounts).add(amounts)

    def delete(self, table: Table, key: Any) -> None:
        """Removes a row; no such row: nothing happens."""
        pending = self._of(table)
        checked = _key(layout(table), key)
        current = pending.get(checked)
        if current is not None and current.before is Before.REFUSED:
            del pending[checked]
        else:
            pending[checked] = Pending(None, Before.GONE)

    def upsert(self, table: Table, key: Any, **columns: Any) -> None:
        """Sets columns of a row, which begins at the defaults if there is none."""
        self._begin(table, key, columns).set(columns)

    def tally(self, table: Table, key: Any, **amounts: Any) -> None:
        """Adds to columns of a row, which begins at the defaults if there is none; they must have a default."""
        blank = layout(table).blank
        for name in amounts:
            if blank.get(name) is None:
                raise BadFold(f"{table.name}.{name} has no default to count from")
        self._begin(table, key, amounts).add(amounts)

    def sweep(self, table: Table, column: str, value: Any, **columns: Any) -> None:
        """Sets columns of all rows that have `value` in `column`: what no key leads to, as when a person is erased.

        It comes after everything else in its batch, whatever the order of the events: what is erased stays so.
        """
        _check_columns(layout(table), {column: value})
        _check_columns(layout(table), columns)
        for pending in self._of(table).values():
            if pending.fresh is not None and pending.fresh[column] == value:
                pending.fresh.update(columns)
        self._sweeps.append(Sweep(table, column, value, columns))

    def of(self, table: Table) -> dict[Any, Row]:
        """The rows by key, as they would be in a table that was empty before the batch."""
        return {key: one.fresh for key, one in self._of(table).items() if one.fresh is not None}

    def pending(self) -> Iterator[tuple[Table, dict[Any, Pending]]]:
        return ((table, changes) for table, changes in self._tables.items() if changes)

    @property
    def sweeps(self) -> Sequence["Sweep"]:
        return self._sweeps

    @property
    def empty(self) -> bool:
        return not self._sweeps and not any(self._tables.values())

    def _of(self, table: Table) -> dict[Any, Pending]:
        found = self._tables.get(table)
        if found is None:
            found = self._tables[table] = {}
        return found

    def _new(self, table: Table, columns: Row) -> Row:
        blank = layout(table).blank
        row = {**blank, **columns}
        if len(row) != len(blank):
            raise BadFold(f"{table.name} has no column {', '.join(sorted(columns.keys() - blank.keys()))}")
        return row

    def _change(self, table: Table, key: Any, columns: Row) -> Pending:
        """The pending change of an existing row; of a row that is gone, one that leaves it so."""
        shape = layout(table)
        _check_columns(shape, columns)
        checked = _key(shape, key)
        pending = self._of(table)
        current = pending.get(checked)
        if current is None:
            current = pending[checked] = Pending(None, Before.CHANGED)
        return current

    def _begin(self, table: Table, key: Any, columns: Row) -> Pending:
        """The pending change of a row that is made when there is none."""
        shape = layout(table)
        current = self._change(table, key, columns)
        if current.fresh is None:
            row = shape.blank | shape.key_columns(key)
            if current.before is Before.GONE:
                current = self._of(table)[key] = _replacement(shape, row)
            else:
                current.fresh = row
        return current


def _replacement(shape: Layout, row: Row) -> Pending:
    """`row`, whatever was there."""
    return Pending(row, Before.CHANGED, {name: value for name, value in row.items() if name not in shape.key})


def _sum(value: Any, amount: Any) -> Any:
    return None if value is None else value + amount


def _check_columns(shape: Layout, columns: Row) -> None:
    for name in columns:
        if name not in shape.blank:
            raise BadFold(f"{shape.table.name} has no column {name}")
        if name in shape.key:
            raise BadFold(f"{shape.table.name}.{name} is part of the key, which never changes")


def _key(shape: Layout, key: Any) -> Any:
    """A key of the wrong type (a UUID's text, say) would be another row here and the same one in PostgreSQL."""
    types = shape.key_types
    if len(types) == 1:
        if isinstance(key, types[0]):
            return key
    elif isinstance(key, tuple) and len(key) == len(types) and all(map(isinstance, key, types)):
        return key
    wanted = ", ".join(kind.__name__ for kind in types)
    raise BadFold(f"{shape.table.name}: the key is ({wanted}), not {type(key).__name__}")
