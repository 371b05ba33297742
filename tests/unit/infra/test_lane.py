import asyncio
from collections.abc import Mapping, Sequence

import pytest

from infra.lane import Lane


class Doubling:
    def __init__(self, fails_on: int | None = None) -> None:
        self.fails_on = fails_on
        self.asked: list[list[int]] = []

    async def __call__(self, questions: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(list(questions))
        await asyncio.sleep(0)
        if self.fails_on in questions:
            raise ValueError("broken")
        return {question: 2 * question for question in questions}


async def test_what_arrives_together_is_asked_together_and_in_bounds() -> None:
    doubling = Doubling()
    lane = Lane(doubling, most=2)
    assert await asyncio.gather(*(lane(n) for n in range(5))) == [0, 2, 4, 6, 8]
    assert doubling.asked == [[0, 1], [2, 3], [4]]


async def test_an_error_reaches_its_own_batch_and_the_next_one_goes_on() -> None:
    lane = Lane(Doubling(fails_on=1), most=2)
    answers = await asyncio.gather(*(lane(n) for n in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError, int, int]
    with pytest.raises(ValueError, match="broken"):
        await lane(1)


async def test_a_caller_that_goes_away_takes_nobody_with_it() -> None:
    lane = Lane(Doubling(), most=2)
    first, second = (asyncio.create_task(lane(n)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 4
