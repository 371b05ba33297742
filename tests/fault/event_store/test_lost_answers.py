"""The connection dies around the commit: what landed is not stored again, and what did not land is."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.append import Append, Appended, OutcomeUnknown, Status, StoreUnavailable
from infra.append_lane import AppendLane
from infra.database import Database
from infra.event_store import EventStore, IdempotencyKey
from tests.appends import appending, assert_sound, happened, starting
from tests.fault.event_store.cutting_proxy import CuttingProxy


@pytest.fixture
async def proxy(database: str, tmp_path: Path) -> AsyncIterator[CuttingProxy]:
    async with CuttingProxy(database, tmp_path) as cutting:
        yield cutting


@pytest.fixture
async def lane(proxy: CuttingProxy, store: EventStore) -> AsyncIterator[AppendLane]:
    """A lane through the proxy, warm."""
    opened = AppendLane(proxy.dsn, store.epoch, patience=5)
    await _warm(opened)
    yield opened
    await opened.close()


async def _warm(lane: AppendLane) -> None:
    """So many at once that both connections are made, and their statements prepared."""
    await asyncio.gather(*(lane.append(starting()) for _ in range(WARM)))


WARM = 100


class Once:
    """Says yes the first time."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, data: bytes) -> bool:
        first, self.asked = not self.asked, True
        return first


def _kinds() -> list[Append]:
    """Appends of every kind that a lost answer could make two of, or refuse by mistake."""
    return [
        starting(streams=2, events=2),
        starting(command_id=uuid4()),
        starting(idempotency=IdempotencyKey(uuid4(), b"hash", "result")),
        starting(events=3, command_id=uuid4()),
    ]


@pytest.mark.parametrize("lost", ["cut_request", "cut_answer"])
async def test_appends_under_way_when_the_connection_dies_are_stored_once(
    lane: AppendLane, proxy: CuttingProxy, connections: Database, lost: str
) -> None:
    setattr(proxy, lost, cut := Once())
    appends = _kinds()
    outcomes = await asyncio.gather(*map(lane.append, appends))
    assert cut.asked
    assert [outcome.status for outcome in outcomes] == [Status.OK] * 4
    assert [(outcome.first, outcome.last) for outcome in outcomes] == [
        (WARM + first, WARM + last) for first, last in ((1, 4), (5, 5), (6, 6), (7, 9))
    ]
    assert await assert_sound(connections.pool) == WARM + 9


async def test_a_stale_append_stays_a_conflict_when_its_answer_is_lost(lane: AppendLane, proxy: CuttingProxy) -> None:
    stream = uuid4()
    await lane.append(appending(happened(stream, 1)))
    proxy.cut_answer = Once()
    assert await lane.append(appending(happened(stream, 1))) == Appended(Status.CONFLICT, 0, 0)


async def test_a_first_attempt_that_lands_after_the_look_up_is_not_taken_for_somebody_elses(
    lane: AppendLane, proxy: CuttingProxy, store: EventStore, connections: Database
) -> None:
    """The server goes on with a call after its client has gone: it waits for the lock, ahead of the retry."""
    blocker = await connections.pool.acquire()
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("select pg_advisory_xact_lock(x'6A6F6202'::bigint)")
    appending = asyncio.create_task(lane.append(starting(command_id=uuid4())))
    await _until_waiting_for_the_lock(connections, 1)
    proxy.hang_up()
    await _until_waiting_for_the_lock(connections, 2)  # the first attempt, and the retry behind it
    await transaction.rollback()
    await connections.pool.release(blocker)
    assert await appending == Appended(Status.OK, WARM + 1, WARM + 1)
    assert await store.head() == WARM + 1


async def _until_waiting_for_the_lock(connections: Database, count: int) -> None:
    async with asyncio.timeout(60):
        waiting = "select count(*) from pg_locks where not granted"
        while await connections.pool.fetchval(waiting) < count:
            await asyncio.sleep(0.01)


async def test_connections_that_die_at_random_moments_lose_and_repeat_nothing(
    lane: AppendLane, proxy: CuttingProxy, connections: Database
) -> None:
    def sometimes(data: bytes) -> bool:
        return random.random() < 0.03

    proxy.cut_request = proxy.cut_answer = sometimes
    appends = [starting(streams=2, command_id=uuid4() if n % 2 else None) for n in range(300)]

    async def store_some(mine: list[Append]) -> list[Appended]:
        return [await lane.append(append) for append in mine]

    outcomes = await asyncio.gather(*(store_some(appends[n::10]) for n in range(10)))
    assert {outcome.status for some in outcomes for outcome in some} == {Status.OK}
    assert sorted(outcome.first for some in outcomes for outcome in some) == list(range(WARM + 1, WARM + 601, 2))
    assert await assert_sound(connections.pool) == WARM + 600


async def test_a_database_that_stays_away_fails_appends_by_what_is_known_of_them(
    proxy: CuttingProxy, store: EventStore
) -> None:
    lane = AppendLane(proxy.dsn, store.epoch, patience=0.3)
    await _warm(lane)

    def cut(data: bytes) -> bool:
        proxy.refusing = True
        proxy.hang_up()
        return True

    proxy.cut_answer = cut
    with pytest.raises(OutcomeUnknown):
        await lane.append(starting())
    with pytest.raises(StoreUnavailable) as failure:
        await lane.append(starting())
    assert not isinstance(failure.value, OutcomeUnknown)
    proxy.refusing, proxy.cut_answer = False, lambda _: False
    assert (await lane.append(starting())).status is Status.OK
    await lane.close()
