"""A client that stops reading and stays: its connection, and what it holds, does not last for ever."""

import asyncio
import socket
from pathlib import Path

import pytest

from cli import serving
from tests.integration.live.test_coming_back import announce, narrow_socket
from tests.running import running, until
from tests.web_sockets import SECONDS, site


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system's TCP waits for ever")
async def test_a_client_that_never_reads_again_is_let_go(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "STUCK_SECONDS", 1)
    monkeypatch.setattr(serving, "WEB_SOCKET_PING_SECONDS", 1.0)
    async with (
        running(database, tmp_path, agents=False, timers=False) as started,
        site(started.system) as here,
        here.device(sock=await narrow_socket(here.address), max_queue=1, ping_interval=None) as stuck,
    ):
        stuck.socket.transport.pause_reading()
        for _ in range(20):
            await asyncio.gather(*(announce(started.system, "x" * 100_000) for _ in range(10)))

        async def let_go() -> bool:
            left: int = (await here.http.get("/connections")).json()["total_connections"]
            return left == 0

        await until(let_go, SECONDS)
        stuck.socket.transport.abort()
