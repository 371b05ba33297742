"""Projectors or agents in a process of their own, over the event store's feed: `python -m bench.followers projectors`.

The roles `jobstream projector` and `jobstream agents` read Kafka; without a broker this takes their place.
"""

import sys

from cli.processor_time import give_way, spare_collections
from cli.roles import Role, start
from runtime import parts


async def _projectors(role: Role) -> None:
    feed = await role.stack.enter_async_context(parts.store_feed(role.system))
    parts.start_projectors(role.system, feed, role.background)
    await _until_stopped(role)


async def _agents(role: Role) -> None:
    give_way()
    feed = await role.stack.enter_async_context(parts.store_feed(role.system))
    parts.start_agents(role.system, feed, role.background)
    parts.start_timers(role.system, role.background)
    await _until_stopped(role)


async def _until_stopped(role: Role) -> None:
    spare_collections()
    print("ready", flush=True)
    await role.stop.wait()


if __name__ == "__main__":
    start(sys.argv[1], {"projectors": _projectors, "agents": _agents}[sys.argv[1]], "DATABASE_URL")
