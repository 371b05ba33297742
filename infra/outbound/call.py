"""The one way out: every call to an outside system goes through here."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from opentelemetry import trace
from prometheus_client import Histogram
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from infra import telemetry
from infra.outbound.breaker import Breaker, Circuit
from infra.outbound.bulkhead import Bulkhead
from infra.outbound.errors import Ambiguous, BulkheadFull, CircuitOpen, OutboundError, Unavailable

T = TypeVar("T")

CALL_SECONDS = Histogram("outbound_call_seconds", "One attempt at a call", ["system", "operation", "outcome"])


@dataclass(frozen=True, slots=True)
class Operation:
    """What is called. `timeout` is hard, in seconds, for one attempt. `repeatable`: twice has the effect of once."""

    name: str
    timeout: float
    repeatable: bool

    def lost(self, reason: str, retry_after: float | None = None) -> OutboundError:
        """The error for a request that went out and whose answer is missing or makes no sense."""
        return Unavailable(reason, retry_after) if self.repeatable else Ambiguous(reason)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one system is treated. Times in seconds."""

    attempts: int = 3
    first_wait: float = 1.0
    longest_wait: float = 30.0
    jitter: float = 0.25
    failures: int = 5
    cooldown: float = 60.0
    slots: int = 32
    queue: int = 256
    queue_wait: float = 5.0


class Outbound:
    """The calls to one system: hard timeout, bulkhead, circuit breaker, span and metric for each attempt.

    Attempts are repeated only for operations declared repeatable, and only after `Unavailable`.
    Time, sleep, deadlines and randomness can be given, so that tests travel.
    """

    def __init__(
        self,
        system: str,
        policy: Policy | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        within: Callable[[float], AbstractAsyncContextManager[object]] = asyncio.timeout,
    ) -> None:
        self.system = system
        self._policy = policy or Policy()
        self._now, self._sleep, self._uniform, self._within = now, sleep, uniform, within
        self._breaker = Breaker(system, self._policy.failures, self._policy.cooldown, now)
        self._bulkhead = Bulkhead(system, self._policy.slots, self._policy.queue, self._policy.queue_wait)

    @property
    def circuit(self) -> Circuit:
        return self._breaker.circuit

    def health(self) -> str:
        """Says "healthy", or "degraded" while calls are held back or a trial call is due."""
        return "healthy" if self.circuit is Circuit.CLOSED else "degraded"

    def longest(self, operation: Operation) -> float:
        """The longest that a call takes, in seconds, with the waiting for a slot and the repetitions."""
        once, policy = self._policy.queue_wait + operation.timeout, self._policy
        if not operation.repeatable:
            return once
        return once * policy.attempts + policy.longest_wait * (1 + policy.jitter) * (policy.attempts - 1)

    async def call(self, operation: Operation, attempt: Callable[[], Awaitable[T]]) -> T:
        """What `attempt` returns. Raises `Refused`, `Unavailable` or `Ambiguous`; a defect of ours as it is."""
        try:
            return await self._once(operation, attempt)
        except OutboundError as error:
            if not operation.repeatable or not self._worth_repeating(error):
                raise
            return await self._repeated(operation, attempt, error)

    async def _repeated(self, operation: Operation, attempt: Callable[[], Awaitable[T]], first: OutboundError) -> T:
        # Only now: to set up tenacity's loop costs more than a whole call to the embedded provider.
        failed = [first]

        async def once() -> T:
            if failed:
                raise failed.pop()
            return await self._once(operation, attempt)

        retrying = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._policy.attempts),
            retry=retry_if_exception(self._worth_repeating),
            wait=self._wait,
            reraise=True,
        )
        return await retrying(once)

    def _worth_repeating(self, error: BaseException) -> bool:
        if not isinstance(error, Unavailable) or isinstance(error, CircuitOpen | BulkheadFull):
            return False
        # Whoever asks for more than our longest wait is better asked again by a deadline than by a sleeping task.
        return (error.retry_after or 0.0) <= self._policy.longest_wait

    def _wait(self, state: RetryCallState) -> float:
        wait = min(self._policy.first_wait * 2.0 ** (state.attempt_number - 1), self._policy.longest_wait)
        wait *= self._uniform(1 - self._policy.jitter, 1 + self._policy.jitter)
        error = state.outcome.exception() if state.outcome else None
        asked_for = error.retry_after if isinstance(error, Unavailable) else None
        return max(wait, asked_for or 0.0)

    async def _once(self, operation: Operation, attempt: Callable[[], Awaitable[T]]) -> T:
        started, outcome = self._now(), "defect"
        attributes = {"jobstream.provider": self.system, "jobstream.operation": operation.name}
        with telemetry.span(f"{self.system} {operation.name}", trace.SpanKind.CLIENT, attributes=attributes) as span:
            try:
                result = await self._guarded(operation, attempt)
                outcome = "ok"
                return result
            except OutboundError as error:
                outcome = error.outcome
                raise
            except asyncio.CancelledError:
                outcome = "cancelled"
                raise
            finally:
                span.set_attribute("jobstream.outcome", outcome)
                CALL_SECONDS.labels(self.system, operation.name, outcome).observe(self._now() - started)

    async def _guarded(self, operation: Operation, attempt: Callable[[], Awaitable[T]]) -> T:
        self._breaker.check()  # before the queue: while the circuit is open nobody stands in line
        async with self._bulkhead.slot():
            with self._breaker.guard(operation.name):
                try:
                    async with self._within(operation.timeout):
                        return await attempt()
                except TimeoutError as error:
                    late = f"{self.system}: no answer to {operation.name} in {operation.timeout:g} s"
                    raise operation.lost(late) from error
