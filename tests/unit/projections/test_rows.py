from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Enum, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.sql.schema import SchemaItem

from projections.columns import UnfitTable
from projections.read_model import ReadModel
from projections.rows import BadFold, Before, Pending, Rows

metadata = MetaData()
board = Table(
    "board",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("status", Text),
    Column("seen", Integer, default=0),
    Column("rank", Integer),
)
pairs = Table("pairs", metadata, Column("a", Uuid, primary_key=True), Column("b", Text, primary_key=True))

Row = dict[str, Any]
State = dict[Any, Row]
Step = Callable[[State, Rows], None]

keys = st.integers(0, 3)
numbers = st.none() | st.integers(-5, 5)
some = st.fixed_dictionaries({}, optional={"status": st.sampled_from("xyz"), "seen": numbers, "rank": numbers})
amounts = st.fixed_dictionaries({}, optional={"seen": st.integers(-5, 5), "rank": st.integers(-5, 5)})
counts = st.fixed_dictionaries({}, optional={"seen": st.integers(-5, 5)})
BLANK: Row = {"status": None, "seen": 0, "rank": None}


def add(row: Row, more: Row) -> Row:
    return row | {name: None if row[name] is None else row[name] + amount for name, amount in more.items()}


def insert(key: int, columns: Row) -> Step:
    def step(state: State, rows: Rows) -> None:
        if key not in state:
            rows.insert(board, id=key, **columns)
            state[key] = {"id": key} | BLANK | columns

    return step


def update(key: int, columns: Row) -> Step:
    def step(state: State, rows: Rows) -> None:
        rows.update(board, key, **columns)
        if key in state:
            state[key] = state[key] | columns

    return step


def increment(key: int, more: Row) -> Step:
    def step(state: State, rows: Rows) -> None:
        rows.increment(board, key, **more)
        if key in state:
            state[key] = add(state[key], more)

    return step


def delete(key: int) -> Step:
    def step(state: State, rows: Rows) -> None:
        rows.delete(board, key)
        state.pop(key, None)

    return step


def upsert(key: int, columns: Row) -> Step:
    def step(state: State, rows: Rows) -> None:
        rows.upsert(board, key, **columns)
        state[key] = state.get(key, {"id": key} | BLANK) | columns

    return step


def tally(key: int, more: Row) -> Step:
    def step(state: State, rows: Rows) -> None:
        rows.tally(board, key, **more)
        state[key] = add(state.get(key, {"id": key} | BLANK), more)

    return step


steps = st.one_of(
    st.builds(insert, keys, some),
    st.builds(update, keys, some),
    st.builds(increment, keys, amounts),
    st.builds(delete, keys),
    st.builds(upsert, keys, some),
    st.builds(tally, keys, counts),
)
rows_before = st.dictionaries(keys, some.map(lambda columns: BLANK | columns)).map(
    lambda found: {key: row | {"id": key} for key, row in found.items()}
)


def write(before: Row | None, change: Pending) -> Row | None:
    """What the statement does with one row."""
    if before is None:
        return change.fresh
    assert change.before is not Before.REFUSED, "a duplicate key"
    if change.before is Before.GONE:
        return change.fresh
    return add(before | change.values, change.amounts)


@given(rows_before, st.lists(steps, max_size=12))
def test_a_merged_batch_leaves_what_its_changes_leave_one_by_one(before: State, batch: list[Step]) -> None:
    state, rows = dict(before), Rows()
    for step in batch:
        step(state, rows)
    merged = dict(before)
    for _, changes in rows.pending():
        for key, change in changes.items():
            row = write(merged.pop(key, None), change)
            if row is not None:
                merged[key] = row
    assert merged == state


@given(st.lists(steps, max_size=12))
def test_the_rows_of_a_table_are_those_of_an_empty_table_after_the_batch(batch: list[Step]) -> None:
    state: State = {}
    rows = Rows()
    for step in batch:
        step(state, rows)
    assert rows.of(board) == state


def test_a_row_that_is_inserted_and_deleted_leaves_nothing_to_write() -> None:
    rows = Rows()
    rows.insert(board, id=1)
    rows.delete(board, 1)
    assert rows.empty


def test_a_row_inserted_twice_fails_the_fold() -> None:
    rows = Rows()
    rows.insert(board, id=1)
    with pytest.raises(BadFold, match="board: a row is inserted twice"):
        rows.insert(board, id=1)


def test_a_composite_key_is_a_tuple() -> None:
    rows, a = Rows(), uuid4()
    rows.insert(pairs, a=a, b="x")
    rows.upsert(pairs, (a, "y"))
    rows.delete(pairs, (a, "x"))
    assert rows.of(pairs) == {(a, "y"): {"a": a, "b": "y"}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows.insert(board, id=1, colour="red"), "board has no column colour"),
        (lambda rows: rows.update(board, 1, colour="red"), "board has no column colour"),
        (lambda rows: rows.update(board, 1, id=2), "board.id is part of the key"),
        (lambda rows: rows.update(board, "1", seen=2), r"board: the key is \(int\), not str"),
        (lambda rows: rows.delete(pairs, UUID(int=1)), r"pairs: the key is \(UUID, str\), not UUID"),
        (lambda rows: rows.delete(pairs, ("1", "x")), r"pairs: the key is \(UUID, str\), not tuple"),
        (lambda rows: rows.insert(board, status="x"), r"board: the key is \(int\), not NoneType"),
        (lambda rows: rows.tally(board, 1, rank=1), "board.rank has no default to count from"),
    ],
)
def test_a_fold_that_asks_for_something_impossible_is_told_without_any_value(
    change: Callable[[Rows], None], says: str
) -> None:
    with pytest.raises(BadFold, match=says):
        change(Rows())


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([Column("id", Integer)], "no primary key"),
        ([Column("id", Integer, primary_key=True), Column("n", Integer, server_default=text("0"))], "only constant"),
        ([Column("id", Integer, primary_key=True), Column("n", Uuid, default=uuid4)], "only constant"),
        ([Column("id", Integer, primary_key=True), Column("s", Enum("a", "b"))], "declare it Text"),
        ([Column("id", Integer, primary_key=True), Column("n", Integer), UniqueConstraint("n")], "unique in more"),
        ([Column("id", Integer, primary_key=True), Column("n", Integer), Index("i", "n", unique=True)], "unique in"),
        ([Column("id", Integer, ForeignKey("board.id"), primary_key=True)], "foreign key"),
    ],
)
def test_a_table_that_batches_cannot_honour_is_refused(parts: list[SchemaItem], says: str) -> None:
    catalogue = MetaData()
    Table("board", catalogue, Column("id", Integer, primary_key=True))
    with pytest.raises(UnfitTable, match=says):
        ReadModel("unfit", 1, [Table("unfit", catalogue, *parts)])


def test_a_table_with_a_schema_of_its_own_is_refused() -> None:
    with pytest.raises(UnfitTable, match="names a schema"):
        ReadModel("unfit", 1, [Table("t", MetaData(schema="s"), Column("id", Integer, primary_key=True))])


def test_a_read_model_takes_one_fold_a_type() -> None:
    model = ReadModel("boards", 3, [board])

    @model.on("Opened", "Reopened")
    def opened(rows: Rows, event: object) -> None: ...

    assert (model.schema, sorted(model.types)) == ("boards_v3", ["Opened", "Reopened"])
    with pytest.raises(ValueError, match="boards_v3 has a fold for Opened already"):
        model.on("Opened")(opened)


def test_a_sweep_sets_what_new_rows_of_its_batch_have_and_is_left_for_those_that_were_there() -> None:
    rows = Rows()
    rows.insert(board, id=1, status="x", rank=1)
    rows.insert(board, id=2, status="y", rank=1)
    rows.sweep(board, "status", "x", rank=None)
    assert {key: row["rank"] for key, row in rows.of(board).items()} == {1: None, 2: 1}
    assert [(sweep.column, sweep.value, sweep.columns) for sweep in rows.sweeps] == [("status", "x", {"rank": None})]


def test_a_batch_with_nothing_but_a_sweep_is_not_empty() -> None:
    rows = Rows()
    rows.sweep(board, "status", "x", rank=None)
    assert not rows.empty
