"""Ten new jobs a minute, a hundred other requests, and health as often as anybody likes."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR
from tests.running import running

LIMIT, REMAINING, RESET = "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"


@pytest.fixture
async def limited(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with running(database, tmp_path, agents=False, timers=False, RATE_LIMITS="on") as started:
        yield Desk(started, started.client)


async def within_a_minute(desk: Desk, method: str, path: str, times: int) -> list[httpx.Response]:
    """The answers to as many requests, all of them in one window: at the turn of a minute it begins again."""
    while True:
        answers = [await desk.client.request(method, path, json={}) for _ in range(times)]
        if len({answer.headers[RESET] for answer in answers}) == 1:
            return answers


async def test_ten_jobs_a_minute_may_be_created(limited: Desk) -> None:
    answers = await within_a_minute(limited, "POST", "/jobs/", 11)
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert [answer.headers[REMAINING] for answer in answers] == [*map(str, range(9, -1, -1)), "0"]
    assert {answer.headers[LIMIT] for answer in answers} == {"10"}
    refused = answers[-1]
    assert_like(ERROR, refused.json())
    assert refused.json()["error_code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


async def test_a_refused_job_is_not_created(limited: Desk) -> None:
    await within_a_minute(limited, "POST", "/jobs/", 11)
    head = await limited.head()
    assert (await limited.client.post("/jobs", json={})).status_code in (422, 429)
    assert await limited.head() == head


async def test_a_hundred_other_requests_a_minute_are_answered(limited: Desk) -> None:
    answers = await within_a_minute(limited, "GET", "/jobs/?limit=1", 101)
    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert answers[0].headers[LIMIT] == "100"
    assert answers[0].headers[REMAINING] == "99"


async def test_the_reset_is_a_unix_time_within_the_next_minute(limited: Desk) -> None:
    answer = await limited.client.get("/jobs/")
    assert -1 < int(answer.headers[RESET]) - time.time() <= 60
    assert int(answer.headers[RESET]) % 60 == 0


@pytest.mark.parametrize("path", ["/health", "/health/live"])
async def test_health_is_never_limited(limited: Desk, path: str) -> None:
    answers = [await limited.client.get(path) for _ in range(120)]
    assert {answer.status_code for answer in answers} == {200}
    assert LIMIT not in answers[-1].headers


async def test_creating_jobs_does_not_use_up_the_other_requests(limited: Desk) -> None:
    await within_a_minute(limited, "POST", "/jobs/", 11)
    assert (await limited.client.get("/jobs/")).status_code == 200
