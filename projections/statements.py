"""The one SQL statement that moves a read model's checkpoint and writes all rows of a batch.

Writable CTEs see the same snapshot and run in no defined order, which is sound because `Rows` has made the writes
disjoint. The checkpoint moves by compare-and-set; where it does not move, nothing is written (0.4 ms in one statement
against 0.9 ms in a transaction of several).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Table

from projections.columns import Carrier, Layout, layout, quote
from projections.rows import Before, Pending, Row, Rows

CHANNEL = "jobstream_read_models"


class Kind(StrEnum):
    INSERT = "insert"
    FILL = "insert where there is none"
    UPDATE = "update"
    DELETE = "delete"
    SWEEP = "update whatever has a value"


@dataclass(frozen=True, slots=True)
class Shape:
    """One write without its values: what the text of the statement depends on."""

    kind: Kind
    table: Table
    values: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    match: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that travel, in the order of their arrays."""
        found_by = layout(self.table).key if self.match is None else (self.match,)
        return (*found_by, *self.values, *self.amounts)

    @property
    def last(self) -> bool:
        """Whether it needs a statement of its own after the others: it may concern rows that they write."""
        return self.kind is Kind.SWEEP


Write = tuple[Shape, list[list[Any]]]


def writes(rows: Rows) -> list[Write]:
    """The writes of a batch with one array of values a column, grouped by table, kind and set of columns."""
    groups: dict[Shape, list[Row]] = {}
    for table, changes in rows.pending():
        _group(table, changes, groups)
    for sweep in rows.sweeps:
        shape = Shape(Kind.SWEEP, sweep.table, tuple(sorted(sweep.columns)), match=sweep.column)
        groups.setdefault(shape, []).append({sweep.column: sweep.value, **sweep.columns})
    return [(shape, _arrays(shape, found)) for shape, found in groups.items()]


def _group(table: Table, changes: dict[Any, Pending], groups: dict[Shape, list[Row]]) -> None:
    known = layout(table)
    rest = tuple(name for name in known.carriers if name not in known.key)
    insert, fill = Shape(Kind.INSERT, table, rest), Shape(Kind.FILL, table, rest)
    delete = Shape(Kind.DELETE, table)
    for key, one in changes.items():
        if one.fresh is not None:
            groups.setdefault(insert if one.before is Before.REFUSED else fill, []).append(one.fresh)
        if one.before is Before.GONE:
            groups.setdefault(delete, []).append(known.key_columns(key))
        elif one.values or one.amounts:
            shape = Shape(Kind.UPDATE, table, tuple(sorted(one.values)), tuple(sorted(one.amounts)))
            groups.setdefault(shape, []).append(known.key_columns(key) | one.values | one.amounts)


def _arrays(shape: Shape, rows: Sequence[Row]) -> list[list[Any]]:
    carriers = layout(shape.table).carriers
    return [_array(carriers[name], rows) for name in shape.columns]


def _array(carrier: Carrier, rows: Sequence[Row]) -> list[Any]:
    name, encode = carrier.name, carrier.encode
    if encode is None:
        return [row[name] for row in rows]
    return [None if (value := row[name]) is None else encode(value) for row in rows]


@lru_cache(maxsize=1024)
def text(schema: str, shapes: tuple[Shape, ...], *, quiet: bool = False) -> str:
    """The statement for these writes. Parameters: new position, epoch, time of its event, old position, the payload of
    the notification (none when `quiet`), then the arrays of each write in order. Answers one row, or none when the
    checkpoint was moved by somebody else."""
    parameter = 5 if quiet else 6
    told = "1" if quiet else f"pg_notify('{CHANNEL}', $5::text)"
    parts = []
    for number, shape in enumerate(shapes):
        parts.append(f",\n w{number} as ({_TEXTS[shape.kind](schema, layout(shape.table), shape, parameter)})")
        parameter += len(shape.columns)
    return (
        f"with moved as (update {quote(schema)}.checkpoint set position = $1::bigint, epoch = $2::uuid,"
        " event_at = $3::timestamptz, error = null, error_position = null"
        " where position = $4::bigint returning 1)"
        f"{''.join(parts)}\nselect {told} from moved"
    )


def sweeps(schema: str, batch: Sequence[Write]) -> list[tuple[str, list[list[Any]]]]:
    """The statements that follow in the same transaction, with their arrays."""
    return [(_sweep(schema, layout(shape.table), shape), arrays) for shape, arrays in batch if shape.last]


def _sweep(schema: str, known: Layout, shape: Shape) -> str:
    match, *arriving = _arriving(known, shape)
    settings = [f"{quote(name)} = {value}" for name, value in zip(shape.values, arriving, strict=True)]
    return (
        f"update {_table(schema, known)} as t set {', '.join(settings)} from {_source(known, shape, 1)}"
        f" where t.{quote(str(shape.match))} = {match}"
    )


def insertion(schema: str, table: Table, rows: Sequence[Row]) -> tuple[str, list[list[Any]]]:
    """A statement that inserts whole rows, whatever the checkpoint says, and its parameters."""
    known = layout(table)
    shape = Shape(Kind.INSERT, table, tuple(name for name in known.carriers if name not in known.key))
    return f"with moved as (select 1) {_insert(schema, known, shape, 1)}", _arrays(shape, rows)


def _source(known: Layout, shape: Shape, parameter: int) -> str:
    arrays = ", ".join(f"${parameter + n}::{known.carriers[name].element}[]" for n, name in enumerate(shape.columns))
    return f"unnest({arrays}) as u({', '.join(f'c{n}' for n in range(len(shape.columns)))})"


def _arriving(known: Layout, shape: Shape) -> list[str]:
    return [f"u.c{n}{known.carriers[name].cast}" for n, name in enumerate(shape.columns)]


def _same_key(known: Layout) -> str:
    return " and ".join(f"t.{quote(name)} = u.c{n}{known.carriers[name].cast}" for n, name in enumerate(known.key))


def _insert(schema: str, known: Layout, shape: Shape, parameter: int) -> str:
    names = ", ".join(known.carriers[name].quoted for name in shape.columns)
    return (
        f"insert into {_table(schema, known)} ({names}) select {', '.join(_arriving(known, shape))}"
        f" from {_source(known, shape, parameter)} where exists (select from moved)"
    )


def _fill(schema: str, known: Layout, shape: Shape, parameter: int) -> str:
    absent = f"not exists (select from {_table(schema, known)} as t where {_same_key(known)})"
    return f"{_insert(schema, known, shape, parameter)} and {absent}"


def _update(schema: str, known: Layout, shape: Shape, parameter: int) -> str:
    arriving = _arriving(known, shape)[len(known.key) :]
    names = [known.carriers[name].quoted for name in (*shape.values, *shape.amounts)]
    settings = [f"{name} = {value}" for name, value in zip(names, arriving, strict=True)]
    for n in range(len(shape.values), len(names)):
        settings[n] = f"{names[n]} = t.{names[n]} + {arriving[n]}"
    return (
        f"update {_table(schema, known)} as t set {', '.join(settings)} from {_source(known, shape, parameter)}"
        f" where {_same_key(known)} and exists (select from moved)"
    )


def _delete(schema: str, known: Layout, shape: Shape, parameter: int) -> str:
    return (
        f"delete from {_table(schema, known)} as t using {_source(known, shape, parameter)}"
        f" where {_same_key(known)} and exists (select from moved)"
    )


def _table(schema: str, known: Layout) -> str:
    return f"{quote(schema)}.{quote(known.table.name)}"


_TEXTS: dict[Kind, Callable[[str, Layout, Shape, int], str]] = {
    Kind.INSERT: _insert,
    Kind.FILL: _fill,
    Kind.UPDATE: _update,
    Kind.DELETE: _delete,
}
