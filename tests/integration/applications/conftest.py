from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from runtime.system import System
from tests.applicant import Applicant
from tests.contract.tradeengage.conftest import fresh_database
from tests.grammar import StandingClock
from tests.running import running
from tests.samples import NOW


@pytest.fixture(scope="module")
def shared_clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def clock(shared_clock: StandingClock) -> Iterator[StandingClock]:
    """The clock of the module's system, back at the beginning of all tests."""
    shared_clock.moment = NOW
    return shared_clock


@pytest.fixture(scope="module")
async def passive(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, shared_clock: StandingClock
) -> AsyncIterator[System]:
    """A system without agents: nothing happens but what somebody does."""
    home: Path = tmp_path_factory.mktemp("home")
    async with (
        fresh_database(postgres) as dsn,
        running(dsn, home, agents=False, timers=False, clock=shared_clock) as run,
    ):
        yield run.system


@pytest.fixture
def applicant(passive: System, clock: StandingClock) -> Applicant:
    """Somebody who looks for work, new in each test."""
    return Applicant(passive, clock)


@pytest.fixture(scope="module")
async def active(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, shared_clock: StandingClock
) -> AsyncIterator[System]:
    """A system with agents and timers, whose time stands until a test moves it."""
    home: Path = tmp_path_factory.mktemp("home")
    async with fresh_database(postgres) as dsn, running(dsn, home, clock=shared_clock) as run:
        yield run.system
