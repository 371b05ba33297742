import pytest

from infra.outbound import Throttled
from infra.pos.servicetitan.pace import Pace


class Time:
    present = 0.0

    def now(self) -> float:
        return self.present

    async def sleep(self, seconds: float) -> None:
        """Others go on meanwhile, so time stands where it was."""


async def test_turns_are_free_up_to_the_limit_and_then_a_second_apart() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    pace = Pace(per_second=2, patience=5.0, now=lambda: 0.0, sleep=sleep)
    for _ in range(6):
        await pace.turn()
    assert waits == [1.0, 1.0, 2.0, 2.0]


async def test_whoever_would_wait_too_long_is_turned_away_and_told_for_how_long() -> None:
    time = Time()
    pace = Pace(per_second=1, patience=2.0, now=time.now, sleep=time.sleep)
    for _ in range(3):
        await pace.turn()
    with pytest.raises(Throttled) as caught:
        await pace.turn()
    assert caught.value.retry_after == 3.0
    time.present = 1.0
    await pace.turn()
