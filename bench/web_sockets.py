"""A thousand web sockets on one process: `python -m bench.web_sockets`.

From the moment at which somebody sends a broadcast (a command, an event, a read model, an envelope) until the last
client has it; and what each connection holds in memory. Linux only: it reads /proc.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from bench.measurement import Result
from bench.memory import megabytes
from bench.processes import free_port, process

SOCKETS = 1000
EVENTS, QUICK_EVENTS = 200, 40
PER_SECOND = 10.0
PRODUCT = "automation"
WARM_UP = 10
SETTLE_SECONDS = 2.0
_ALL_SECONDS = 30.0


async def measure(events: int = EVENTS) -> list[Result]:
    async with AsyncExitStack() as stack:
        folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobstream-bench-"))), free_port()
        settings = {"JOBSTREAM_HOME": str(folder), "PORT": str(port), "LOG_LEVEL": "warning"}
        serve = await stack.enter_async_context(process(folder, "cli", "serve", **settings))
        address = f"http://127.0.0.1:{port}/{PRODUCT}/api/v1"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=60))
        await _broadcast(client)
        await asyncio.sleep(SETTLE_SECONDS)
        alone = megabytes([serve.pid])
        listening = await stack.enter_async_context(
            process(folder, "bench.listening", str(port), PRODUCT, str(SOCKETS))
        )
        await asyncio.sleep(SETTLE_SECONDS)
        connected = megabytes([serve.pid])
        await _latencies(client, listening, WARM_UP)
        found = await _latencies(client, listening, events)
    name = f"{SOCKETS:,} web sockets on one process"
    first, last = zip(*found, strict=True)
    details = {"p50_ms": _quantile(last, 50), "first_client_p99_ms": _quantile(first, 99), "events": len(found)}
    return [
        Result(f"{name}: event to last client, p99", _quantile(last, 99), 150, "ms", at_most=True, details=details),
        Result(f"{name}: memory a connection", 1000 * (connected - alone) / SOCKETS, None, "kB"),
    ]


async def _latencies(
    client: httpx.AsyncClient, listening: asyncio.subprocess.Process, events: int
) -> list[tuple[float, float]]:
    """Milliseconds to the first and to the last client, of each of so many events."""
    loop, sending = asyncio.get_running_loop(), []
    began = loop.time()
    for number in range(events):
        await asyncio.sleep(began + number / PER_SECOND - loop.time())
        sending.append(asyncio.create_task(_broadcast(client)))
    await asyncio.gather(*sending)
    assert listening.stdout is not None
    found = []
    async with asyncio.timeout(_ALL_SECONDS):
        for _ in range(events):
            first, last = (await listening.stdout.readline()).split()
            found.append((float(first), float(last)))
    return found


async def _broadcast(client: httpx.AsyncClient) -> None:
    answer = await client.post("/broadcast", json={"message": str(time.monotonic())})
    answer.raise_for_status()


def _quantile(values: tuple[float, ...], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


if __name__ == "__main__":
    for result in asyncio.run(measure(QUICK_EVENTS if "--quick" in sys.argv else EVENTS)):
        print(result)
