from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.api_keys import ApiKeys
from streams import deadlines
from tests.conformance.installation import SkippingClock
from tests.contract.automation.seeker import PLACE, People, Seeker
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


@pytest.fixture(scope="session")
async def people(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    """One system that asks for keys, so that a test can have somebody of its own; tests move its time forward."""
    home, clock = tmp_path_factory.mktemp("people"), SkippingClock()
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # The clock moves in leaps, so that deadlines are looked for more often.
        patch.setattr(deadlines, "TICK_SECONDS", 0.05)
        dsn = await stack.enter_async_context(fresh_database(postgres))
        started = await stack.enter_async_context(running(dsn, home, clock=clock, AUTH="enforced"))
        yield People(started, clock, ApiKeys(started.system.database.pool, clock), dsn, stack)


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def open_seeker(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A system over a database of the test's own. Takes what `running` takes."""
    monkeypatch.setattr(deadlines, "TICK_SECONDS", 0.05)

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Seeker]:
        async with running(database, tmp_path, **more) as started, started.at(PLACE) as client:
            yield Seeker(started, client)

    return opened
