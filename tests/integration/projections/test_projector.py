import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from infra.leadership import lock_id
from infra.store_proof import begin_epoch
from projections.announcements import Announcement, News
from projections.positions import Positions
from projections.projector import Projector, State
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.session import Session
from schemas.recorded import Recorded
from tests.integration.projections.recording import SOON, Recording, eventually, routings_model

Run = Callable[[Projector], asyncio.Task[Any]]


def one_shot(model: ReadModel, events: Sequence[Recorded]) -> dict[str, list[dict[str, Any]]]:
    """The rows that the folds give in one go, in memory."""
    rows = Rows()
    for event in events:
        model.fold(rows, event)
    return {table.name: sorted(rows.of(table).values(), key=lambda row: row["id"]) for table in model.tables}


async def expected(recording: Recording, model: ReadModel) -> dict[str, list[dict[str, Any]]]:
    return one_shot(model, await recording.feed().read(0, 100_000))


async def test_a_projector_catches_up_and_follows(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    ids = await recording.life(1200)
    positions = Positions([model])
    async with recording.feed() as feed:
        run(recording.projector(model, feed, positions))
        assert await positions.reached([model], 3000, timeout=30)
        last = await recording.append(recording.synced(ids[1]))
        assert await positions.reached([model], last, timeout=30)
        assert await recording.rows(model) == await expected(recording, model)


async def test_of_two_projectors_one_folds_and_the_other_takes_over_when_it_dies(
    recording: Recording, run: Run
) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.life(100)
    async with recording.feed() as feed:
        projectors = [recording.projector(model, feed) for _ in range(2)]
        tasks = [run(projector) for projector in projectors]
        await eventually(lambda: {one.status().position for one in projectors} == {0, 250})
        assert {one.status().state for one in projectors} == {State.RUNNING, State.STANDBY}
        active = next(n for n, one in enumerate(projectors) if one.status().state is State.RUNNING)
        tasks[active].cancel()
        await recording.life(100)
        await eventually(lambda: projectors[1 - active].status().position == 500)
    assert await recording.rows(model) == await expected(recording, model)


async def test_two_projectors_of_one_model_on_one_session_do_not_both_fold(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.life(10)
    session, positions = Session(recording.dsn), Positions([model])
    async with recording.feed() as feed:
        projectors = [Projector(session, feed, model, positions, recording.store.epoch, pauses=SOON) for _ in range(2)]
        for projector in projectors:
            run(projector)
        await eventually(lambda: {one.status().state for one in projectors} == {State.RUNNING, State.STANDBY})
        assert await positions.reached([model], 25, timeout=30)
    assert await recording.rows(model) == await expected(recording, model)


async def test_a_session_leases_a_name_once_until_it_is_released(recording: Recording) -> None:
    ours, theirs = Session(recording.dsn), Session(recording.dsn)
    lease = await ours.lease("board")
    assert lease is not None
    assert await ours.lease("board") is None
    assert await theirs.lease("board") is None
    await lease.release()
    assert await theirs.lease("board") is not None
    await asyncio.gather(ours.close(), theirs.close())


async def test_a_batch_whose_checkpoint_somebody_else_moved_is_not_folded_twice(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    ids = await recording.life(10)
    async with recording.feed() as feed:
        projector = recording.projector(model, feed)
        run(projector)
        await eventually(lambda: projector.status().position == 25)
        await recording.pool.execute("update routings_v1.checkpoint set position = 26")
        last = await recording.append(recording.claimed(ids[0]), recording.claimed(ids[1]))
        await eventually(lambda: projector.status().position == last)
    attempts = {row["id"]: row["attempts"] for row in (await recording.rows(model))["routing"]}
    assert (attempts[ids[0]], attempts[ids[1]]) == (1, 2)


async def test_connections_lost_at_any_moment_leave_the_rows_of_one_fold(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    dice = random.Random(7)
    async with recording.feed() as feed:
        projectors = [recording.projector(model, feed) for _ in range(2)]
        for projector in projectors:
            run(projector)
        for _ in range(40):
            await recording.life(5)
            await asyncio.sleep(dice.random() * 0.01)
            if dice.random() < 0.5:
                await recording.pool.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                    " and application_name = 'jobstream projector'"
                )
        head = await recording.store.head()
        await eventually(lambda: max(one.status().position for one in projectors) == head)
    assert await recording.rows(model) == await expected(recording, model)


def failing(recording: Recording, bad: Any, how: Callable[[Rows, Recorded, Any], None]) -> ReadModel:
    """The routings model, with a fold for RoutingSyncFailed that fails on the stream `bad`."""
    model = routings_model(name="failing")
    table = model.tables[0]

    @model.on("RoutingSyncFailed")
    def failed(rows: Rows, event: Recorded) -> None:
        if event.stream_id == bad:
            how(rows, event, table)
        else:
            rows.update(table, event.stream_id, status="failed")

    return model


def raises(rows: Rows, event: Recorded, table: Any) -> None:
    rows.update(table, event.stream_id, status="half done")
    raise KeyError("Jane Doe, 5 Main Street")


def duplicates(rows: Rows, event: Recorded, table: Any) -> None:
    rows.insert(table, id=event.stream_id, company_id=uuid4(), status="again", skills=[], features={})


def overflows(rows: Rows, event: Recorded, table: Any) -> None:
    rows.update(table, event.stream_id, attempts=2**40)


def unencodable(rows: Rows, event: Recorded, table: Any) -> None:
    rows.update(table, event.stream_id, features={"when": object()})


def refused_text(rows: Rows, event: Recorded, table: Any) -> None:
    rows.update(table, event.stream_id, status="nul \0")


def missing_field(rows: Rows, event: Recorded, table: Any) -> None:
    rows.update(table, event.stream_id, status=event["no such field"])


@pytest.mark.parametrize("how", [raises, duplicates, overflows, unencodable, refused_text, missing_field])
async def test_an_event_that_cannot_be_folded_stops_its_own_read_model_just_before_it(
    recording: Recording, run: Run, how: Callable[[Rows, Recorded, Any], None]
) -> None:
    ids = await recording.life(40)
    bad = ids[21]
    broken, sound = failing(recording, bad, how), routings_model()
    await recording.generation(broken, sound)
    payload = {"error": "e", "attempt": 1, "retry_at": recording.beginning, "ambiguous": False}
    at = await recording.append(*(("RoutingSyncFailed", id, payload) for id in (ids[3], bad)))
    last = await recording.append(("RoutingSyncFailed", ids[5], payload))
    positions = Positions([broken, sound])
    async with recording.feed() as feed:
        projector = recording.projector(broken, feed, positions)
        run(projector)
        run(recording.projector(sound, feed, positions))
        assert await positions.reached([broken, sound], last, timeout=30)  # whoever waits skips what has stopped
        await eventually(lambda: positions.stopped(broken))
    status, checkpoint = projector.status(), await recording.checkpoint(broken)
    assert (positions.of(sound), positions.of(broken)) == (last, at - 1)
    assert (status.state, status.position, status.error_position) == (State.FAILED, at - 1, at)
    assert (checkpoint["position"], checkpoint["error_position"]) == (at - 1, at)
    assert checkpoint["error"] == status.error
    assert status.error is not None
    assert f"dispatch.RoutingSyncFailed at position {at}" in status.error
    assert "Jane" not in status.error
    rows = {row["id"]: row for row in (await recording.rows(broken))["routing"]}
    assert (rows[ids[3]]["status"], rows[bad]["status"]) == ("failed", "claimed")


async def test_a_deployment_that_mends_the_fold_goes_on_from_there(recording: Recording, run: Run) -> None:
    [id] = await recording.life(1)
    broken = failing(recording, id, raises)
    mended = failing(recording, None, raises)
    await recording.generation(broken)
    payload = {"error": "e", "attempt": 1, "retry_at": recording.beginning, "ambiguous": False}
    last = await recording.append(("RoutingSyncFailed", id, payload))
    async with recording.feed() as feed:
        old = run(recording.projector(broken, feed))
        await eventually(lambda: failed_at(recording, broken, last))
        old.cancel()
        new = recording.projector(mended, feed)
        run(new)
        await eventually(lambda: new.status().position == last)
    checkpoint = await recording.checkpoint(mended)
    assert (checkpoint["error"], checkpoint["error_position"]) == (None, None)


async def failed_at(recording: Recording, model: ReadModel, position: int) -> bool:
    return bool((await recording.checkpoint(model))["error_position"] == position)


async def test_a_checkpoint_of_another_epoch_halts_the_read_model(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.pool.execute("update routings_v1.checkpoint set position = 7, epoch = $1", uuid4())
    await recording.life(10)
    async with recording.feed() as feed:
        projector = recording.projector(model, feed)
        run(projector)
        await eventually(lambda: projector.status().state is State.FAILED)
    assert "rebuild this read model" in str(projector.status().error)
    assert (await recording.rows(model))["routing"] == []


async def test_events_that_change_nothing_are_passed_and_saved_soon(recording: Recording, run: Run) -> None:
    model = ReadModel("quiet", 1, routings_model().tables)
    await recording.generation(model)
    await recording.life(10)
    positions = Positions([model])
    async with recording.feed() as feed:
        run(recording.projector(model, feed, positions))
        assert await positions.reached([model], 25, timeout=30)
        await eventually(lambda: saved(recording, model, 25))
        await recording.life(10)
        assert await positions.reached([model], 50, timeout=30)
        await eventually(lambda: saved(recording, model, 50))


async def saved(recording: Recording, model: ReadModel, position: int) -> bool:
    return bool((await recording.checkpoint(model))["position"] == position)


async def test_other_processes_hear_of_every_position(recording: Recording, run: Run) -> None:
    loud, quiet = routings_model(), ReadModel("quiet", 1, routings_model().tables)
    await recording.generation(loud, quiet)
    elsewhere = Positions([loud, quiet])
    changes: list[str] = []
    elsewhere.on_change(loud, lambda: changes.append("loud"))
    elsewhere.on_change(quiet, lambda: changes.append("quiet"))
    listener = await asyncpg.connect(recording.dsn)
    await listener.add_listener("jobstream_read_models", lambda *heard: elsewhere.heard(str(heard[3])))
    session, here = Session(recording.dsn), Positions([loud, quiet])
    async with recording.feed() as feed:
        for model in (loud, quiet):
            run(Projector(session, feed, model, here, recording.store.epoch, pauses=SOON))
        await eventually(lambda: here.of(quiet) == 0)
        await recording.life(10)
        assert await elsewhere.reached([loud, quiet], 25, timeout=30)
    assert set(changes) == {"loud"}
    await listener.close()


async def test_without_a_projector_a_model_counts_as_stopped(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.life(10)
    elsewhere = Positions([model])
    await elsewhere.refresh(recording.pool)
    assert elsewhere.stopped(model)
    assert await elsewhere.reached([model], 25, timeout=0)
    assert not elsewhere.ready([model], 25)
    async with recording.feed() as feed:
        projector = recording.projector(model, feed)
        run(projector)
        await eventually(lambda: projector.status().position == 25)
        await elsewhere.refresh(recording.pool)
    assert not elsewhere.stopped(model)
    assert elsewhere.ready([model], 25)


async def test_all_go_on_by_themselves_when_the_database_comes_back(
    recording: Recording, run: Run, postgres: str
) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.life(10)
    here, elsewhere = Positions([model]), Positions([model], poll_seconds=0.02)
    async with recording.feed() as feed:
        projector = recording.projector(model, feed, here)
        run(projector)
        watching = asyncio.create_task(elsewhere.watch(recording.pool))
        assert await elsewhere.reached([model], 25, timeout=30)
        elsewhere.publish(Announcement(model.schema, 26, News.CHANGED))  # of a commit that the crash took back
        name = await recording.pool.fetchval("select current_database()")
        administrator = await asyncpg.connect(postgres)
        await administrator.execute(f"alter database {name} allow_connections false")
        await administrator.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        await eventually(lambda: projector.status().state is State.RETRYING and projector.status().error)
        await eventually(lambda: elsewhere.of(model) == 26 and elsewhere.doubted)
        await administrator.execute(f"alter database {name} allow_connections true")
        await administrator.close()
        await eventually(lambda: elsewhere.of(model) == 25)
        last = await recording.append(recording.created(uuid4()))
        # `reached` alone would not do: until the projector leads again the model counts as stopped, and is passed over.
        await eventually(lambda: projector.status().position == last)
        assert await elsewhere.reached([model], last, timeout=30)
        assert (projector.status().state, projector.status().error) == (State.RUNNING, None)
        watching.cancel()
    assert await recording.rows(model) == await expected(recording, model)


async def test_a_new_epoch_of_the_store_halts_the_read_model(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    await recording.life(10)
    async with recording.feed() as feed:
        projector = recording.projector(model, feed)
        run(projector)
        await eventually(lambda: projector.status().position == 25)
        await begin_epoch(recording.database)
        await eventually(lambda: projector.status().state is State.FAILED)
    assert "stop it, and start it again" in str(projector.status().error)


async def test_a_lost_notification_is_made_up_for_by_the_slow_poll(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    elsewhere = Positions([model], poll_seconds=0.02)
    changes: list[int] = []
    elsewhere.on_change(model, lambda: changes.append(elsewhere.of(model)))
    async with recording.feed() as feed:
        projector = recording.projector(model, feed)
        run(projector)
        await eventually(lambda: projector.status().state is State.RUNNING)
        watching = asyncio.create_task(elsewhere.watch(recording.pool))
        last = await recording.append(recording.created(uuid4()))
        assert await elsewhere.reached([model], last, timeout=30)
        watching.cancel()
    assert changes[-1] == last


async def test_what_was_missed_while_not_listening_is_asked_for_at_once(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    elsewhere = Positions([model], poll_seconds=60)
    async with recording.feed() as feed:
        run(recording.projector(model, feed))
        watching = asyncio.create_task(elsewhere.watch(recording.pool))
        await eventually(lambda: elsewhere.of(model) == 0)
        last = await recording.append(recording.created(uuid4()))
        await eventually(lambda: saved(recording, model, last))
        elsewhere.heard(None)
        await eventually(lambda: elsewhere.of(model) == last)
        watching.cancel()


async def test_stopping_a_projector_frees_its_read_model_at_once(recording: Recording, run: Run) -> None:
    model = routings_model()
    await recording.generation(model)
    async with recording.feed() as feed:
        projector = recording.projector(model, feed)
        task = run(projector)
        await eventually(lambda: projector.status().state is State.RUNNING)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await recording.pool.fetchval("select pg_try_advisory_lock($1)", lock_id(model.schema))
