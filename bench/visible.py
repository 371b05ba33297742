"""From a command to its effect in the read models, at 50 requests/s: `python -m bench.visible embedded`, or `kafka`.

The answer to a POST waits until the read models show the job, so its latency is the time from command to visible; it
counts from the moment at which the request was due. The agents run, and keep up.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench import directory
from bench.measurement import Result
from bench.posting import TOGETHER, Site, site
from bench.processes import load
from infra.kafka.broker import Broker
from streams import topics

PER_SECOND = 50.0
CALLERS = 64
WARM_UP_SECONDS = 3.0
SECONDS, QUICK_SECONDS = 30.0, 6.0
ROLES = (("cli", "relay"), ("cli", "projector"), ("cli", "agents"), ("cli", "api"))


async def embedded(seconds: float = SECONDS) -> Result:
    async with site(*TOGETHER) as here:
        return await _latency("command to visible, p99, embedded", here, seconds, 20.0)


async def kafka(seconds: float = SECONDS) -> Result:
    """Raises `BrokerUnavailable`."""
    async with _broker() as bootstrap:
        await topics.apply(bootstrap, "")
        async with site(*ROLES, KAFKA_BOOTSTRAP_SERVERS=bootstrap) as here:
            return await _latency("command to visible, p99, through Kafka", here, seconds, 60.0)


@asynccontextmanager
async def _broker() -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobstream-bench-kafka-")))
        broker = Broker(home)
        await broker.start()
        stack.push_async_callback(broker.stop)
        yield broker.bootstrap


async def _latency(name: str, here: Site, seconds: float, target: float) -> Result:
    await load(here.ours, directory.PATH, here.body, CALLERS, WARM_UP_SECONDS, PER_SECOND)
    await here.settle()
    report = await load(here.ours, directory.PATH, here.body, CALLERS, seconds, PER_SECOND)
    await here.settle()
    return Result(name, report["p99"], target, "ms", at_most=True, details={"p50_ms": report["p50"]})


if __name__ == "__main__":
    print(asyncio.run({"embedded": embedded, "kafka": kafka}[sys.argv[1]]()))
