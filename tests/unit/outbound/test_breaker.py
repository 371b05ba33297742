import asyncio

import pytest
from prometheus_client import REGISTRY

from infra.outbound import Ambiguous, Circuit, CircuitOpen, Operation, Outbound, Refused, Throttled, Unavailable
from tests.unit.outbound.conftest import Time

CREATE = Operation("create", timeout=1.0, repeatable=False)
READ = Operation("read", timeout=1.0, repeatable=True)


async def fails(outbound: Outbound, error: Exception) -> None:
    async def attempt() -> None:
        raise error

    with pytest.raises(type(error)):
        await outbound.call(CREATE, attempt)


async def succeeds(outbound: Outbound, operation: Operation = CREATE) -> None:
    async def attempt() -> None: ...

    await outbound.call(operation, attempt)


def state(outbound: Outbound) -> str:
    return outbound.circuit.value


async def opened(time: Time, system: str = "somewhere") -> Outbound:
    outbound = time.outbound(system)
    for _ in range(5):
        await fails(outbound, Unavailable("down"))
    return outbound


async def test_the_circuit_opens_after_five_failures_in_a_row_and_sends_nothing(time: Time) -> None:
    outbound = await opened(time)
    with pytest.raises(CircuitOpen) as caught:
        await succeeds(outbound)
    assert caught.value.retry_after == 60.0
    assert (outbound.circuit, outbound.health()) == (Circuit.OPEN, "degraded")


async def test_a_success_in_between_starts_the_count_again(time: Time) -> None:
    outbound = time.outbound()
    for _ in range(4):
        await fails(outbound, Ambiguous("lost"))
    await succeeds(outbound)
    await fails(outbound, Ambiguous("lost"))
    assert (outbound.circuit, outbound.health()) == (Circuit.CLOSED, "healthy")


@pytest.mark.parametrize("error", [Refused("no"), Throttled("slow down"), ValueError("defect")])
async def test_refusals_throttling_and_our_own_defects_do_not_open_the_circuit(time: Time, error: Exception) -> None:
    outbound = time.outbound()
    for _ in range(10):
        await fails(outbound, error)
    assert state(outbound) == Circuit.CLOSED


async def test_after_a_minute_exactly_one_trial_call_is_let_through(time: Time) -> None:
    outbound = await opened(time)
    time.present += 60.0
    assert state(outbound) == Circuit.HALF_OPEN
    answer = asyncio.Event()
    trial = asyncio.create_task(outbound.call(CREATE, answer.wait))
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(CircuitOpen):
            await succeeds(outbound)
    answer.set()
    await trial
    assert state(outbound) == Circuit.CLOSED


async def test_a_failed_trial_keeps_the_circuit_open_for_another_minute(time: Time) -> None:
    outbound = await opened(time)
    time.present += 60.0
    await fails(outbound, Unavailable("still down"))
    time.present += 59.9
    assert state(outbound) == Circuit.OPEN
    time.present += 0.1
    await succeeds(outbound)
    assert state(outbound) == Circuit.CLOSED


async def test_a_cancelled_trial_leaves_the_trial_to_the_next_caller(time: Time) -> None:
    outbound = await opened(time)
    time.present += 60.0
    trial = asyncio.create_task(outbound.call(CREATE, asyncio.Event().wait))
    await asyncio.sleep(0)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert state(outbound) == Circuit.HALF_OPEN
    await succeeds(outbound)
    assert state(outbound) == Circuit.CLOSED


async def test_a_call_from_before_the_opening_decides_nothing_after_it(time: Time) -> None:
    outbound, answer = time.outbound(), asyncio.Event()
    early = asyncio.create_task(outbound.call(CREATE, answer.wait))
    await asyncio.sleep(0)
    for _ in range(5):
        await fails(outbound, Unavailable("down"))
    answer.set()
    await early
    assert state(outbound) == Circuit.OPEN


async def test_lookups_that_succeed_in_between_do_not_hide_creates_that_fail(time: Time) -> None:
    outbound = time.outbound()
    for _ in range(5):
        await succeeds(outbound, READ)
        await fails(outbound, Ambiguous("lost"))
    assert state(outbound) == Circuit.OPEN
    time.present += 60.0
    await succeeds(outbound, READ)
    assert state(outbound) == Circuit.CLOSED
    await fails(outbound, Ambiguous("still lost"))
    assert state(outbound) == Circuit.OPEN
    time.present += 60.0
    await succeeds(outbound)
    await fails(outbound, Ambiguous("lost once"))
    assert state(outbound) == Circuit.CLOSED


async def test_the_gauge_shows_the_open_circuit(time: Time) -> None:
    outbound = await opened(time, "gauged")
    assert REGISTRY.get_sample_value("outbound_circuit_open", {"system": "gauged"}) == 1
    time.present += 60.0
    await succeeds(outbound)
    assert REGISTRY.get_sample_value("outbound_circuit_open", {"system": "gauged"}) == 0
