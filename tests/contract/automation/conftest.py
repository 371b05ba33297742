from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams import deadlines
from tests.conformance.installation import SkippingClock
from tests.contract.automation.seeker import PLACE, Seeker
from tests.contract.tradeengage.conftest import fresh_database
from tests.running import Running, running

Open = Callable[..., AbstractAsyncContextManager[Seeker]]


@pytest.fixture(scope="session")
async def tracking(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One system for many tests: they only add to it."""
    home: Path = tmp_path_factory.mktemp("automation")
    async with fresh_database(postgres) as dsn, running(dsn, home, ROOT_API="automation") as started:
        yield started


@pytest.fixture(scope="session")
async def seeker(tracking: Running) -> AsyncIterator[Seeker]:
    async with tracking.at(PLACE) as client:
        yield Seeker(tracking, client)


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def open_seeker(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A system over a database of the test's own. Takes what `running` takes."""
    # The clock moves in leaps, so that deadlines are looked for more often.
    monkeypatch.setattr(deadlines, "TICK_SECONDS", 0.02)

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Seeker]:
        async with running(database, tmp_path, **more) as started, started.at(PLACE) as client:
            yield Seeker(started, client)

    return opened
