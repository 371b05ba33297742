"""Operators' commands, run as they run them: each in a process of its own, beside the system under test."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from infra.settings import Settings
from tests.running import KEY

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it wrote."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.output)


async def jobstream(*arguments: str, through: Sequence[str] = (), within: Path | None = None, **changes: str) -> Ended:
    """Run `jobstream`, `through` another program if any; `changes` are settings, beside the master key of all tests.

    Packages of ours in the folder `within` take the place of those that are tested.
    """
    async with started(*arguments, through=through, within=within, **changes) as command:
        async with asyncio.timeout(SECONDS):
            output, errors = await command.process.communicate()
        return Ended(await command.process.wait(), output.decode(), errors.decode())


@dataclass(frozen=True, slots=True)
class Started:
    """A command under way."""

    process: Process

    async def output_line(self) -> bytes:
        return await self._line(self.process.stdout)

    async def error_line(self) -> bytes:
        return await self._line(self.process.stderr)

    async def _line(self, stream: asyncio.StreamReader | None) -> bytes:
        assert stream is not None
        async with asyncio.timeout(SECONDS):
            return await stream.readline()

    async def ended(self) -> int:
        async with asyncio.timeout(SECONDS):
            return await self.process.wait()


def _heed_interrupts() -> None:
    """Whoever was started in the background, as these tests may be, ignores them, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def started(
    *arguments: str, through: Sequence[str] = (), within: Path | None = None, **changes: str
) -> AsyncIterator[Started]:
    """The same for a command that goes on until it is told to stop; killed at the end if it still runs."""
    plain = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *through, "cli", *arguments),
        env=plain | {"MASTER_KEY": KEY} | changes,
        stdout=PIPE,
        stderr=PIPE,
        cwd=within,
        preexec_fn=_heed_interrupts,
    )
    try:
        yield Started(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
