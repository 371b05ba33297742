"""The runner: each stream in order, many at once, and a checkpoint that never passes what is not done."""

import asyncio
import random
from uuid import UUID, uuid4

import asyncpg
import pytest

from commands.bus import Conflict
from infra.event_store import EpochMismatch
from schemas.recorded import Recorded
from streams.checkpoints import Checkpoint, Checkpoints
from streams.runner import IN_FLIGHT
from tests.integration.streams.reacting import FEED, Gate, Reacting, event, submit
from tests.running import until


async def test_each_stream_is_handled_in_order_while_many_run_at_once(reacting: Reacting) -> None:
    chance, running, most = random.Random(7), 0, 0

    async def some_time(_: Recorded) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(chance.uniform(0, 0.005))
        running -= 1

    reacting.effect, runner = some_time, reacting.runner()
    streams = [uuid4() for _ in range(60)]
    events = [event(position, chance.choice(streams)) for position in range(1, 1501)]
    await submit(runner, *events)
    await runner.drain()
    order = {position: place for place, position in enumerate(reacting.handled)}
    of_stream: dict[UUID, list[int]] = {}
    for one in events:
        of_stream.setdefault(one.stream_id, []).append(order[one.position])
    assert all(places == sorted(places) for places in of_stream.values())
    assert sorted(reacting.handled) == list(range(1, 1501))
    assert 20 < most <= IN_FLIGHT
    assert await reacting.checkpoint() == 1500


async def test_no_more_events_are_taken_than_may_be_in_flight(reacting: Reacting) -> None:
    gate = Gate()
    reacting.effect, runner = gate, reacting.runner()
    feeding = asyncio.create_task(submit(runner, *(event(position) for position in range(1, IN_FLIGHT + 50))))

    async def full() -> bool:
        return len(reacting.begun) == IN_FLIGHT

    await until(full)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(reacting.begun) == IN_FLIGHT
    gate.open(*range(1, IN_FLIGHT + 50))
    await feeding
    await runner.drain()
    assert len(reacting.handled) == IN_FLIGHT + 49


async def test_the_checkpoint_never_passes_an_unfinished_event(reacting: Reacting) -> None:
    gate = Gate()
    reacting.effect, runner = gate, reacting.runner()
    await submit(runner, *(event(position) for position in range(1, 11)), event(11, type="RoutingCompleted"))
    gate.open(1, 2, 3, *range(5, 11))

    async def saved() -> bool:
        return len(reacting.handled) == 9 and await reacting.checkpoint() == 3

    await until(saved)
    gate.open(4)
    await runner.drain()
    assert await reacting.checkpoint() == 11


async def test_events_at_or_below_the_checkpoint_are_ignored(reacting: Reacting) -> None:
    first = reacting.runner()
    await submit(first, *(event(position) for position in range(1, 6)))
    await first.drain()
    again = reacting.runner()
    assert await again.load_checkpoints(FEED) == {0: Checkpoint(5, 6)}
    await submit(again, *(event(position) for position in range(1, 8)))
    await again.drain()
    assert sorted(reacting.handled) == [1, 2, 3, 4, 5, 6, 7]


async def test_trouble_with_the_infrastructure_is_waited_out_in_place(reacting: Reacting) -> None:
    troubles = [
        ConnectionResetError(),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.ReadOnlySQLTransactionError("failed over"),
        Conflict("met a concurrent change"),
    ]
    left = dict.fromkeys(range(1, len(troubles) + 1), 2)

    async def troubled(one: Recorded) -> None:
        if left.get(one.position):
            left[one.position] -= 1
            raise troubles[one.position - 1]

    reacting.effect, runner = troubled, reacting.runner()
    streams = [uuid4() for _ in troubles]
    await submit(runner, *(event(place, stream) for place, stream in enumerate(streams, start=1)))
    await submit(runner, *(event(place, stream, version=2) for place, stream in enumerate(streams, start=7)))
    await runner.drain()
    assert sorted(reacting.begun) == sorted([*range(1, 7)] * 3 + [*range(7, 13)])
    assert all(reacting.handled.index(place) < reacting.handled.index(place + 6) for place in range(1, 7))
    assert await reacting.pool.fetchval("select count(*) from dead_letters") == 0


async def test_what_takes_longer_than_the_grace_is_cut_off_and_comes_again(reacting: Reacting) -> None:
    gate, stream = Gate(), uuid4()
    reacting.effect, runner = gate, reacting.runner()
    await submit(runner, *(event(position, stream, version=position) for position in (1, 2, 3)), event(4))
    gate.open(4)
    await runner.drain(grace=0.1)
    # The first of the stream as well as those that waited behind it.
    gate.open(1, 2, 3)
    for _ in range(20):
        await asyncio.sleep(0)
    assert reacting.handled == [4]
    assert await reacting.checkpoint() == 0
    await runner.load_checkpoints(FEED)
    await submit(runner, *(event(position, stream, version=position) for position in (1, 2, 3)), event(4))
    await runner.drain()
    assert sorted(reacting.handled) == [1, 2, 3, 4, 4]
    assert await reacting.checkpoint() == 4


async def test_nothing_goes_on_when_waiting_for_it_is_given_up(reacting: Reacting) -> None:
    """As when the system stops while the database is away."""
    gate, stream = Gate(), uuid4()
    reacting.effect, runner = gate, reacting.runner()
    await submit(runner, event(1, stream), event(2, stream, version=2))
    draining = asyncio.create_task(runner.drain())

    async def begun() -> bool:
        return reacting.begun == [1]

    await until(begun)
    draining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draining
    gate.open(1, 2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (reacting.begun, reacting.handled) == ([1], [])


async def test_a_lost_compare_and_set_never_moves_a_checkpoint_back(reacting: Reacting) -> None:
    gate = Gate()
    reacting.effect, runner = gate, reacting.runner()
    await submit(runner, *(event(position) for position in range(1, 5)))
    other = Checkpoints(reacting.pool, "reacting")
    assert await other.move(FEED, 0, Checkpoint(0, 0), Checkpoint(40, 41))
    gate.open(1)
    await until(_handled(reacting, 1))
    await runner.drain(grace=0.2)
    gate.open(2, 3, 4)
    await submit(runner, *(event(position) for position in range(5, 8)))
    gate.open(5, 6, 7)
    await runner.drain(grace=0.2)
    assert await reacting.checkpoint() == 40


async def test_of_two_runners_on_one_partition_the_further_one_counts(reacting: Reacting) -> None:
    one, other = reacting.runner(), reacting.runner()
    await submit(one, *(event(position) for position in range(1, 4)))
    await submit(other, *(event(position) for position in range(1, 9)))
    await asyncio.gather(one.drain(), other.drain())
    await submit(other, event(9))
    await other.drain()
    await submit(one, event(4))
    await one.drain()
    assert await reacting.checkpoint() == 9


async def test_another_epoch_ends_the_runner_instead_of_parking_its_events(reacting: Reacting) -> None:
    async def restored(_: Recorded) -> None:
        raise EpochMismatch(UUID(int=1), str(UUID(int=2)))

    reacting.effect, runner = restored, reacting.runner()
    await submit(runner, event(1))
    await runner.drain()
    with pytest.raises(EpochMismatch):
        runner.check()
    with pytest.raises(EpochMismatch):
        await submit(runner, event(2))
    assert await reacting.pool.fetchval("select count(*) from dead_letters") == 0
    assert await reacting.checkpoint() == 0


def _handled(reacting: Reacting, *positions: int) -> object:
    async def so() -> bool:
        return set(positions) <= set(reacting.handled)

    return so
