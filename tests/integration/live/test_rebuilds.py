"""Folding the whole log again tells nobody anything again, and nobody misses what happens meanwhile."""

import asyncio
from pathlib import Path

from projections.live_updates.fold import live_updates
from projections.rebuild import rebuilding
from tests.integration.live.test_coming_back import announce, texts
from tests.running import running
from tests.web_sockets import site


async def test_a_rebuild_and_its_flip_repeat_nothing_and_lose_nothing(database: str, tmp_path: Path) -> None:
    async with (
        running(database, tmp_path, agents=False, timers=False) as started,
        site(started.system) as here,
        here.device() as steady,
    ):
        system = started.system
        for number in range(50):
            await announce(system, str(number))
        assert await texts(steady, 50) == [str(number) for number in range(50)]

        async def speak() -> None:
            for number in range(50, 250):
                await announce(system, str(number))

        speaking = asyncio.create_task(speak())
        async with rebuilding(system.source, live_updates) as rebuild:
            await rebuild.fill()
            assert (await rebuild.difference()).rows == 0
            await rebuild.flip()
        await speaking
        told = [await steady.next() for _ in range(200)]
        assert [message["data"]["message"] for message in told] == [str(number) for number in range(50, 250)]
        assert (await steady.ask(action="ping"))["type"] == "system.pong"
        async with here.device(f"last_position={told[100]['position']}") as back:
            assert await texts(back, 99) == [str(number) for number in range(151, 250)]
