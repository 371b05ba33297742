import asyncpg
import pytest

from infra.outbound import Refused
from infra.outbound.http import on_loopback
from infra.pos.registry import registry
from infra.settings import load
from tests.integration.pos.conftest import ACME, Simulator, work_order


async def test_both_providers_work_as_registered(database: str, simulator: Simulator) -> None:
    settings = load({"SERVICETITAN_URL": simulator.url})
    async with asyncpg.create_pool(database, min_size=1) as pool, registry(settings, pool) as providers:
        assert sorted(providers) == ["mock", "servicetitan"]
        for name, provider in providers.items():
            assert provider.name == name
            assert (await provider.create(None, work_order())).external_id


async def test_tokens_may_come_from_another_host(database: str, simulator: Simulator) -> None:
    settings = load({"SERVICETITAN_URL": "http://127.0.0.1:1", "SERVICETITAN_AUTH_URL": simulator.url})
    await simulator.fail("token", "refuse_token")
    async with asyncpg.create_pool(database, min_size=1) as pool, registry(settings, pool) as providers:
        with pytest.raises(Refused, match="credentials of acme were refused"):
            await providers["servicetitan"].find(ACME, work_order().routing_id)


async def test_there_is_no_development_tenant_outside_this_machine(database: str) -> None:
    settings = load({"SERVICETITAN_URL": "https://api.servicetitan.example"})
    async with asyncpg.create_pool(database, min_size=1) as pool, registry(settings, pool) as providers:
        with pytest.raises(Refused, match="no credentials"):
            await providers["servicetitan"].create(None, work_order())


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8100", True),
        ("http://[::1]:8100", True),
        ("http://localhost", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127.0.0.1@example.com", False),
        ("http://0.0.0.0", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_that_looks_like_it(url: str, loopback: bool) -> None:
    assert on_loopback(url) is loopback
