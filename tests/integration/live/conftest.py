from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.tradeengage.conftest import fresh_database
from tests.running import Running, running
from tests.web_sockets import Site, site


@pytest.fixture(scope="module")
async def module_database(postgres: str) -> AsyncIterator[str]:
    """One database for a module: its tests tell their own messages from others'."""
    async with fresh_database(postgres) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def system(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    home: Path = tmp_path_factory.mktemp("live")
    async with running(module_database, home, agents=False, timers=False) as started:
        yield started


@pytest.fixture(scope="module")
async def here(system: Running) -> AsyncIterator[Site]:
    async with site(system.system) as started:
        yield started
