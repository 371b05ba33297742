from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE
from sqlalchemy.types import UserDefinedType

from projections.generations import ensure_generations
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.statements import text, writes
from tests.integration.projections.recording import Recording


class Vector(UserDefinedType[list[float]]):
    """pgvector's type."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "vector(3)"


metadata = MetaData()
everything = Table(
    "everything",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("name", String(20)),
    Column("order", Integer, default=0),
    Column("big", BigInteger, default=0),
    Column("small", SmallInteger),
    Column("money", Numeric(12, 2), default=Decimal(0)),
    Column("score", Float),
    Column("live", Boolean),
    Column("at", DateTime(timezone=True)),
    Column("day", Date),
    Column("raw", LargeBinary),
    Column("facts", JSONB),
    Column("skills", ARRAY(Text)),
    Column("people", ARRAY(Uuid)),
    Column("grid", ARRAY(Integer, dimensions=2)),
    Column("times", ARRAY(DateTime(timezone=True))),
    Column("valid", TSTZRANGE),
    Column("embedding", Vector()),
)
model = ReadModel("everything", 1, [everything])
EPOCH = UUID(int=1)
NOW = datetime(2025, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)

letters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (it adds the zone)
values: dict[str, st.SearchStrategy[Any]] = {
    "name": letters,
    "order": st.integers(-(2**31), 2**31 - 1),
    "big": st.integers(-(2**63), 2**63 - 1),
    "small": st.integers(-(2**15), 2**15 - 1),
    "money": st.decimals(-(10**9), 10**9, places=2),
    "score": st.floats(allow_nan=False),
    "live": st.booleans(),
    "at": moments,
    "day": st.dates(date(1990, 1, 1)),
    "raw": st.binary(max_size=8),
    "facts": st.dictionaries(letters, st.none() | letters | st.integers(0, 9) | st.lists(letters, max_size=2)),
    "skills": st.lists(st.none() | letters, max_size=3),
    "people": st.lists(st.uuids(), max_size=3),
    "grid": st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(list), min_size=1, max_size=3),
    "times": st.lists(moments, max_size=2),
}
columns = st.fixed_dictionaries({}, optional={name: st.none() | one for name, one in values.items()})
IDS = [UUID(int=n) for n in range(3)]
PARTS = ["", "a", 'ü"\\']
more = st.fixed_dictionaries({"money": st.just(Decimal("1.25"))})
keys = st.tuples(st.sampled_from(IDS), st.sampled_from(PARTS))
BLANK = {column.name: None for column in everything.columns} | {"order": 0, "big": 0, "money": Decimal(0)}
Change = tuple[str, tuple[UUID, str], dict[str, Any]]
changes = st.lists(
    st.tuples(st.sampled_from(["insert", "update", "upsert"]), keys, columns)
    | st.tuples(
        st.sampled_from(["increment", "tally"]), keys, st.fixed_dictionaries({"money": st.just(Decimal("1.25"))})
    )
    | st.tuples(st.just("delete"), keys, st.just({})),
    max_size=8,
)


def one_by_one(state: dict[Any, dict[str, Any]], change: Change) -> bool:
    """Applies the change to `state`; False for an insert of a row that is there, which is left out."""
    kind, key, given = change
    row = state.get(key)
    if kind == "insert" and row is not None:
        return False
    if kind == "delete":
        state.pop(key, None)
    elif row is not None or kind in ("insert", "upsert", "tally"):
        row = BLANK | {"id": key[0], "part": key[1]} if row is None else row
        if kind in ("increment", "tally"):
            given = {name: None if row[name] is None else row[name] + more for name, more in given.items()}
        state[key] = row | given
    return True


def call(rows: Rows, change: Change) -> None:
    kind, key, given = change
    if kind == "insert":
        rows.insert(everything, id=key[0], part=key[1], **given)
    else:
        getattr(rows, kind)(everything, key, **given)


async def write(connection: Any, rows: Rows, old: int, new: int) -> bool:
    batch = writes(rows)
    arrays = [array for _, found in batch for array in found]
    statement = text(model.schema, tuple(shape for shape, _ in batch))
    return bool(await connection.fetch(statement, new, EPOCH, NOW, old, "everything_v1:1:1", *arrays))


async def stored(connection: Any) -> dict[Any, dict[str, Any]]:
    found = {}
    for record in await connection.fetch("select * from everything_v1.everything"):
        row = dict(record)
        row["facts"] = None if row["facts"] is None else orjson.loads(row["facts"])
        found[row["id"], row["part"]] = row
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(changes, min_size=1, max_size=3))
async def test_a_batch_in_one_statement_leaves_what_its_changes_leave_one_by_one(
    recording: Recording, batches: list[list[Change]]
) -> None:
    await ensure_generations(recording.pool, [model], EPOCH)
    async with recording.pool.acquire() as connection:
        await connection.execute("truncate everything_v1.everything")
        await connection.execute("update everything_v1.checkpoint set position = 0")
        state: dict[Any, dict[str, Any]] = {}
        for number, batch in enumerate(batches):
            rows = Rows()
            for change in batch:
                if one_by_one(state, change):
                    call(rows, change)
            assert await write(connection, rows, number, number + 1)
        assert await stored(connection) == state


async def test_where_the_checkpoint_was_moved_by_somebody_else_nothing_is_written(recording: Recording) -> None:
    await ensure_generations(recording.pool, [model], EPOCH)
    key = (uuid4(), "a")
    first = Rows()
    first.insert(everything, id=key[0], part="a", order=1)
    assert await write(recording.pool, first, 0, 5)
    late = Rows()
    late.insert(everything, id=uuid4(), part="late")
    late.increment(everything, key, order=1)
    late.upsert(everything, (key[0], "other"), order=1)
    assert not await write(recording.pool, late, 0, 6)
    gone = Rows()
    gone.delete(everything, key)
    assert not await write(recording.pool, gone, 0, 6)
    assert {key: row["order"] for key, row in (await stored(recording.pool)).items()} == {key: 1}


async def test_a_text_longer_than_its_column_is_refused_and_not_cut(recording: Recording) -> None:
    await ensure_generations(recording.pool, [model], EPOCH)
    rows = Rows()
    rows.insert(everything, id=uuid4(), part="a", name="x" * 21)
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await write(recording.pool, rows, 0, 1)


async def test_vectors_travel_as_text(recording: Recording) -> None:
    await ensure_generations(recording.pool, [model], EPOCH)
    rows = Rows()
    rows.insert(everything, id=uuid4(), part="a", embedding=[0.5, -1.0, 2.25])
    assert await write(recording.pool, rows, 0, 1)
    [row] = await recording.pool.fetch("select embedding::text from everything_v1.everything")
    assert row["embedding"] == "[0.5,-1,2.25]"


async def test_ranges_travel_as_text(recording: Recording) -> None:
    await ensure_generations(recording.pool, [model], EPOCH)
    rows = Rows()
    rows.insert(everything, id=uuid4(), part="a", valid=f"[{NOW.isoformat()},)")
    assert await write(recording.pool, rows, 0, 1)
    [row] = (await stored(recording.pool)).values()
    assert row["valid"].lower == NOW
    assert row["valid"].upper_inf


async def test_the_statement_is_the_same_text_for_the_same_shape() -> None:
    texts = []
    for number in range(2):
        rows = Rows()
        rows.update(everything, (IDS[number], "a"), order=number, name="n")
        texts.append(text(model.schema, tuple(shape for shape, _ in writes(rows))))
    assert texts[0] is texts[1]
