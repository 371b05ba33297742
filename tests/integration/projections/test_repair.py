import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Uuid

from infra.log_ranges import LogRanges
from projections.positions import Positions
from projections.projector import Projector
from projections.read_model import ReadModel
from projections.rebuild import Source, scratch
from projections.repair import Meant, NotRepairable, compared, repaired, streams_meant
from projections.rows import Rows
from schemas.recorded import Recorded
from tests.integration.projections.recording import Recording, routings_model

Run = Callable[[Projector], asyncio.Task[Any]]


def attempts_model() -> ReadModel:
    """How often each routing was claimed: a row that is wrong as soon as an event is folded twice or not at all."""
    table = Table(
        "attempt",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("claims", Integer, nullable=False, default=0),
    )
    model = ReadModel("attempts", 1, [table], by_stream="id")

    @model.on("RoutingCreated")
    def created(rows: Rows, event: Recorded) -> None:
        rows.insert(table, id=event.stream_id)

    @model.on("RoutingClaimed")
    def claimed(rows: Rows, event: Recorded) -> None:
        rows.increment(table, event.stream_id, claims=1)

    return model


class Live:
    """A read model at work over a log."""

    def __init__(self, recording: Recording, model: ReadModel, positions: Positions) -> None:
        self.recording, self.model, self.positions = recording, model, positions
        self.source = Source(
            recording.dsn, recording.pool, LogRanges(recording.pool, recording.store.epoch, recording.codec)
        )

    async def spoil(self, *ids: UUID) -> None:
        await self.recording.pool.execute("update attempts_v1.attempt set claims = 99 where id = any($1)", list(ids))

    async def streams(self, meant: Meant) -> list[UUID]:
        return sorted(await streams_meant(self.source, self.model, meant))

    async def difference(self) -> int:
        async with scratch(self.source, self.model) as again:
            return (await again.difference()).rows


@pytest.fixture
async def live(recording: Recording, run: Run) -> Any:
    model = attempts_model()
    await recording.generation(model)
    positions = Positions([model])
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(recording.feed())
        run(recording.projector(model, feed, positions))
        yield Live(recording, model, positions)


async def test_only_the_rows_of_the_named_stream_are_made_again(live: Live) -> None:
    first, second, *_ = await live.recording.life(4)
    assert await live.positions.reached([live.model], 10, timeout=30)
    await live.spoil(first, second)
    await live.recording.pool.execute("delete from attempts_v1.attempt where id = $1", second)
    streams = await live.streams(Meant(stream=second))
    assert streams == [second]
    found = await compared(live.source, live.model, streams)
    assert (found.rows, await live.difference()) == (1, 2)
    await repaired(live.source, live.model, streams)
    assert await live.difference() == 1
    await repaired(live.source, live.model, await live.streams(Meant(stream=first)))
    assert await live.difference() == 0


async def test_a_row_of_a_stream_that_makes_none_goes(live: Live) -> None:
    stranger = uuid4()
    await live.recording.life(1)
    assert await live.positions.reached([live.model], 3, timeout=30)
    await live.recording.pool.execute("insert into attempts_v1.attempt values ($1, 1)", stranger)
    found = await repaired(live.source, live.model, await live.streams(Meant(stream=stranger)))
    assert (found.tables[0].only_left, await live.difference()) == (1, 0)


async def test_a_position_and_a_type_name_the_streams_that_have_such_events(live: Live) -> None:
    old = await live.recording.life(2)
    new = await live.recording.life(2)
    await live.recording.append(live.recording.claimed(old[0]))
    assert await live.positions.reached([live.model], 11, timeout=30)
    assert await live.streams(Meant(after=5)) == sorted([old[0], *new])
    assert await live.streams(Meant(after=5, types=frozenset({"RoutingCreated"}))) == sorted(new)
    assert await live.streams(Meant(types=frozenset({"RoutingCreated"}))) == sorted([*old, *new])


async def test_a_repair_against_live_traffic_folds_each_event_once(live: Live) -> None:
    """Were the live projector to write between the reading of a stream's events and of its rows, a claim would be
    counted twice, or lost."""
    ids, going_on = await live.recording.life(150), True

    async def claim() -> int:
        last = 0
        while going_on:
            last = await live.recording.append(*(live.recording.claimed(id) for id in ids[:20]))
            await asyncio.sleep(0)
        return last

    claiming = asyncio.create_task(claim())
    for _ in range(6):
        await live.spoil(*ids)
        await repaired(live.source, live.model, ids)
    going_on = False
    assert await live.positions.reached([live.model], await claiming, timeout=60)
    assert await live.difference() == 0


async def test_a_read_model_with_sums_over_streams_says_that_it_cannot_be_repaired_in_part(live: Live) -> None:
    with pytest.raises(NotRepairable, match="jobstream replay routings"):
        await streams_meant(live.source, routings_model(), Meant(stream=uuid4()))


async def test_a_type_that_the_read_model_does_not_fold_is_named(live: Live) -> None:
    with pytest.raises(NotRepairable, match="does not fold RoutingSynced"):
        await streams_meant(live.source, live.model, Meant(types=frozenset({"RoutingSynced"})))
