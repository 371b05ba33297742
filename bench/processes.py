"""Processes to measure: roles of the system, the bare endpoint, the load generator."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

MASTER_KEY = "11" * 32
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_SILENT = ("relay", "projector", "agents")
_FIXED = {"RATE_LIMITS": "off", "LOG_FORMAT": "json"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(folder: Path, *arguments: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m …`, from when it says on stdout that it is ready (some roles never do). Its log goes into `folder`."""
    with (folder / f"{'-'.join(arguments)}.log").open("ab") as log:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *arguments, stdout=-1, stderr=log, env=os.environ | _FIXED | settings
        )
    try:
        if arguments[-1] not in _SILENT:
            await asyncio.wait_for(_ready(started), _START_SECONDS)
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        try:
            await asyncio.wait_for(started.wait(), _STOP_SECONDS)
        except TimeoutError:
            started.kill()
            await started.wait()


async def _ready(started: asyncio.subprocess.Process) -> None:
    assert started.stdout is not None
    while line := await started.stdout.readline():
        if b"ready" in line:
            return
    raise RuntimeError(f"a process ended before it was ready, with status {await started.wait()}")


async def load(
    port: int,
    path: str,
    body: Mapping[str, Any] | None,
    callers: int,
    seconds: float,
    per_second: float | None = None,
    numbers: range | None = None,
) -> dict[str, Any]:
    """What the load generator reports: POST, or GET without a body. Raises RuntimeError when a request was refused.

    `numbers` are those that a `{n}` in the path goes through.
    """
    given = [str(port), "GET" if body is None else "POST", path, str(callers), str(seconds)]
    if per_second is not None:
        given += ["--rate", str(per_second)]
    if numbers is not None:
        given += ["--first", str(numbers.start), "--end", str(numbers.stop)]
    generator = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.load", *given, stdin=-1, stdout=-1)
    out, _ = await generator.communicate(b"" if body is None else orjson.dumps(body))
    if generator.returncode:
        raise RuntimeError(f"the load generator ended with status {generator.returncode}")
    report: dict[str, Any] = orjson.loads(out)
    if report["refused"]:
        raise RuntimeError(f"{report['refused']} requests were refused, the first with {report['first']}")
    return report
