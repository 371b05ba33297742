import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest

from infra.log_ranges import GapInLog, LogRanges
from infra.store_proof import begin_epoch
from projections.difference import Difference
from projections.failures import Defect
from projections.filling import CHUNK, Phase, Step
from projections.generations import TablesChanged, generations, outdated
from projections.positions import Positions
from projections.projector import Projector
from projections.read_model import ReadModel
from projections.rebuild import (
    Busy,
    FoldsChanged,
    NoGeneration,
    OtherEpoch,
    Source,
    drop_outdated,
    keep_live_only,
    prune,
    rebuilding,
    returning,
    scratch,
)
from projections.standstill import LiveBehind
from tests.integration.projections.recording import Recording, eventually, routings_model

Run = Callable[[Projector], asyncio.Task[Any]]

# How many generations the tables that a query sees belong to: the tables' own ids do not change with their names.
_JOINED = """select count(distinct c.relnamespace) as generations
    from (select r.tableoid as a, o.tableoid as b from routings_v1.routing r
          join routings_v1.company o on o.id = r.company_id limit 5) t join pg_class c on c.oid in (t.a, t.b)"""
_IN_TURN = """select count(distinct c.relnamespace) as generations from pg_class c where c.oid in (
    (select tableoid from routings_v1.company limit 1), (select tableoid from routings_v1.checkpoint),
    (select tableoid from routings_v1.routing limit 1))"""


def source(recording: Recording) -> Source:
    return Source(recording.dsn, recording.pool, LogRanges(recording.pool, recording.store.epoch, recording.codec))


async def projected(recording: Recording, model: ReadModel, stack: AsyncExitStack, run: Run) -> Positions:
    """A live generation that has folded the log, and is kept up to date."""
    await recording.generation(model)
    positions = Positions([model])
    feed = await stack.enter_async_context(recording.feed())
    run(recording.projector(model, feed, positions))
    assert await positions.reached([model], await recording.store.head(), timeout=30)
    return positions


@pytest.fixture
async def stack() -> Any:
    async with AsyncExitStack() as opened:
        yield opened


async def test_a_rebuilt_generation_is_equal_row_by_row(recording: Recording, stack: AsyncExitStack, run: Run) -> None:
    model = routings_model()
    await recording.life(1200)
    await projected(recording, model, stack, run)
    async with rebuilding(source(recording), model) as rebuild:
        await rebuild.fill()
        assert rebuild.position == 3000
        found = await rebuild.difference()
    assert found.rows == 0
    assert [table.table for table in found.tables] == ["routing", "company"]
    assert await generations(recording.pool, model) == ["routings_v1_next"]
    query = "select tablename, indexname from pg_indexes where schemaname = $1 order by 1, 2"
    made, live = [await recording.pool.fetch(query, name) for name in ("routings_v1_next", "routings_v1")]
    assert made == live


async def test_a_log_of_several_chunks_is_read_in_order(recording: Recording, stack: AsyncExitStack, run: Run) -> None:
    model, told = routings_model(), list[Step]()
    for _ in range(6):
        await recording.life(800)
    await projected(recording, model, stack, run)
    async with rebuilding(source(recording), model, told.append) as rebuild:
        await rebuild.fill()
        assert (await rebuild.difference()).rows == 0
    filled = [step.position for step in told if step.phase is Phase.FILLING]
    assert filled == sorted(filled)
    assert filled[-1] == 12_000
    assert len(filled) > 12_000 // CHUNK
    assert {step.phase for step in told} == {Phase.FILLING, Phase.INDEXING, Phase.COMPARING}


async def spoil(recording: Recording) -> None:
    """Rows of the live generation as a wrong fold might have left them: one gone, one too many, one wrong."""
    first, second = await recording.pool.fetch("select id from routings_v1.routing order by id limit 2")
    await recording.pool.execute("delete from routings_v1.routing where id = $1", first["id"])
    await recording.pool.execute("update routings_v1.routing set status = 'lost' where id = $1", second["id"])
    await recording.pool.execute("insert into routings_v1.company (id, routings) values ($1, 7)", uuid4())


def shown(found: Difference) -> dict[str, tuple[int, int, int]]:
    return {table.table: (table.only_left, table.only_right, table.changed) for table in found.tables}


async def test_a_difference_names_what_is_missing_too_much_and_changed(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(10)
    await projected(recording, model, stack, run)
    await spoil(recording)
    async with rebuilding(source(recording), model) as rebuild:
        found = await rebuild.difference()
    assert shown(found) == {"routing": (0, 1, 1), "company": (1, 0, 0)}
    routing, company = found.tables
    assert routing.columns == {"status": 1}
    [changed] = routing.examples["changed"]
    [missing] = routing.examples["only_right"]
    assert changed.values == {"status": ("lost", changed.values["status"][1])}
    assert missing.key.keys() == {"id"}
    assert missing.values == {}
    assert len(company.examples["only_left"]) == 1


async def test_a_flip_puts_the_rebuilt_rows_in_the_place_of_the_live_ones(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(10)
    positions = await projected(recording, model, stack, run)
    changes = list[int]()
    stack.callback(recording.database.listen("jobstream_read_models", positions.heard))
    positions.on_change(model, lambda: changes.append(positions.of(model)))
    right = await recording.rows(model)
    await spoil(recording)
    async with rebuilding(source(recording), model) as rebuild:
        await rebuild.flip()
    assert await recording.rows(model) == right
    assert await generations(recording.pool, model) == ["routings_v1_old1"]
    await eventually(lambda: changes, timeout=30)  # whoever keeps rows in memory has to read them again
    await recording.life(10)
    assert await positions.reached([model], 50, timeout=30)
    async with scratch(source(recording), model) as again:
        assert (await again.difference()).rows == 0


async def test_a_rollback_brings_back_the_rows_of_before_with_what_has_come_since(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(10)
    positions = await projected(recording, model, stack, run)
    await spoil(recording)
    async with rebuilding(source(recording), model) as rebuild:
        await rebuild.flip()
    await recording.life(10)
    assert await positions.reached([model], 50, timeout=30)
    async with returning(source(recording), model) as rebuild:
        await rebuild.flip()
    count = await recording.pool.fetchval("select count(*) from routings_v1.routing where status = 'lost'")
    assert count == 1
    async with scratch(source(recording), model) as again:
        assert shown(await again.difference()) == {"routing": (0, 1, 1), "company": (1, 0, 0)}
    async with returning(source(recording), model) as rebuild:
        await rebuild.flip()
    async with scratch(source(recording), model) as again:
        assert (await again.difference()).rows == 0


async def test_of_the_old_generations_the_latest_are_kept(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(4)
    await projected(recording, model, stack, run)
    for _ in range(3):
        async with rebuilding(source(recording), model) as rebuild:
            await rebuild.flip()
    assert await generations(recording.pool, model) == [f"routings_v1_old{age}" for age in (1, 2, 3)]
    await prune(source(recording), model, keep=1)
    assert await generations(recording.pool, model) == ["routings_v1_old1"]
    await prune(source(recording), model, keep=0)
    assert await generations(recording.pool, model) == []


async def test_an_interrupted_rebuild_goes_on_where_it_was(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    for _ in range(5):
        await recording.life(800)
    await projected(recording, model, stack, run)
    before = await recording.rows(model)

    def cut(step: Step) -> None:
        if step.position >= CHUNK:
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        async with rebuilding(source(recording), model, cut) as rebuild:
            await rebuild.fill()
    assert await recording.rows(model) == before
    async with rebuilding(source(recording), model, resume=True) as rebuild:
        assert rebuild.position == CHUNK
        await rebuild.fill()
        assert (await rebuild.difference()).rows == 0


async def test_a_resumed_rebuild_of_which_nothing_was_begun_begins(recording: Recording) -> None:
    model = routings_model()
    await recording.generation(model)
    async with rebuilding(source(recording), model, resume=True) as rebuild:
        assert rebuild.position == 0


async def test_there_is_nothing_to_go_back_to_before_a_flip(recording: Recording) -> None:
    model = routings_model()
    await recording.generation(model)
    with pytest.raises(NoGeneration, match="no routings_v1_old1"):
        async with returning(source(recording), model):
            pass


async def test_a_generation_of_other_tables_folds_or_of_another_epoch_is_not_resumed(
    recording: Recording,
) -> None:
    model = routings_model()
    await recording.generation(model)
    async with rebuilding(source(recording), model):
        pass
    await recording.pool.execute("comment on schema routings_v1_next is 'other'")
    with pytest.raises(TablesChanged, match="routings_v1_next"):
        async with rebuilding(source(recording), model, resume=True):
            pass
    async with rebuilding(source(recording), model):
        pass
    await recording.pool.execute("comment on table routings_v1_next.checkpoint is 'other'")
    with pytest.raises(FoldsChanged, match="routings_v1_next"):
        async with rebuilding(source(recording), model, resume=True):
            pass
    async with rebuilding(source(recording), model):
        pass
    log = LogRanges(recording.pool, await begin_epoch(recording.database), recording.codec)
    with pytest.raises(OtherEpoch):
        async with rebuilding(Source(recording.dsn, recording.pool, log), model, resume=True):
            pass


async def test_one_rebuild_of_a_read_model_at_a_time(recording: Recording) -> None:
    model = routings_model()
    await recording.generation(model)
    async with rebuilding(source(recording), model):
        with pytest.raises(Busy, match="routings_v1_next"):
            await prune(source(recording), model, keep=0)


async def test_all_generations_but_the_live_one_and_what_is_being_filled_can_go(recording: Recording) -> None:
    model = routings_model()
    await recording.generation(model)
    async with rebuilding(source(recording), model) as rebuild:
        await rebuild.flip()
    async with rebuilding(source(recording), model):
        await keep_live_only(source(recording), [model])
        assert await generations(recording.pool, model) == ["routings_v1_next", "routings_v1_old1"]
    await keep_live_only(source(recording), [model])
    assert await generations(recording.pool, model) == []
    assert (await recording.checkpoint(model))["position"] == 0


async def test_what_earlier_versions_have_left_can_go_unless_one_is_still_kept_up(
    recording: Recording, run: Run
) -> None:
    first, second, present, later = (routings_model(version) for version in (1, 2, 3, 10))
    await recording.generation(first, second, present, later)
    async with rebuilding(source(recording), first) as rebuild:
        await rebuild.flip()
    assert await outdated(recording.pool, present) == ["routings_v1", "routings_v1_old1", "routings_v2"]
    await recording.life(1)
    positions = Positions([second])
    async with recording.feed() as feed:
        release_before = run(recording.projector(second, feed, positions))
        assert await positions.reached([second], await recording.store.head(), timeout=30)
        with pytest.raises(Busy, match="routings_v2"):
            await drop_outdated(source(recording), present)
        await keep_live_only(source(recording), [present])
        assert await outdated(recording.pool, present) == ["routings_v2"]
        release_before.cancel()
        await asyncio.wait([release_before])
    await drop_outdated(source(recording), present)
    assert await outdated(recording.pool, later) == ["routings_v3"]


async def test_a_live_generation_that_was_made_anew_is_not_replaced_by_one_that_is_ahead(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(4)
    await projected(recording, model, stack, run)
    async with rebuilding(source(recording), model) as rebuild:
        await rebuild.fill()
    await recording.pool.execute("update routings_v1.checkpoint set position = 3")
    with pytest.raises(LiveBehind, match="stands at 3"):
        async with rebuilding(source(recording), model, resume=True) as rebuild:
            await rebuild.flip()


async def test_a_read_model_of_an_earlier_epoch_is_made_again_up_to_the_head(recording: Recording) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.life(10)
    await begin_epoch(recording.database)
    epoch = await recording.pool.fetchval("select epoch from store_epoch")
    ranges = LogRanges(recording.pool, epoch, recording.codec)
    async with rebuilding(Source(recording.dsn, recording.pool, ranges), model) as rebuild:
        await rebuild.fill()
        await rebuild.flip()
    checkpoint = await recording.checkpoint(model)
    assert (checkpoint["position"], checkpoint["epoch"]) == (25, epoch)


async def test_an_event_that_cannot_be_folded_is_named_and_leaves_the_live_generation(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(4)
    await projected(recording, model, stack, run)
    before = await recording.rows(model)
    await recording.pool.execute("update events set data = '\\x00' where position = 3")
    with pytest.raises(Defect, match="position 3"):
        async with rebuilding(source(recording), model) as rebuild:
            await rebuild.fill()
    assert await recording.rows(model) == before


async def test_a_gap_in_the_log_is_noticed_even_where_the_read_model_asks_for_no_such_event(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(4)
    await projected(recording, model, stack, run)
    await recording.pool.execute("delete from events where position = 7")
    with pytest.raises(GapInLog):
        async with rebuilding(source(recording), model) as rebuild:
            await rebuild.fill()


async def test_reads_and_commands_go_on_through_flips_and_no_read_sees_two_generations(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model, going_on = routings_model(), True
    await recording.life(100)
    positions = await projected(recording, model, stack, run)
    seen = Counter[int]()

    async def read(query: str) -> None:
        while going_on:
            [row] = await recording.pool.fetch(query)
            seen[row["generations"]] += 1
            await asyncio.sleep(0)

    async def write() -> None:
        while going_on:
            last = await recording.append(recording.created(uuid4()))
            assert await positions.reached([model], last, timeout=30)

    tasks = [asyncio.create_task(read(query)) for query in (_JOINED, _JOINED, _IN_TURN)]
    tasks.append(asyncio.create_task(write()))
    for _ in range(8):
        async with rebuilding(source(recording), model) as rebuild:
            await rebuild.fill()
            await rebuild.flip()
    going_on = False
    await asyncio.gather(*tasks)
    async with scratch(source(recording), model) as again:
        assert (await again.difference()).rows == 0
    assert set(seen) == {1}
    assert seen[1] > 100
    assert {old.partition("_old")[0] for old in await generations(recording.pool, model)} == {"routings_v1"}


async def test_a_flip_waits_for_a_long_query_and_lets_others_pass(
    recording: Recording, stack: AsyncExitStack, run: Run
) -> None:
    model = routings_model()
    await recording.life(10)
    await projected(recording, model, stack, run)
    async with recording.pool.acquire() as reader, rebuilding(source(recording), model) as rebuild:
        transaction = reader.transaction()
        await transaction.start()
        assert await reader.fetchval("select count(*) from routings_v1.routing") == 10
        flip = asyncio.create_task(rebuild.flip())
        await asyncio.sleep(0.6)  # longer than the flip waits at once
        assert not flip.done()
        async with asyncio.timeout(30):
            assert await recording.pool.fetchval("select count(*) from routings_v1.routing") == 10
        assert await reader.fetchval(_IN_TURN) == 1  # one transaction, one generation
        await transaction.commit()
        await asyncio.wait_for(flip, 30)


async def test_a_scratch_generation_is_gone_afterwards(recording: Recording, stack: AsyncExitStack, run: Run) -> None:
    model = routings_model()
    await recording.life(4)
    await projected(recording, model, stack, run)
    async with scratch(source(recording), model) as rebuild:
        assert rebuild.position == 10
        assert await generations(recording.pool, model) == ["routings_v1_scratch"]
    assert await generations(recording.pool, model) == []
