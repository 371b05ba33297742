"""An agent over the fresh database."""

import pytest

from infra.database import Database
from tests.integration.streams.reacting import Reacting


@pytest.fixture
def reacting(connections: Database) -> Reacting:
    return Reacting(connections.pool)
