"""Clocks that are set back: PostgreSQL's, and ours."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from infra.event_store import EventStore
from tests.appends import starting
from tests.conformance.outcome import differences
from tests.conformance.trade import Trade
from tests.fault import proof
from tests.grammar import StandingClock
from tests.running import running, until

HOUR = timedelta(hours=1)


async def test_recorded_times_never_decrease_though_the_servers_clock_does(store: EventStore) -> None:
    await store.append(starting(events=2))
    # As if it had been an hour ahead when these were recorded.
    await store._pool.execute("update events set recorded_at = recorded_at + interval '1 hour'")
    await store.append(starting(events=2))
    await store.append(starting())
    times = [row["recorded_at"] for row in await store.read(0, 10)]
    assert len(times) == 5
    assert times == sorted(times)


async def test_work_goes_on_though_our_clock_is_set_back(database: str, tmp_path: Path) -> None:
    clock = StandingClock()
    async with running(database, tmp_path, clock=clock) as there:
        trade, jobs = Trade(there.client), []
        await trade.company("Receiver", "plumbing")
        sender = await trade.sender("Sender")
        for _ in range(3):
            jobs.append(await trade.job(sender, "Dripping tap", "plumbing"))

            async def synced() -> bool:
                return await trade.statuses(jobs[-1]) == ["synced"]

            await until(synced)
            clock.move(-HOUR)
        await there.system.caught_up(await there.system.store.head())
        await proof.assert_log_sound(database, [UUID(job) for job in jobs])
        assert await proof.assert_once_at_the_providers(database) == len(jobs)
        assert await differences(there.system) == {}
