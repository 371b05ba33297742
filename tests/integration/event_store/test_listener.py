"""The listening connection of a process."""

import asyncio

import pytest

from infra import listener
from infra.database import Database
from tests.running import until


async def test_a_quiet_connection_is_probed_and_goes_on_listening(
    connections: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_PROBE_SECONDS", 0.02)
    heard: list[str | None] = []
    connections.listen("quiet", heard.append)

    async def listening() -> bool:
        return None in heard

    async def notified() -> bool:
        return "something" in heard

    await until(listening)
    await asyncio.sleep(0.2)  # what is tested is that nothing happens for several probes
    await connections.pool.execute("select pg_notify('quiet', 'something')")
    await until(notified)
    assert heard.count(None) == 1
