"""An agent in a process of its own, to be killed: python -m tests.fault.kafka.agent_process DSN BOOTSTRAP PREFIX."""

import asyncio
import sys

from tests.kafka_agent import run_counting
from tests.kafka_log import opened_log


async def main(dsn: str, bootstrap: str, prefix: str) -> None:
    async with opened_log(dsn) as log:
        await run_counting(log, bootstrap, prefix)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
