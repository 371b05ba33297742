import asyncio
from contextlib import suppress

import pytest

import runtime.parts
from runtime.parts import Background


async def test_a_part_that_swallows_its_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.parts, "INSIST_SECONDS", 0.01)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(30), Background(lambda: None) as background:
        background.start("deaf", deaf())
        await begun.wait()
    assert ended.is_set()
