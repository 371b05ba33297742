"""Deadlines: due once, fired once, whatever is lost in between."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from commands.bus import Envelope
from commands.dispatch import ClaimRouting, RecordRoutingFailure
from projections.deadlines.queries import DueDeadlines
from streams.deadlines import Deadline, Ticker
from tests.conformance.trade import Trade
from tests.running import Running, running, until


class MovedClock:
    """Real time and what was skipped."""

    def __init__(self) -> None:
        self.skipped = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skipped


@dataclass
class Failing:
    """A routing whose first attempt failed, so that it has a deadline to try again."""

    there: Running
    clock: MovedClock
    routing_id: UUID
    deadlines: DueDeadlines = field(init=False)

    def __post_init__(self) -> None:
        self.deadlines = DueDeadlines(self.there.system.database.pool)

    def ticker(self, deadlines: "DueDeadlines | None" = None) -> Ticker:
        return Ticker(self.there.system.bus, deadlines or self.deadlines, self.clock)

    async def requested(self) -> int:
        query = "select count(*) from events where type = 'RoutingSyncRequested'"
        return int(await self.there.system.database.pool.fetchval(query))

    async def due(self) -> Sequence[Deadline]:
        found = await self.deadlines.due(datetime.now(UTC) + timedelta(minutes=4), 10)
        return [deadline for deadline in found if deadline.kind == "routing_retry"]


@pytest.fixture
async def failing(database: str, tmp_path: Path) -> AsyncIterator[Failing]:
    clock = MovedClock()
    async with running(database, tmp_path, agents=False, timers=False, clock=clock) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
        [routing] = await trade.routings(job_id)
        failing = Failing(there, clock, UUID(routing["id"]))
        envelope = Envelope("tests", failing.routing_id, "tests", any_owner=True)
        await there.system.bus.send(ClaimRouting(failing.routing_id, "w", timedelta(seconds=45)), envelope)
        failure = RecordRoutingFailure(failing.routing_id, 1, "no answer", permanent=False, ambiguous=False)
        await there.system.bus.send(failure, envelope)
        await until(failing.due)
        yield failing


async def test_nothing_is_fired_before_its_time(failing: Failing) -> None:
    failing.clock.skipped = timedelta(seconds=-60)
    assert await failing.ticker().tick() == 0
    assert await failing.requested() == 0


async def test_a_deadline_is_fired_once_however_often_it_is_looked_for(failing: Failing) -> None:
    failing.clock.skipped = timedelta(minutes=4)
    ticker, other = failing.ticker(), failing.ticker()
    assert await ticker.tick() == 1
    for _ in range(3):
        assert await ticker.tick() == await other.tick() == 0
    assert await failing.requested() == 1


async def test_a_deadline_fires_once_though_its_ticker_dies_before_saying_so(failing: Failing) -> None:
    class Dying(DueDeadlines):
        async def fired(self, command_ids: Sequence[UUID]) -> None:
            raise ConnectionResetError

    failing.clock.skipped = timedelta(minutes=4)
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            await failing.ticker(Dying(failing.there.system.database.pool)).tick()
    assert await failing.ticker().tick() == 1
    assert await failing.requested() == 1
    assert await failing.ticker().tick() == 0


async def test_two_tickers_at_once_send_the_command_once(failing: Failing) -> None:
    failing.clock.skipped = timedelta(minutes=4)
    [deadline] = await failing.due()
    both = [failing.ticker(), failing.ticker()]
    for ticker in both:
        assert await ticker._fire(deadline)
    assert await failing.requested() == 1


async def test_a_deadline_whose_command_has_a_defect_does_not_hold_up_the_others(failing: Failing) -> None:
    [sound] = await failing.due()

    class BehindADefect(DueDeadlines):
        async def due(self, now: datetime, limit: int) -> Sequence[Deadline]:
            found = await super().due(now, limit)
            return [replace(sound, command_id=defective, kind="of a later version"), *found]

    defective = uuid4()
    failing.clock.skipped = timedelta(minutes=4)
    ticker = failing.ticker(BehindADefect(failing.there.system.database.pool))
    assert [await ticker.tick(), await ticker.tick()] == [1, 0]
    assert await failing.requested() == 1
    marked = await failing.there.system.database.pool.fetch("select command_id from fired_deadlines")
    assert defective not in [row["command_id"] for row in marked]
