import asyncio

import pytest

from streams.ending import ended


async def test_what_passes_over_being_cancelled_is_not_waited_for() -> None:
    release = asyncio.Event()

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async with asyncio.timeout(30):
        assert not await ended(deaf(), 0.01, of="deaf")
    release.set()


@pytest.mark.parametrize("error", [OSError(), asyncio.CancelledError()], ids=["error", "cancellation"])
async def test_how_it_ends_is_not_how_we_end(error: BaseException) -> None:
    async def failing() -> None:
        raise error

    assert await ended(failing(), 30, of="failing")
