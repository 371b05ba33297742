"""A writer that competes for streams, as a task or as a process (`python -m tests.fault.event_store.writing`)."""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from infra.append import Append, Status
from infra.database import Database
from infra.event_store import EventStore
from tests.appends import appending, happened

Acknowledge = Callable[[Append, int], None]
STREAMS = [UUID(int=number) for number in range(1, 21)]


async def write(store: EventStore, count: int, acknowledge: Acknowledge, streams: Sequence[UUID] = STREAMS) -> None:
    """Store `count` appends over one to three of the streams each, again from the start after each conflict."""
    for _ in range(count):
        chosen = random.sample(streams, random.randint(1, 3))
        command = uuid4() if random.random() < 0.5 else None
        while True:
            read = await store.read_streams([(stream, 0) for stream in chosen])
            heads = {stream: len(rows) for stream, rows in read.items()}
            events = [happened(stream, head + n) for stream, head in heads.items() for n in (1, 2)]
            append = appending(*events, command_id=command)
            appended = await store.append(append)
            assert appended.status is not Status.DUPLICATE
            if appended.status is Status.OK:
                acknowledge(append, appended.first)
                break


def _print(append: Append, first: int) -> None:
    print(first, *(event.event_id for event in append.events), flush=True)


async def _main(dsn: str, count: int) -> None:
    database = await Database.open(dsn, size=2)
    store = await EventStore.open(database)
    await asyncio.gather(*(write(store, count, _print) for _ in range(4)))
    await store.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
