"""Commands of agents: their ids follow from the event, so that a redelivery changes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from commands.dispatch import RegisterTechnician, UpdateCompany
from infra.recorded_rows import recorded
from runtime.parts import agents
from schemas.recorded import Recorded
from streams.agent import Agent, Send, command_id
from streams.runner import Runner
from tests.conformance.trade import Trade
from tests.running import Running, running


@pytest.fixture
async def there(database: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        yield there


async def log(there: Running, type: str) -> list[Recorded]:
    system = there.system
    rows = await system.store.read(0, 1000)
    events = [recorded(row, system.store.epoch, system.codec.decode) for row in rows if row["type"] == type]
    await system.codec.open(events)
    return events


async def deliver(there: Running, agent: Agent, event: Recorded) -> None:
    """To a runner that remembers nothing of earlier deliveries."""
    runner = Runner(agent, there.system.bus, there.system.database.pool)
    await runner.react(agent.reactions[event.type], event)


async def test_an_event_that_is_delivered_again_changes_nothing(there: Running) -> None:
    agent = Agent("hiring", contexts=("dispatch",))

    @agent.on("CompanyRegistered")
    async def hire(event: Recorded, send: Send) -> None:
        await send(RegisterTechnician(event.stream_id, "Ada Pipe", None, None, {}), event.stream_id)

    await Trade(there.client).company("Buckeye Plumbing")
    [registered] = await log(there, "CompanyRegistered")
    for _ in range(3):
        await deliver(there, agent, registered)
    [hired] = await log(there, "TechnicianRegistered")
    assert hired.metadata["causation_id"] == str(registered.event_id)
    assert hired.metadata["correlation_id"] == registered.metadata["correlation_id"]
    assert hired.owner == registered.owner


async def test_two_victims_of_one_cascade_are_told_apart(there: Running) -> None:
    trade = Trade(there.client)
    victims = [UUID(await trade.company(name)) for name in ("First", "Second")]
    agent = Agent("closing", contexts=("dispatch",))

    @agent.on("CompanyRegistered")
    async def close(event: Recorded, send: Send) -> None:
        for victim in victims:
            await send(UpdateCompany(victim, {"active": False}), victim)

    last = (await log(there, "CompanyRegistered"))[-1]
    await deliver(there, agent, last)
    await deliver(there, agent, last)
    assert [event.stream_id for event in await log(there, "CompanyUpdated")] == victims


def test_a_command_id_depends_on_event_agent_command_and_target() -> None:
    cause, target = uuid4(), uuid4()
    update, hire = UpdateCompany(target, {}), RegisterTechnician(target, "Ada Pipe", None, None, {})
    ids = {
        command_id(cause, "closing", update, target),
        command_id(uuid4(), "closing", update, target),
        command_id(cause, "hiring", update, target),
        command_id(cause, "closing", hire, target),
        command_id(cause, "closing", update, uuid4()),
    }
    assert len(ids) == 5
    assert command_id(cause, "closing", UpdateCompany(target, {"active": True}), target) in ids


async def test_a_claim_that_is_delivered_again_after_its_sync_is_no_illegal_move(there: Running) -> None:
    trade = Trade(there.client)
    await trade.company("Receiver", "plumbing")
    job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")
    pos_sync = next(agent for agent in agents(there.system) if agent.name == "pos_sync")
    [created] = await log(there, "RoutingCreated")
    await deliver(there, pos_sync, created)
    head = await there.system.store.head()
    await deliver(there, pos_sync, created)
    assert await there.system.store.head() == head
    await there.system.caught_up(head)
    assert await trade.statuses(job_id) == ["synced"]
    assert await there.system.database.pool.fetchval("select count(*) from mock_pos_jobs") == 1
