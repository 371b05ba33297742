"""Operators' commands, run as they run them: each in a process of its own, beside the system under test."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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


async def jobstream(*arguments: str, through: Sequence[str] = (), **changes: str) -> Ended:
    """Run `jobstream`, `through` another program if any; `changes` are settings, beside the master key of all tests."""
    plain = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *through, "cli", *arguments),
        env=plain | {"MASTER_KEY": KEY} | changes,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(await process.wait(), output.decode(), errors.decode())
