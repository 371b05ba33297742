"""So many requests per window and sender: counted in memory or in Redis, announced in headers, refused with 429."""

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from typing import Protocol

from limits import RateLimitItem, parse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ErrorShape, Problem, Rejected
from api.paths import either_form, is_below, path_within
from api.principal import Authentication
from domain.clock import Clock
from infra.database_errors import DATABASE_ERRORS


@dataclass(frozen=True, slots=True)
class RateLimits:
    """A product's limits per sender's address, as "10/minute".

    `rules` are by method and path template and count apart from `default`; paths at or below `exempt` are not limited.
    With `known`, senders with a valid key have this limit and the rules, per key; the others have `default` only.
    """

    default: str = "100/minute"
    rules: Mapping[tuple[str, str], str] = field(default_factory=dict)
    exempt: tuple[str, ...] = ("/health",)
    known: str | None = None


class Counter(Protocol):
    async def increment(self, key: str, seconds: int) -> int | None:
        """Counts one more under `key`, which is forgotten after `seconds`. None: cannot tell, so do not refuse."""
        ...

    async def check(self) -> None:
        """Raises when the counter does not work."""
        ...

    async def close(self) -> None: ...


class MemoryCounter:
    """Counts of this process.

    Not the limits library's: its asyncio memory storage walks through all keys on every hit (measured: 7 µs with one
    sender, 800 µs with 10,000).
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    async def increment(self, key: str, seconds: int) -> int | None:
        now = self._monotonic()
        if now >= self._sweep_at:
            self._counts = {known: entry for known, entry in self._counts.items() if entry[1] > now}
            self._sweep_at = now + 10
        count, expires = self._counts.get(key, (0, now + seconds))
        self._counts[key] = (count + 1, expires)
        return count + 1

    async def check(self) -> None:
        await self.increment("check", 1)

    async def close(self) -> None:
        self._counts.clear()


def counter_for(redis_url: str | None) -> Counter:
    if redis_url is None:
        return MemoryCounter()
    from api.redis_counter import RedisCounter  # its client takes a seventh of the start

    return RedisCounter(redis_url)


class RateLimitGate:
    """Refuses what is over the limit, and says in every other answer how much is left.

    Windows are aligned to the clock (the documents' own X-RateLimit-Reset, 1640995200, is a full minute), so that one
    round trip to Redis is enough and the time of the reset is exact.
    """

    def __init__(
        self,
        app: ASGIApp,
        product: str,
        limits: RateLimits,
        errors: ErrorShape,
        counter: Counter,
        clock: Clock,
        authentication: Authentication,
    ) -> None:
        self.app = app
        self._product, self._errors, self._counter, self._clock = product, errors, counter, clock
        self._default = parse(limits.default)
        self._known = None if limits.known is None else parse(limits.known)
        self._authentication = authentication
        self._rules = [
            (method, either_form(path), f"{method} {path}", parse(text))
            for (method, path), text in limits.rules.items()
        ]
        self._exempt = limits.exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_below(path := path_within(scope), self._exempt):
            await self.app(scope, receive, send)
            return
        sender, rule, limit = await self._counted(scope, path)
        now = self._clock.now()
        seconds = limit.get_expiry()
        window = int(now.timestamp()) // seconds
        key = f"{self._product}:{rule}:{sender}:{window}"
        count = await self._counter.increment(key, seconds)
        if count is None:
            await self.app(scope, receive, send)
            return
        headers = _headers(limit.amount, count, (window + 1) * seconds)
        announced = _announced(send, headers)
        if count <= limit.amount:
            await self.app(scope, receive, announced)
        else:
            wait = max(1, ceil((window + 1) * seconds - now.timestamp()))
            problem = _too_many(limit, wait)
            await self._errors.response(problem, now)(scope, receive, announced)

    async def _counted(self, scope: Scope, path: str) -> tuple[str, str, RateLimitItem]:
        """Whose request it is, and what it counts against."""
        if self._known is None:
            return _sender(scope), *self._rule(scope["method"], path, self._default)
        actor = await self._actor(scope)
        if actor is None:
            return _sender(scope), "default", self._default
        return actor, *self._rule(scope["method"], path, self._known)

    async def _actor(self, scope: Scope) -> str | None:
        """Who has shown a valid key. Whatever is wrong with it, the gate behind this one answers that."""
        try:
            return (await self._authentication.principal(scope)).actor
        except (Rejected, *DATABASE_ERRORS):
            return None

    def _rule(self, method: str, path: str, default: RateLimitItem) -> tuple[str, RateLimitItem]:
        for known, pattern, name, limit in self._rules:
            if known == method and pattern.match(path):
                return name, limit
        return "default", default


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    # One subscriber has a whole /64 of IPv6 addresses.
    return str(ipaddress.ip_network((host.partition("%")[0], 64), strict=False))


def _sender(scope: Scope) -> str:
    client = scope.get("client")
    host = client[0] if client else "local"
    return _network(host) if ":" in host else host


def _headers(amount: int, count: int, reset: int) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-ratelimit-limit", b"%d" % amount),
        (b"x-ratelimit-remaining", b"%d" % max(0, amount - count)),
        (b"x-ratelimit-reset", b"%d" % reset),
    ]


def _announced(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def announced(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return announced


def _too_many(limit: RateLimitItem, wait: int) -> Problem:
    per = f"{limit.get_expiry()} seconds"
    detail = f"Too many requests: at most {limit.amount} in {per} are allowed; please try again in {wait} seconds."
    return Problem(429, "RATE_LIMITED", detail, headers={"Retry-After": str(wait)})
