from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.api.sample import sample_app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The sample product at /api/v1 and /tradeengage/api/v1, in development mode, without rate limits."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sample_app()), base_url="http://localhost") as client:
        yield client
