"""A circuit breaker: after some failures in a row nothing is sent for a while, then one call tries the water."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from prometheus_client import Gauge

from infra.outbound.errors import CircuitOpen, OutboundError

CIRCUIT_OPEN = Gauge("outbound_circuit_open", "1 while calls to the system are held back", ["system"])


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens after `threshold` failures in a row, for `cooldown` seconds of `now`; then exactly one trial call decides.

    Failures are counted by operation: the look-ups that succeed between creates that fail must not hide them. An
    operation that has failed so often reopens the circuit with its next failure, until it succeeds.
    Our own because the kept libraries let every waiting caller through once half open, and time by the wall clock.
    """

    def __init__(self, system: str, threshold: int, cooldown: float, now: Callable[[], float]) -> None:
        self._system, self._threshold, self._cooldown, self._now = system, threshold, cooldown, now
        self._failures: Counter[str] = Counter()
        self._opened_at: float | None = None
        self._trial = False
        # Counts the changes of state, so that a call begun before a change cannot decide anything after it.
        self._epoch = 0
        CIRCUIT_OPEN.labels(system).set(0)

    @property
    def circuit(self) -> Circuit:
        if self._opened_at is None:
            return Circuit.CLOSED
        return Circuit.OPEN if self._cooling() > 0 else Circuit.HALF_OPEN

    def check(self) -> None:
        """Raises `CircuitOpen` when a call begun now would not be let through."""
        if self.circuit is Circuit.OPEN or (self.circuit is Circuit.HALF_OPEN and self._trial):
            raise CircuitOpen(f"{self._system}: not called, recent calls failed", retry_after=max(self._cooling(), 1.0))

    @contextmanager
    def guard(self, operation: str) -> Iterator[None]:
        """Around one call. Raises `CircuitOpen` instead of letting it through."""
        self.check()
        self._trial = self.circuit is Circuit.HALF_OPEN
        epoch = self._epoch
        failed: bool | None = None
        try:
            yield
            failed = False
        except OutboundError as error:
            failed = error.failure
            raise
        finally:
            if epoch == self._epoch:
                self._learn(operation, failed)

    def _learn(self, operation: str, failed: bool | None) -> None:
        trial, self._trial = self._trial, False
        if failed is None:
            return  # cancelled, throttled or a defect of ours: it says nothing about the system
        if not failed:
            del self._failures[operation]
            self._change(None)
            return
        self._failures[operation] += 1
        if trial or self._failures[operation] >= self._threshold:
            self._change(self._now())

    def _change(self, opened_at: float | None) -> None:
        if opened_at is None and self._opened_at is None:
            return
        self._opened_at = opened_at
        self._epoch += 1
        CIRCUIT_OPEN.labels(self._system).set(0 if opened_at is None else 1)

    def _cooling(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + self._cooldown - self._now()
