"""A re-publication in a process of its own, to be killed:

python -m tests.fault.kafka.republish_process DSN BOOTSTRAP PREFIX TOPIC. Says how far it is after each batch; its
batches are small, so that a kill at any moment mostly hits an open transaction.
"""

import asyncio
import sys

from streams import republish
from streams.republish import Republication, Wanted
from tests.kafka_log import opened_log


async def main(dsn: str, bootstrap: str, prefix: str, topic: str) -> None:
    republish.BATCH = 50
    async with opened_log(dsn) as log:
        run = Republication(log.store, bootstrap, prefix, Wanted("killed", topic), rate=1e9)
        await run.run(lambda run: print(run.position, flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
