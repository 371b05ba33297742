"""The agent that brings events into an outside calendar, over a log in memory, and a calendar that does as told."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from commands.calendar import ClaimCalendarSync
from infra.calendar.provider import Entry, ExternalEvent
from infra.outbound import Refused, Unavailable
from schemas.recorded import Recorded
from streams.agent import sender
from streams.agents.calendar_sync import LEASE, CalendarSync
from tests.grammar import World, given, happened
from tests.samples import NOW
from tests.samples_of_calendar import CALENDAR_EVENT, STARTS

SCHEDULED = happened("CalendarEventScheduled")


@dataclass
class Wall:
    """A calendar. `fails`: the errors of the next changes, which are carried out all the same where `late`."""

    entries: dict[UUID, Entry] = field(default_factory=dict)
    removed: list[UUID] = field(default_factory=list)
    known: list[ExternalEvent | None] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    late: bool = False
    name: str = "wall"

    async def find(self, id: UUID) -> ExternalEvent | None:
        entry = self.entries.get(id)
        return external(id, None if entry is None else entry.revision) if entry or id in self.removed else None

    async def put(self, entry: Entry, known: ExternalEvent | None) -> ExternalEvent:
        self.known.append(known)
        if self.late or not self.fails:
            self.entries[entry.id] = entry
        if self.fails:
            raise self.fails.pop(0)
        return external(entry.id, entry.revision)

    async def remove(self, id: UUID) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.entries.pop(id, None)
        self.removed.append(id)


def external(id: UUID, revision: int | None) -> ExternalEvent:
    return ExternalEvent(id.hex, f"https://wall.example/{id.hex}", revision, "v", removed=revision is None)


@dataclass
class Agent:
    world: World
    wall: Wall = field(default_factory=Wall)

    def __post_init__(self) -> None:
        self.sync = CalendarSync(self.world.streams, self.wall, "worker-1")

    async def handles(self, type: str = "CalendarEventScheduled") -> list[Recorded]:
        """What is recorded when the last event of this type is delivered."""
        before = len(self.world.log.rows)
        event = [event for event in self.world.recorded() if event.type == type][-1]
        await self.sync.agent().reactions[type](event, sender(self.world.bus, "calendar_sync", event))
        return self.world.recorded()[before:]


@pytest.fixture
def agent() -> Agent:
    return Agent(given(SCHEDULED))


def types(events: list[Recorded]) -> list[str]:
    return [event.type for event in events]


async def test_an_event_is_claimed_shown_and_recorded_with_its_link(agent: Agent) -> None:
    claimed, synced = await agent.handles()
    assert (claimed.type, claimed["worker"], claimed["lease_until"]) == ("CalendarSyncClaimed", "worker-1", NOW + LEASE)
    assert (synced.type, synced["revision"]) == ("CalendarEventSynced", 1)
    assert synced["link"] == f"https://wall.example/{CALENDAR_EVENT.hex}"
    shown = agent.wall.entries[CALENDAR_EVENT]
    assert (shown.starts_at, shown.description) == (STARTS, "Review system design questions")
    assert shown.reminders == (1440, 60, 15)


async def test_an_event_that_is_delivered_twice_is_shown_once(agent: Agent) -> None:
    await agent.handles()
    assert await agent.handles() == []
    assert len(agent.wall.known) == 1


async def test_a_redelivery_after_a_crash_waits_for_the_lease(agent: Agent) -> None:
    scheduled = agent.world.recorded()[-1]
    claim = ClaimCalendarSync(CALENDAR_EVENT, "dead", LEASE)
    await sender(agent.world.bus, "calendar_sync", scheduled)(claim, CALENDAR_EVENT)
    assert await agent.handles() == []
    assert agent.wall.known == []


async def test_an_event_that_somebody_else_holds_is_left_alone(agent: Agent) -> None:
    agent.world.when(ClaimCalendarSync(CALENDAR_EVENT, "another", LEASE))
    assert await agent.handles() == []


async def test_a_moved_event_is_changed_from_what_is_there(agent: Agent) -> None:
    await agent.handles()
    agent.world.record(happened("CalendarEventMoved", summary="Another"))
    await agent.handles("CalendarEventMoved")
    assert agent.wall.entries[CALENDAR_EVENT].summary == "Another"
    assert agent.wall.known[1] == external(CALENDAR_EVENT, 1)


async def test_a_removed_event_is_taken_away(agent: Agent) -> None:
    await agent.handles()
    agent.world.record(happened("CalendarEventRemoved"))
    synced = (await agent.handles("CalendarEventRemoved"))[-1]
    assert (synced["revision"], synced["link"], synced["doubtful"]) == (2, None, False)
    assert agent.wall.entries == {}


async def test_a_restored_event_is_put_back(agent: Agent) -> None:
    await agent.handles()
    agent.world.record(happened("CalendarEventRemoved"))
    await agent.handles("CalendarEventRemoved")
    agent.world.record(happened("CalendarEventRestored"))
    assert (await agent.handles("CalendarEventRestored"))[-1]["revision"] == 3
    assert agent.wall.entries[CALENDAR_EVENT].revision == 3


async def test_what_an_earlier_attempt_got_through_is_found_and_not_done_again(agent: Agent) -> None:
    agent.wall.fails, agent.wall.late = [Unavailable("wall: no answer")], True
    await agent.handles()
    agent.world.record(happened("CalendarSyncRequested"))
    synced = (await agent.handles("CalendarSyncRequested"))[-1]
    assert (synced.type, synced["attempt"]) == ("CalendarEventSynced", 2)
    assert len(agent.wall.known) == 1


@pytest.mark.parametrize(
    ("error", "told", "again"),
    [
        (Unavailable("wall: away"), "wall: away", True),
        (Refused("wall: no\x00 such day"), "wall: no such day", False),
        (TimeoutError(), "the calendar did not answer in time", True),
    ],
)
async def test_a_failure_is_recorded_as_what_it_is(agent: Agent, error: Exception, told: str, again: bool) -> None:
    agent.wall.fails = [error]
    failed = (await agent.handles())[-1]
    assert (failed.type, failed["error"]) == ("CalendarSyncFailed", told)
    assert (failed["retry_at"] is not None) == again


async def test_a_removal_that_fails_is_tried_again(agent: Agent) -> None:
    await agent.handles()
    agent.world.record(happened("CalendarEventRemoved"))
    agent.wall.fails = [Unavailable("wall: away")]
    assert types(await agent.handles("CalendarEventRemoved")) == ["CalendarSyncClaimed", "CalendarSyncFailed"]
    agent.world.record(happened("CalendarSyncRequested"))
    assert (await agent.handles("CalendarSyncRequested"))[-1]["doubtful"] is True


async def test_a_calendar_that_is_connected_later_learns_of_what_is_still_to_come() -> None:
    agent = Agent(given(SCHEDULED).after(days=2))
    assert types(await agent.handles()) == ["CalendarSyncClaimed", "CalendarEventSynced"]


async def test_it_does_not_learn_of_what_is_over_or_was_taken_away_before() -> None:
    assert await Agent(given(SCHEDULED).after(days=4)).handles() == []
    agent = Agent(given(SCHEDULED, happened("CalendarEventRemoved")))
    assert await agent.handles() + await agent.handles("CalendarEventRemoved") == []
    assert agent.wall.removed == []


async def test_what_is_over_and_comes_into_the_future_again_is_shown() -> None:
    agent = Agent(given(SCHEDULED).after(days=4))
    assert await agent.handles() == []
    later = {"starts_at": STARTS + timedelta(days=9), "ends_at": STARTS + timedelta(days=10)}
    agent.world.record(happened("CalendarEventMoved", **later))
    assert types(await agent.handles("CalendarEventMoved"))[-1] == "CalendarEventSynced"
