"""Who may connect, where keys are asked for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from api.live import connection
from infra import api_keys
from infra.api_keys import ApiKeys
from tests.contract.tradeengage.conftest import fresh_database
from tests.running import Running, running
from tests.web_sockets import Site, site

OWNER = UUID(int=77)


@dataclass(frozen=True)
class Keyed:
    """A site that asks for keys, and where they are made."""

    site: Site
    keys: ApiKeys
    started: Running

    async def key(self, *scopes: str, owner: UUID = OWNER) -> str:
        return (await self.keys.create("a client", scopes, owner))[1]

    def offering(self, key: str) -> list[Subprotocol]:
        return [Subprotocol("jobstream.v1"), Subprotocol(f"api-key.{key}")]


@pytest.fixture(scope="module")
async def keyed(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Keyed]:
    home: Path = tmp_path_factory.mktemp("keyed")
    async with (
        fresh_database(postgres) as dsn,
        running(dsn, home, agents=False, timers=False, AUTH="enforced") as started,
    ):
        keys = ApiKeys(started.system.database.pool, started.system.clock)
        _, operator = await keys.create("operator", ("read", "write", "admin"), UUID(int=1))
        async with site(started.system, **{"X-API-Key": operator}) as here:
            yield Keyed(here, keys, started)


async def test_without_a_key_nobody_connects(keyed: Keyed) -> None:
    for options in (
        {},
        {"additional_headers": {"X-API-Key": "js_0_wrong"}},
        {"subprotocols": keyed.offering("js_0_wrong")},
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{keyed.site.address}/api/v1/ws", proxy=None, **options)  # type: ignore[arg-type]
        assert refused.value.response.status_code == 401
        assert b"A valid API key is needed" in refused.value.response.body


async def test_a_program_shows_its_key_in_the_header(keyed: Keyed) -> None:
    async with keyed.site.device(additional_headers={"X-API-Key": await keyed.key("read")}) as device:
        await keyed.site.broadcast("to programs")
        assert (await device.next())["data"]["message"] == "to programs"


async def test_a_page_offers_its_key_as_a_subprotocol_and_speaks_the_other(keyed: Keyed) -> None:
    offered = keyed.offering(await keyed.key("read"))
    async with keyed.site.device(subprotocols=offered, origin="https://app.example") as device:
        assert device.socket.subprotocol == "jobstream.v1"
        await keyed.site.broadcast("to pages")
        assert (await device.next())["data"]["message"] == "to pages"


async def test_only_operators_see_who_is_connected_and_broadcast(keyed: Keyed) -> None:
    plain = {"X-API-Key": await keyed.key("read", "write")}
    assert (await keyed.site.http.get("/connections", headers=plain)).status_code == 403
    refused = await keyed.site.http.post("/broadcast", json={"message": "hello"}, headers=plain)
    assert refused.status_code == 403


async def test_a_connection_ends_soon_after_its_key_was_revoked(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "AUTHORISED_SECONDS", 0.05)
    monkeypatch.setattr(api_keys, "REMEMBERED", 0.01)
    made, text = await keyed.keys.create("a client", ["read"], OWNER)
    async with keyed.site.device(additional_headers={"X-API-Key": text}) as device:
        await keyed.site.broadcast("still there")
        assert (await device.next())["data"]["message"] == "still there"
        await keyed.keys.revoke(made.id)
        assert await device.closed() == 1008
