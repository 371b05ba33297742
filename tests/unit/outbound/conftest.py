"""A system whose time stands still until a test moves it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import pytest

from infra.outbound import Outbound, Policy


@dataclass
class Time:
    """Sleeping moves it; deadlines are real, a hundred times shorter."""

    present: float = 1000.0
    slept: list[float] = field(default_factory=list)
    spread: float = 1.0

    def now(self) -> float:
        return self.present

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.present += seconds

    def uniform(self, low: float, high: float) -> float:
        return min(max(self.spread, low), high)

    def within(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds / 100)

    def outbound(self, system: str = "somewhere", policy: Policy | None = None) -> Outbound:
        return Outbound(system, policy, now=self.now, sleep=self.sleep, uniform=self.uniform, within=self.within)


@pytest.fixture
def time() -> Time:
    return Time()
