from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.errors import CODED
from api.principal import Authentication
from api.rate_limit import Counter, MemoryCounter, RateLimitGate, RateLimits
from infra.api_keys import VerifiedKey
from infra.settings import Auth, Settings

START = datetime(2025, 8, 27, 16, 0, 0, tzinfo=UTC)


@dataclass
class Hand:
    """A clock that stands still until it is moved."""

    at: datetime = field(default=START)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def seconds(self) -> float:
        return self.at.timestamp()


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    start: Message = {"type": "http.response.start", "status": 200, "headers": []}
    await send(start)
    await send({"type": "http.response.body", "body": b"ok"})


class Unable:
    async def increment(self, key: str, seconds: int) -> int | None:
        return None

    async def check(self) -> None:
        raise ConnectionError

    async def close(self) -> None: ...


@pytest.fixture
def hand() -> Hand:
    return Hand()


def asking(
    hand: Hand, sender: str = "10.0.0.1", counter: Counter | None = None, keys: Any = None, **more: str
) -> httpx.AsyncClient:
    limits = RateLimits("5/minute", {("POST", "/jobs/"): "2/minute", ("GET", "/jobs/{id}/slow"): "1/hour"}, **more)
    authentication = Authentication(Settings(auth=Auth.DEVELOPMENT if keys is None else Auth.ENFORCED), keys)
    gate = RateLimitGate(
        answering, "sample", limits, CODED, counter or MemoryCounter(hand.seconds), hand, authentication
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(gate, client=(sender, 1)), base_url="http://localhost")


async def test_each_answer_says_how_much_is_left_and_until_when(hand: Hand) -> None:
    async with asking(hand) as client:
        hand.move(10)
        headers = (await client.get("/jobs/")).headers
        assert headers["X-RateLimit-Limit"] == "5"
        assert headers["X-RateLimit-Remaining"] == "4"
        assert headers["X-RateLimit-Reset"] == str(int((START + timedelta(minutes=1)).timestamp()))


async def test_one_request_too_many_is_told_when_to_come_back(hand: Hand) -> None:
    async with asking(hand) as client:
        hand.move(15)
        assert [(await client.post("/jobs")).status_code for _ in range(3)] == [200, 200, 429]
        refused = await client.post("/jobs/")
        assert refused.json()["error_code"] == "RATE_LIMITED"
        assert refused.headers["Retry-After"] == "45"
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        hand.move(45)
        assert (await client.post("/jobs/")).status_code == 200


async def test_a_path_with_its_own_limit_is_counted_apart(hand: Hand) -> None:
    async with asking(hand) as client:
        assert [(await client.get("/jobs/7/slow")).status_code for _ in range(2)] == [200, 429]
        assert (await client.get("/jobs/8/slow")).status_code == 429
        assert (await client.get("/jobs/7")).status_code == 200


async def test_health_is_not_limited(hand: Hand) -> None:
    async with asking(hand) as client:
        answers = [await client.get("/health/live") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


async def test_senders_are_counted_apart_and_an_ipv6_subscriber_is_one_sender(hand: Hand) -> None:
    counter = MemoryCounter(hand.seconds)
    for sender, left in [("10.0.0.1", "4"), ("10.0.0.2", "4"), ("2001:db8::1", "4"), ("2001:db8::2", "3")]:
        async with asking(hand, sender, counter) as client:
            assert (await client.get("/jobs/")).headers["X-RateLimit-Remaining"] == left


class Keys:
    """Knows every key that begins with `good`; the place where the others are looked up is away."""

    def __init__(self) -> None:
        self._known: dict[str, VerifiedKey] = {}

    async def verify(self, text: str) -> VerifiedKey | None:
        if not text.startswith("good"):
            raise ConnectionError
        return self._known.setdefault(text, VerifiedKey(uuid4(), uuid4(), frozenset({"read"})))


async def test_whoever_shows_a_valid_key_has_the_limit_of_the_key_wherever_they_are(hand: Hand) -> None:
    keys, counter = Keys(), MemoryCounter(hand.seconds)
    for sender, key, left in [("10.0.0.1", "good-1", "6"), ("10.0.0.2", "good-1", "5"), ("10.0.0.1", "good-2", "6")]:
        async with asking(hand, sender, counter, keys, known="7/minute") as client:
            assert (await client.get("/", headers={"X-API-Key": key})).headers["X-RateLimit-Remaining"] == left


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "bad"}])
async def test_whoever_shows_none_has_the_limit_of_the_address(hand: Hand, headers: dict[str, str]) -> None:
    async with asking(hand, keys=Keys(), known="7/minute") as client:
        assert (await client.post("/jobs/", headers=headers)).headers["X-RateLimit-Limit"] == "5"


async def test_requests_are_let_through_when_the_counter_cannot_tell(hand: Hand) -> None:
    async with asking(hand, counter=Unable()) as client:
        answers = [await client.post("/jobs/") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}


async def test_counts_that_are_over_are_forgotten(hand: Hand) -> None:
    counter = MemoryCounter(hand.seconds)
    for sender in range(1000):
        await counter.increment(str(sender), 60)
    hand.move(61)
    await counter.increment("last", 60)
    assert len(counter._counts) == 1
