from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.retries import RetryPolicy
from tests.samples import NOW

POLICY = RetryPolicy()
STEADY = RetryPolicy(jitter=0.0)


def wait(policy: RetryPolicy, attempt: int, chance: float) -> timedelta | None:
    again = policy.again_at(attempt, permanent=False, chance=chance, now=NOW)
    return again and again - NOW


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 64), (7, 128), (8, 256), (9, None), (99, None)],
)
def test_waits_double_until_the_ninth_attempt_is_the_last(attempt: int, seconds: int | None) -> None:
    assert wait(STEADY, attempt, 0.9) == (None if seconds is None else timedelta(seconds=seconds))


def test_no_wait_is_longer_than_ten_minutes_plus_jitter() -> None:
    patient = RetryPolicy(attempts=100)
    assert wait(patient, 30, 0.5) == timedelta(minutes=10)
    assert wait(patient, 30, 0.0) == timedelta(minutes=7.5)


@given(st.integers(1, 8), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_within_a_quarter_of_the_plain_one(attempt: int, chance: float) -> None:
    plain, jittered = wait(STEADY, attempt, chance), wait(POLICY, attempt, chance)
    assert plain is not None
    assert jittered is not None
    assert plain * 0.75 <= jittered < plain * 1.25 + timedelta(microseconds=1)
    assert jittered > timedelta(0)


def test_eight_retries_reach_beyond_the_promised_five_minutes() -> None:
    waits = [wait(POLICY, attempt, 0.0) for attempt in range(1, 9)]
    assert sum((each for each in waits if each), timedelta()) > timedelta(minutes=5)


def test_what_trying_again_cannot_help_is_given_up_at_once() -> None:
    assert POLICY.again_at(1, permanent=True, chance=0.5, now=NOW) is None
