from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dispatch.retries import RetryPolicy

POLICY = RetryPolicy()
STEADY = RetryPolicy(jitter=0.0)


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 64), (7, 128), (8, 256), (9, None), (99, None)],
)
def test_waits_double_until_the_ninth_attempt_is_the_last(attempt: int, seconds: int | None) -> None:
    assert STEADY.delay(attempt, 0.9) == (None if seconds is None else timedelta(seconds=seconds))


def test_no_wait_is_longer_than_ten_minutes_plus_jitter() -> None:
    patient = RetryPolicy(attempts=100)
    assert patient.delay(30, 0.5) == timedelta(minutes=10)
    assert patient.delay(30, 0.0) == timedelta(minutes=7.5)


@given(st.integers(1, 8), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_within_a_quarter_of_the_plain_one(attempt: int, chance: float) -> None:
    plain, delay = STEADY.delay(attempt, chance), POLICY.delay(attempt, chance)
    assert plain is not None
    assert delay is not None
    assert plain * 0.75 <= delay < plain * 1.25 + timedelta(microseconds=1)
    assert delay > timedelta(0)


def test_eight_retries_reach_beyond_the_promised_five_minutes() -> None:
    waits = [POLICY.delay(attempt, 0.0) for attempt in range(1, 9)]
    assert sum((wait for wait in waits if wait), timedelta()) > timedelta(minutes=5)
