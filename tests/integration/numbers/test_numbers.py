"""Integer ids: each given out once, in the order of asking, whoever asks at the same time."""

import asyncio

import asyncpg
import pytest

from domain.numbers import Kind, stream_id
from infra.database import Database
from infra.numbers import PostgresNumbers


async def test_those_who_ask_at_once_each_get_their_own_in_order(connections: Database) -> None:
    numbers = PostgresNumbers(connections.pool)
    found = await asyncio.gather(*(numbers.next(Kind.JOB) for _ in range(500)))
    assert found == sorted(set(found))
    assert found[0] == 1
    assert await numbers.next(Kind.JOB) == found[-1] + 1
    assert list(await numbers.block(Kind.JOB, 3)) == [found[-1] + 2, found[-1] + 3, found[-1] + 4]
    assert await numbers.next(Kind.OFFER) == 1


async def test_two_processes_never_give_out_the_same(connections: Database) -> None:
    processes = [PostgresNumbers(connections.pool) for _ in range(3)]
    found = await asyncio.gather(*(process.next(Kind.NOTE) for _ in range(100) for process in processes))
    assert len(set(found)) == 300


async def test_whoever_gave_up_does_not_keep_others_from_their_number(connections: Database) -> None:
    numbers = PostgresNumbers(connections.pool)
    asking = [asyncio.create_task(numbers.next(Kind.JOB)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[1].cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(found[1], asyncio.CancelledError)
    assert isinstance(found[0], int)
    assert isinstance(found[2], int)


async def test_a_failed_question_is_answered_to_all_who_asked_and_the_next_one_succeeds(connections: Database) -> None:
    numbers = PostgresNumbers(connections.pool)
    await connections.pool.execute("alter sequence note_numbers rename to elsewhere")
    found = await asyncio.gather(*(numbers.next(Kind.NOTE) for _ in range(5)), return_exceptions=True)
    assert {type(one) for one in found} == {asyncpg.UndefinedTableError}
    await connections.pool.execute("alter sequence elsewhere rename to note_numbers")
    assert await numbers.next(Kind.NOTE) == 1


@pytest.mark.parametrize("kind", Kind)
def test_a_stream_s_id_follows_from_kind_and_number(kind: Kind) -> None:
    ids = {stream_id(other, number) for other in Kind for number in (1, 2)}
    assert len(ids) == 2 * len(Kind)
    assert stream_id(kind, 1) == stream_id(kind, 1)


def test_ids_stay_what_they_are() -> None:
    """They are in every recorded event: another derivation would orphan them."""
    assert str(stream_id(Kind.JOB, 1)) == "1eaf2445-6c19-5f3a-8f65-78d30e138003"
