"""An agent that notes what it handles, and events for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from infra.append import Appended
from infra.database import Pool
from infra.event_store import EventStore
from schemas.recorded import Recorded
from streams.agent import Agent, Send
from streams.checkpoints import Checkpoints
from streams.parking import Parking
from streams.redrive import Redrive
from streams.runner import Runner
from tests.appends import NOON, OWNER, appending, happened
from tests.kafka_log import PlainCodec

FEED = "store"
Effect = Callable[[Recorded], Awaitable[None]]


async def at_once(event: Recorded) -> None:
    """The effect of an event that needs no time."""


@dataclass
class Reacting:
    """`handled` holds positions in the order in which their effect was done; `effect` is what a test makes of it."""

    pool: Pool
    effect: Effect = at_once
    handled: list[int] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)

    @property
    def agent(self) -> Agent:
        agent = Agent("reacting", contexts=("dispatch",))
        agent.on("RoutingSynced")(self._react)
        return agent

    async def _react(self, event: Recorded, send: Send) -> None:
        self.begun.append(event.position)
        await self.effect(event)
        self.handled.append(event.position)

    def runner(self) -> Runner:
        return Runner(self.agent, None, self.pool)  # type: ignore[arg-type] (it sends no commands)

    def parking(self) -> Parking:
        return Parking(self.pool, "reacting")

    def redrive(self, store: EventStore) -> Redrive:
        """As another process would do it."""
        return Redrive(self.runner(), store, PlainCodec(), self.parking())  # type: ignore[arg-type]

    async def checkpoint(self) -> int:
        found = await Checkpoints(self.pool, "reacting").load(FEED)
        return found[0].position if found else 0


def event(position: int, stream: UUID | None = None, type: str = "RoutingSynced", version: int = 1) -> Recorded:
    """An event that is in no store."""
    return Recorded(
        position=position,
        stream_id=stream or uuid4(),
        version=version,
        category="dispatch",
        type=type,
        event_id=uuid4(),
        owner=OWNER,
        data=b"",
        metadata={},
        occurred_at=NOON,
        recorded_at=NOON,
        epoch=UUID(int=1),
        decode=lambda recorded: {},
    )


async def appended(store: EventStore, stream: UUID, version: int, count: int = 1) -> Appended:
    """More events of one stream in the store, from `version` on."""
    return await store.append(appending(*(happened(stream, version + n) for n in range(count))))


async def submit(runner: Runner, *events: Recorded) -> None:
    for one in events:
        await runner.submit(FEED, 0, one, one.position + 1)


class Gate:
    """Holds effects back until it is opened for their position."""

    def __init__(self) -> None:
        self._open: dict[int, asyncio.Event] = {}

    def _of(self, position: int) -> asyncio.Event:
        return self._open.setdefault(position, asyncio.Event())

    async def __call__(self, event: Recorded) -> None:
        await self._of(event.position).wait()

    def open(self, *positions: int) -> None:
        for position in positions:
            self._of(position).set()
