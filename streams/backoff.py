"""Pauses between attempts at something that must work again sooner or later."""

import asyncio
import random


class Backoff:
    """Pauses that double from `first` to `longest` seconds, with jitter; short again after `reset`."""

    def __init__(self, first: float = 0.1, longest: float = 5.0) -> None:
        self._first, self._longest = first, longest
        self._next = first

    async def pause(self) -> None:
        # Jitter, so that several who lost the same broker do not come back in step.
        await asyncio.sleep(self._next * random.uniform(0.75, 1.25))
        self._next = min(self._next * 2, self._longest)

    def reset(self) -> None:
        self._next = self._first
