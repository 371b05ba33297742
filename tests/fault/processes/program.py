"""Real processes of the system: started, told to stop, killed, and started again over the same state."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from infra.settings import Settings
from tests.running import KEY, until

HASTY = "tests.fault.processes.hasty"
START_SECONDS = 60.0
STOP_SECONDS = 40.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """The test's own, less whatever settings it has, for a quiet system with its state below `home`."""
    plain = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    ours = {"JOBSTREAM_HOME": str(home / "state"), "MASTER_KEY": KEY, "RATE_LIMITS": "off", "SAMPLE_DATA": "off"}
    return plain | ours | {"LOG_FORMAT": "json"} | dict(changes)


class Program:
    """One role; `module` is the program, `cli` or the hasty one, `through` one that runs it. Its log goes on over
    restarts.
    """

    def __init__(self, role: str, home: Path, module: str = HASTY, through: Sequence[str] = (), **changes: str) -> None:
        self.role, self.home = role, home
        self.port = free_port()
        self._command = [sys.executable, "-m", *through, module, role]
        self._environment = environment(home, {"PORT": str(self.port), "METRICS_PORT": "0"} | changes)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.root}/tradeengage/api/v1"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.home / f"{self.role}.log").read_text()

    async def start(self) -> None:
        with (self.home / f"{self.role}.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, stdout=log, stderr=log
            )

    async def ready(self) -> None:
        """Wait until it answers over HTTP, every read model included."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

            async def answers() -> bool:
                assert self._process is None or self._process.returncode is None, self.log[-3000:]
                try:
                    return (await client.get(f"{self.url}/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(answers, START_SECONDS)

    async def ended(self) -> int:
        """The exit status. Fails when it does not end in time."""
        assert self._process is not None
        async with asyncio.timeout(STOP_SECONDS):
            return await self._process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return await self.ended()

    @property
    def ended_by_itself(self) -> int | None:
        """The exit status, once it has one that nobody asked for."""
        return None if self._process is None else self._process.returncode

    def freeze(self) -> None:
        """Not a step further until `thaw`; its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def program(
    role: str, home: Path, module: str = HASTY, through: Sequence[str] = (), **changes: str
) -> AsyncIterator[Program]:
    """Started; killed at the end if it still runs."""
    started = Program(role, home, module, through, **changes)
    await started.start()
    try:
        yield started
    finally:
        await started.kill()


async def outcome(home: Path, *arguments: str, **changes: str) -> tuple[int, str]:
    """Exit status and standard error of a command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *arguments),
        env=environment(home, changes),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(STOP_SECONDS):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return await process.wait(), errors.decode()
