"""Cause and effect by way of a deadline, which names no cause: the one that no request and no agent shows."""

from pathlib import Path

from streams.causation import Causes, causes
from tests.conformance.installation import SkippingClock
from tests.conformance.trade import Trade
from tests.running import running, until


async def test_what_a_deadline_sent_stands_below_the_event_that_set_it(database: str, tmp_path: Path) -> None:
    clock = SkippingClock()
    async with running(database, tmp_path, agents=False, clock=clock) as there:
        system, trade = there.system, Trade(there.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
        [routing] = await trade.routings(job_id)
        clock.skip(301)

        async def reported() -> Causes | None:
            found = await causes(system.store, system.codec, routing["id"], 100)
            return found if len(found.steps) == 2 else None

        found = await until(reported, 60)
        cut = await causes(system.store, system.codec, routing["id"], 1)
    created, overdue = found.steps
    assert (created.command, created.depth, created.caused_by) == ("CreateServiceJob", 0, None)
    assert (overdue.command, overdue.actor, overdue.depth) == ("ReportRoutingOverdue", "agent:deadlines", 1)
    assert overdue.caused_by == created.events[1].event_id
    assert created.events[1].type == "RoutingCreated"
    assert found.complete
    assert (len(cut.steps), cut.complete) == (1, False)
