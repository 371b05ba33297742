from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.pos.servicetitan import adapter
from infra.pos.simulator import build
from streams import deadlines
from tests.contract.tradeengage.conftest import (  # noqa: F401 (fixtures of both folders)
    desk,
    fresh_database,
    shared_database,
    system,
)
from tests.contract.tradeengage.desk import Desk
from tests.grammar import StandingClock
from tests.integration.pos.conftest import Simulator, served
from tests.running import running

Open = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture(scope="module")
async def enforced_database(postgres: str) -> AsyncIterator[str]:
    """One database for a module whose system asks for keys."""
    async with fresh_database(postgres) as dsn:
        yield dsn


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def open_desk(database: str, tmp_path: Path) -> Open:
    """A system over a database of the test's own, with a requesting company in it. Takes what `running` takes."""

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Desk]:
        async with running(database, tmp_path, **more) as started:
            yield await Desk(started, started.client).open()

    return opened


@pytest.fixture(scope="session")
async def titan_url() -> AsyncIterator[str]:
    async with served(build()) as url:
        yield url


@pytest.fixture
async def titan(titan_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    """ServiceTitan over loopback HTTP. Creating a job there times out after 0.4 s, not 15."""
    monkeypatch.setattr(adapter, "CREATE", adapter.Operation("create", timeout=0.4, repeatable=False))
    async with httpx.AsyncClient(base_url=titan_url, trust_env=False) as control:
        yield Simulator(titan_url, control)
        await control.delete("/_simulator")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines are looked for more often, since the tests' clock moves in leaps."""
    monkeypatch.setattr(deadlines, "TICK_SECONDS", 0.02)
