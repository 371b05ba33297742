"""One reader for all connections of a process: reads new updates once, and wakes those whom they are for.

Nothing waits in a queue for a connection. Each knows the position it has come to, and takes what follows it from its
owner's window of recent envelopes, or from the table when that is further back. A client that is slow, or was away,
only costs reading again: it holds nobody back, and no memory grows with what it has not taken yet.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

import structlog

from api.live.envelope import Dialect, Envelope
from domain.notifications.channels import Channel
from infra import telemetry
from infra.presence import Census
from projections.live_updates import fold
from projections.live_updates.fold import EVERYBODY, live_updates
from projections.live_updates.queries import LiveUpdates
from projections.positions import Positions

log = structlog.get_logger(__name__)

WINDOW = 128  # envelopes that stay in memory for each owner who is connected
PAGE = 200  # what is read from the table at once
READERS = 2  # connections that read from the table at a time: the pool is there for requests too
RETRY_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class Audience:
    """The connections of one owner. Everything after `begins` is in the window; None until it was first read for."""

    owner: UUID
    subscribers: set["Subscriber"] = field(default_factory=set)
    window: deque[Envelope] = field(default_factory=deque)
    begins: int | None = None
    untold: bool = False

    def after(self, position: int) -> Sequence[Envelope]:
        """What the window has after `position`, in order."""
        found = []
        for envelope in reversed(self.window):
            if envelope.position <= position:
                break
            found.append(envelope)
        return found[::-1]

    def begin(self, position: int) -> None:
        if self.begins is None:
            self.begins, self.untold = position, True

    def take(self, envelope: Envelope) -> None:
        self.window.append(envelope)
        self.untold = True
        if len(self.window) > WINDOW:
            self.begins = self.window.popleft().position

    def tell(self) -> None:
        if self.untold:
            self.untold = False
            for subscriber in self.subscribers:
                subscriber.news.set()


@dataclass(eq=False, slots=True)
class Subscriber:
    """One connection as the hub sees it. `news` is set when there may be some."""

    audience: Audience
    user: int
    channels: set[Channel]
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Following:
    """What follows a position, complete up to `until`; `lost` if what was there is kept no more."""

    envelopes: Sequence[Envelope]
    until: int
    lost: bool = False


class Hub:
    """Who is connected to this process, and what there is for them."""

    def __init__(self, updates: LiveUpdates, positions: Positions, dialect: Dialect) -> None:
        self._updates, self._positions = updates, positions
        self.dialect = dialect
        self.census_changed = asyncio.Event()
        self._position = 0
        self._audiences: dict[UUID, Audience] = {}
        self._news = asyncio.Event()
        self._catching_up = asyncio.Semaphore(READERS)
        positions.on_change(live_updates, self._news.set)

    @property
    def present(self) -> int:
        """The position after which a client that asks for nothing older is told everything."""
        return max(self._position, self._positions.of(live_updates))

    @contextmanager
    def joined(self, owner: UUID, user: int, channels: Collection[Channel]) -> Iterator[Subscriber]:
        """A subscriber for as long as the block runs."""
        audience = self._audiences.setdefault(owner, Audience(owner))
        subscriber = Subscriber(audience, user, set(channels))
        audience.subscribers.add(subscriber)
        self._counted(1)
        if audience.begins is None:
            self._news.set()  # so that its window is begun
        try:
            yield subscriber
        finally:
            audience.subscribers.discard(subscriber)
            if not audience.subscribers and self._audiences.get(owner) is audience:
                del self._audiences[owner]
            self._counted(-1)

    def _counted(self, one: int) -> None:
        telemetry.LIVE_CONNECTIONS.inc(one)
        self.census_changed.set()

    def census(self) -> Census:
        """Who is connected to this process."""
        subscribers = list(self._subscribers())
        channels = Counter(channel.value for one in subscribers for channel in one.channels)
        return Census(len(subscribers), frozenset(one.user for one in subscribers), channels)

    def subscribers(self, channel: Channel) -> int:
        """How many connections of this process have the channel."""
        return sum(channel in one.channels for one in self._subscribers())

    def _subscribers(self) -> Iterator[Subscriber]:
        return (one for audience in self._audiences.values() for one in audience.subscribers)

    async def following(self, audience: Audience, position: int) -> Following:
        """What follows `position` for an owner: some of it, or nothing yet. Raises what asyncpg raises."""
        if audience.begins is not None and position >= audience.begins:
            return Following(audience.after(position), max(position, self._position))
        oldest = self.present - fold.KEPT
        if position < oldest:
            telemetry.LIVE_GAPS.inc()
            return Following((), oldest, lost=True)
        async with self._catching_up:
            page = await self._updates.after(position, (audience.owner, EVERYBODY), PAGE)
        return Following([self.dialect.envelope(update) for update in page.updates], page.until)

    async def run(self) -> NoReturn:
        """Read what is new, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                while await self._read():
                    pass
            except Exception as error:  # noqa: BLE001 (whatever it is, it must not end everybody's updates for good)
                log.warning("live updates wait", error=type(error).__name__)
                self._news.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _read(self) -> bool:
        """Read once for all who are connected; whether there may be more."""
        audiences, before = dict(self._audiences), self._position
        if not audiences:
            self._position = self.present
            return False
        page = await self._updates.after(before, (*audiences, EVERYBODY), PAGE)
        spoken = [(update, self.dialect.envelope(update)) for update in page.updates]
        for audience in audiences.values():
            audience.begin(before)
        for update, envelope in spoken:
            for audience in audiences.values() if update.owner == EVERYBODY else (audiences[update.owner],):
                audience.take(envelope)
        self._position = page.until
        for audience in audiences.values():
            audience.tell()
        return page.more
