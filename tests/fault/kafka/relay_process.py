"""A relay in a process of its own, to be killed: python -m tests.fault.kafka.relay_process DSN BOOTSTRAP PREFIX.

Says `active` once it relays. Its batches are small, so that a kill at any moment mostly hits an open transaction.
"""

import asyncio
import sys

from streams import relay
from tests.kafka_log import eventually, opened_log


async def main(dsn: str, bootstrap: str, prefix: str) -> None:
    relay.BATCH = 50
    async with opened_log(dsn) as log:
        relaying = log.relay(bootstrap, prefix)
        task = asyncio.create_task(relaying.run())

        async def active() -> bool:
            return relaying.active or task.done()

        await eventually(active, 120)
        print("active", flush=True)
        await task


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
