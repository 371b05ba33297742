"""Two processes, one of which is killed: its clients go on at the other, from the position they came to."""

import asyncio
import contextlib
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed

from tests.fault.processes.program import Program, program
from tests.web_sockets import SECONDS, Site

COUNT = 60


async def _speak(at: Site) -> None:
    for number in range(COUNT):
        await at.broadcast(str(number))


async def _listen(at: Site, query: str, heard: list[str], connected: asyncio.Event) -> int:
    """The last position before the connection ended, or once everything has been heard."""
    position = -1
    with contextlib.suppress(ConnectionClosed):
        async with at.device(query) as device:
            connected.set()
            while len(heard) < COUNT:
                message = await device.next()
                position = message["position"]
                heard.append(message["data"]["message"])
    return position


def _client(of: Program) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{of.port}/api/v1", timeout=SECONDS, trust_env=False)


async def test_a_client_of_a_killed_process_goes_on_at_another_one(database: str, tmp_path: Path) -> None:
    async with (
        program("serve", tmp_path, DATABASE_URL=database) as serve,
        program("api", tmp_path, DATABASE_URL=database) as api,
        _client(serve) as serving,
        _client(api) as killed,
    ):
        await asyncio.gather(serve.ready(), api.ready())
        here, there = Site(f"127.0.0.1:{serve.port}", serving), Site(f"127.0.0.1:{api.port}", killed)
        heard, connected = list[str](), asyncio.Event()
        listening = asyncio.create_task(_listen(there, "user_id=ann-of-green-gables", heard, connected))
        await connected.wait()
        speaking = asyncio.create_task(_speak(here))
        while len(heard) < COUNT // 3:
            await asyncio.sleep(0.01)
        await api.kill()
        position = await listening
        await _listen(here, f"last_position={position}", heard, connected)
        await speaking
        assert heard == [str(number) for number in range(COUNT)]
        async with here.device("user_id=ann-of-green-gables") as device:
            assert await serve.stop() == 0
            assert await device.closed() == 1012
        assert '"Web socket opened"' in api.log + serve.log
        assert "green" not in api.log + serve.log
