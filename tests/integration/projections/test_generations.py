import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Column, Integer, Table

from projections.generations import TablesChanged, ensure_generations
from projections.positions import Positions
from projections.projector import Projector
from tests.integration.projections.recording import Recording, routings_model

Run = Callable[[Projector], asyncio.Task[Any]]


async def test_a_new_version_fills_its_own_schema_beside_the_old_one(recording: Recording, run: Run) -> None:
    old, new = routings_model(1), routings_model(2)
    await recording.generation(old)
    await recording.life(10)
    positions = Positions([old, new])
    async with recording.feed() as feed:
        run(recording.projector(old, feed, positions))
        assert await positions.reached([old], 25, timeout=30)
        await recording.generation(new)
        assert not positions.ready([new], 25)
        run(recording.projector(new, feed, positions))
        assert await positions.reached([new], 25, timeout=30)
        assert positions.ready([old, new], 25)
        await recording.life(10)
        assert await positions.reached([old, new], 50, timeout=30)
    assert await recording.rows(old) == await recording.rows(new)


async def test_several_processes_may_make_a_generation_at_once(recording: Recording) -> None:
    models = [routings_model(), routings_model(name="others")]
    await asyncio.gather(*(recording.generation(*models) for _ in range(6)))
    assert (await recording.checkpoint(models[1]))["position"] == 0


async def test_a_generation_that_is_there_is_left_as_it_is(recording: Recording) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.pool.execute("update routings_v1.checkpoint set position = 5")
    await recording.generation(model)
    assert (await recording.checkpoint(model))["position"] == 5


async def test_a_generation_has_the_indexes_of_its_tables(recording: Recording) -> None:
    await recording.generation(routings_model())
    query = "select indexname from pg_indexes where schemaname = 'routings_v1' and tablename = 'routing' order by 1"
    assert [row["indexname"] for row in await recording.pool.fetch(query)] == ["routing_company_id", "routing_pkey"]


async def test_tables_that_were_changed_without_a_new_version_are_refused(recording: Recording) -> None:
    await recording.generation(routings_model())
    changed = routings_model()
    table: Table = changed.tables[0]
    table.append_column(Column("added", Integer))
    with pytest.raises(TablesChanged, match="routings_v1 were changed without raising"):
        await ensure_generations(recording.pool, [changed], recording.store.epoch)
