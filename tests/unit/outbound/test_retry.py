import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.outbound import Ambiguous, Operation, Outbound, OutboundError, Policy, Refused, Throttled, Unavailable
from tests.unit.outbound.conftest import Time

READ = Operation("read", timeout=1.0, repeatable=True)
CREATE = Operation("create", timeout=1.0, repeatable=False)


class Script:
    """Fails with each error in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


async def test_a_call_that_may_be_repeated_is_tried_three_times_with_growing_waits(time: Time) -> None:
    script = Script(Unavailable("down"), Unavailable("down"))
    assert await time.outbound().call(READ, script) == "answer"
    assert script.calls == 3
    assert time.slept == [1.0, 2.0]


async def test_the_third_failure_reaches_the_caller(time: Time) -> None:
    script = Script(*[Unavailable("down")] * 3)
    with pytest.raises(Unavailable, match="down"):
        await time.outbound().call(READ, script)
    assert script.calls == 3


async def test_a_call_that_may_not_be_repeated_is_tried_once(time: Time) -> None:
    script = Script(Unavailable("down"))
    with pytest.raises(Unavailable):
        await time.outbound().call(CREATE, script)
    assert (script.calls, time.slept) == (1, [])


@pytest.mark.parametrize("error", [Refused("no"), Ambiguous("perhaps"), ValueError("defect")])
async def test_only_what_was_certainly_not_done_is_repeated(time: Time, error: Exception) -> None:
    script = Script(error)
    with pytest.raises(type(error)):
        await time.outbound().call(READ, script)
    assert script.calls == 1


async def test_retry_after_is_waited_for(time: Time) -> None:
    await time.outbound().call(READ, Script(Throttled("slow down", retry_after=7.0)))
    assert time.slept == [7.0]


async def test_a_retry_after_beyond_the_longest_wait_goes_back_to_the_caller(time: Time) -> None:
    script = Script(Throttled("come back later", retry_after=31.0))
    with pytest.raises(Throttled) as caught:
        await time.outbound().call(READ, script)
    assert caught.value.retry_after == 31.0
    assert (script.calls, time.slept) == (1, [])


@given(seed=st.integers(), attempts=st.integers(2, 9))
async def test_waits_double_up_to_thirty_seconds_give_or_take_a_quarter(seed: int, attempts: int) -> None:
    time = Time()
    policy = Policy(attempts=attempts, failures=100)
    outbound = Outbound("somewhere", policy, now=time.now, sleep=time.sleep, uniform=random.Random(seed).uniform)
    with pytest.raises(OutboundError):
        await outbound.call(READ, Script(*[Unavailable("down")] * attempts))
    assert len(time.slept) == attempts - 1
    for number, slept in enumerate(time.slept):
        planned = min(2.0**number, 30.0)
        assert 0.75 * planned <= slept <= 1.25 * planned


def test_the_longest_time_of_a_call_counts_waiting_and_repetitions(time: Time) -> None:
    policy = Policy(queue_wait=5.0)
    assert time.outbound(policy=policy).longest(CREATE) == 6.0
    assert time.outbound(policy=policy).longest(READ) == 3 * 6.0 + 2 * 37.5
