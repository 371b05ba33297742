import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Integer, Select, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from projections.positions import Positions
from projections.projector import Projector
from projections.query import Query, UnfitQuery
from tests.integration.projections.recording import Recording, routings_model

MODEL = routings_model()
routing, company = MODEL.tables


@pytest.fixture
async def filled(
    recording: Recording, run: Callable[[Projector], asyncio.Task[Any]]
) -> AsyncIterator[tuple[Recording, list[Any]]]:
    await recording.generation(MODEL)
    ids = await recording.life(9)
    positions = Positions([MODEL])
    async with recording.feed() as feed:
        run(recording.projector(MODEL, feed, positions))
        assert await positions.reached([MODEL], 23, timeout=30)
        yield recording, ids


Filled = tuple[Recording, list[Any]]


async def test_a_query_takes_named_values_and_reads_the_models_own_schema(filled: Filled) -> None:
    recording, ids = filled
    query = Query(
        select(routing.c.id, func.count().over().label("total"))
        .where(routing.c.company_id == bindparam("company"), routing.c.status == "synced")
        .order_by(routing.c.id)
        .limit(bindparam("limit", type_=Integer)),
        MODEL,
    )
    rows = await query.all(recording.pool, company=recording.companies[0], limit=1)
    assert [(row["id"], row["total"]) for row in rows] == [(min(ids[0], ids[6]), 2)]
    assert await query.first(recording.pool, company=uuid4(), limit=1) is None


async def test_a_list_of_values_is_one_parameter(filled: Filled) -> None:
    recording, ids = filled
    query = Query(select(routing.c.id).where(routing.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))), MODEL)
    assert {row["id"] for row in await query.all(recording.pool, ids=ids[:4])} == set(ids[:4])


async def test_json_and_arrays_come_as_values(filled: Filled) -> None:
    recording, ids = filled
    query = Query(select(routing).where(routing.c.id == bindparam("id")), MODEL)
    row = await query.first(recording.pool, id=ids[0])
    assert row is not None
    assert row["features"] == {"distance": 0.25}
    assert row["skills"] == ['a "quoted" skill', "back\\slash", "{braces, comma}"]


async def test_two_tables_of_a_model_can_be_joined_and_aliased(filled: Filled) -> None:
    recording, _ = filled
    other = routing.alias()
    statement = select(company.c.routings, func.count(other.c.id).label("n")).join(
        other, other.c.company_id == company.c.id
    )
    rows = await Query(statement.group_by(company.c.id), MODEL).all(recording.pool)
    assert [tuple(row) for row in rows] == [(3, 3)] * 3


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (select(routings_model(2).tables[0]), "routing is not a table of routings_v1"),
        (select(routing).where(routing.c.id.in_(select(routings_model(2).tables[1].c.id))), "company is not a table"),
        (select(routing).where(routing.c.status.in_(["a", "b"])), "compare with any_"),
    ],
)
def test_a_query_that_cannot_be_compiled_ahead_is_refused(statement: Select[Any], says: str) -> None:
    with pytest.raises(UnfitQuery, match=says):
        Query(statement, MODEL)


async def test_a_value_that_is_missing_or_unknown_is_an_error(filled: Filled) -> None:
    recording, ids = filled
    query = Query(select(routing).where(routing.c.id == bindparam("id")), MODEL)
    with pytest.raises(KeyError, match="id"):
        await query.all(recording.pool)
    with pytest.raises(KeyError, match="idd"):
        await query.all(recording.pool, id=ids[0], idd=1)
