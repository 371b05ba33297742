"""Dead letters: a defect parks its stream only, later events queue behind it, and a redrive drains them in order."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

from infra.event_store import EventStore
from infra.recorded_rows import recorded
from schemas.recorded import Recorded
from streams.redrive import Redriven
from streams.runner import Runner
from tests.appends import appending, happened
from tests.integration.streams.reacting import Gate, Reacting, appended, submit
from tests.running import until


class Defect(Exception):
    """Quotes what nobody may read: John Doe."""


def failing_at(*positions: int) -> Callable[[Recorded], object]:
    async def fail(event: Recorded) -> None:
        if event.position in positions:
            raise Defect("John Doe")

    return fail


async def deliver(runner: Runner, store: EventStore, after: int = 0) -> None:
    """What the feed would hand out after a position."""
    for row in await store.read(after, 1000):
        await submit(runner, recorded(row, store.epoch, lambda event: {}))


async def parked(reacting: Reacting) -> list[tuple[int, int]]:
    """Positions that wait, with their attempts."""
    rows = await reacting.pool.fetch(
        "select position, attempts from dead_letters where redriven_at is null order by position"
    )
    return [(row["position"], row["attempts"]) for row in rows]


async def two_streams(store: EventStore) -> tuple[UUID, UUID]:
    """The first has positions 1, 3 and 5, the second 2 and 4."""
    bad, good = uuid4(), uuid4()
    for stream, version in ((bad, 1), (good, 1), (bad, 2), (good, 2), (bad, 3)):
        await appended(store, stream, version)
    return bad, good


async def test_a_defect_parks_its_stream_only_and_later_events_queue_behind(
    reacting: Reacting, store: EventStore
) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    await two_streams(store)
    await deliver(runner, store)
    await runner.drain()
    assert sorted(reacting.handled) == [2, 4]
    assert await parked(reacting) == [(1, 1), (3, 0), (5, 0)]
    assert await reacting.checkpoint() == 5


async def test_a_dead_letter_names_the_cause_without_quoting_it(reacting: Reacting, store: EventStore) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    await two_streams(store)
    await deliver(runner, store)
    await runner.drain()
    [first] = await reacting.redrive(store).parked()
    assert (first.position, first.type, first.waiting, first.attempts) == (1, "RoutingSynced", 3, 1)
    assert "Defect at fail:" in first.error
    assert "John" not in first.error


async def test_a_restarted_runner_still_queues_behind_a_parked_event(reacting: Reacting, store: EventStore) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    bad, _ = await two_streams(store)
    await deliver(runner, store)
    await runner.drain()
    await appended(store, bad, 4)
    restarted = reacting.runner()
    await restarted.load_checkpoints("store")
    await deliver(restarted, store)
    await restarted.drain()
    assert [position for position, _ in await parked(reacting)] == [1, 3, 5, 6]


async def test_a_redrive_handles_a_stream_in_order_and_the_live_path_goes_on_behind_it(
    reacting: Reacting, store: EventStore
) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    bad, _ = await two_streams(store)
    await deliver(runner, store)
    await runner.drain()
    reacting.handled.clear()
    reacting.effect = failing_at()  # type: ignore[assignment]
    assert await reacting.redrive(store).stream(bad) == Redriven(3, None)
    await appended(store, bad, 4)
    await deliver(runner, store, after=5)
    await runner.drain()
    assert reacting.handled == [1, 3, 5, 6]
    assert await parked(reacting) == []


async def test_what_a_later_release_reacts_to_no_more_is_handled_by_doing_nothing(
    reacting: Reacting, store: EventStore
) -> None:
    stream = uuid4()
    await appended(store, stream, 1)
    [row] = await store.read(0, 1)
    await store.append(appending(happened(stream, 2, type="RoutingClaimed")))
    parking = reacting.parking()
    for each in await store.read(0, 2):
        await parking.park(recorded(each, store.epoch, lambda event: {}), Defect(), attempts=1)
    assert await reacting.redrive(store).stream(stream) == Redriven(2, None)
    assert reacting.handled == [row["position"]]


async def test_a_redrive_keeps_the_order_against_live_traffic(reacting: Reacting, store: EventStore) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    bad, _ = await two_streams(store)
    await deliver(runner, store)
    await runner.drain()
    reacting.handled.clear()
    gate = Gate()
    reacting.effect = gate
    redriving = asyncio.create_task(reacting.redrive(store).stream(bad))
    await until(_begun(reacting, 1))
    for version in range(4, 24):
        last = (await appended(store, bad, version)).last
        await deliver(runner, store, after=last - 1)
    gate.open(*range(1, last + 1))
    assert (await redriving).error is None
    await runner.drain()
    while await parked(reacting):  # what queued behind after the redrive had looked for the last time
        await reacting.redrive(store).stream(bad)
    assert reacting.handled == [1, 3, 5, *range(6, last + 1)]


async def test_a_redrive_that_fails_again_keeps_the_rest_parked(reacting: Reacting, store: EventStore) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    bad, _ = await two_streams(store)
    await deliver(runner, store)
    await runner.drain()
    reacting.handled.clear()
    reacting.effect = failing_at(3)  # type: ignore[assignment]
    outcome = await reacting.redrive(store).stream(bad)
    assert outcome.handled == 1
    assert outcome.error is not None
    assert "Defect" in outcome.error
    assert await parked(reacting) == [(3, 1), (5, 0)]
    assert reacting.handled == [1]


async def test_what_was_redriven_stays_so_when_the_database_goes_away_midway(
    reacting: Reacting, store: EventStore
) -> None:
    reacting.effect, runner = failing_at(1), reacting.runner()  # type: ignore[assignment]
    bad, _ = await two_streams(store)
    await deliver(runner, store)
    await runner.drain()

    async def cut_off(event: Recorded) -> None:
        if event.position == 3:
            raise ConnectionResetError

    reacting.effect = cut_off
    try:
        await reacting.redrive(store).stream(bad)
    except ConnectionResetError:
        assert [position for position, _ in await parked(reacting)] == [3, 5]
    else:
        raise AssertionError("a redrive waits for no database: its operator does")


def _begun(reacting: Reacting, position: int) -> object:
    async def so() -> bool:
        return position in reacting.begun[reacting.begun.index(position) + 1 :]

    return so
