"""Keeping to a provider's rate limit before it has to say so."""

from collections import deque
from collections.abc import Awaitable, Callable

from infra.outbound import Throttled


class Pace:
    """At most `per_second` turns in any second of `now`; whoever would wait over `patience` seconds is turned away."""

    def __init__(
        self, per_second: int, patience: float, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._patience, self._now, self._sleep = patience, now, sleep
        self._turns: deque[float] = deque(maxlen=per_second)

    async def turn(self) -> None:
        """Returns when it is one's turn. Raises `Throttled`."""
        now = self._now()
        full = len(self._turns) == self._turns.maxlen
        due = max(now, self._turns[0] + 1.0) if full else now
        if due - now > self._patience:
            raise Throttled("our own rate limit for this provider is used up", retry_after=due - now)
        self._turns.append(due)
        if due > now:
            await self._sleep(due - now)
