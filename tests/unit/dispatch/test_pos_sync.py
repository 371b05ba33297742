"""The agent that brings routings into the providers, over a log in memory and a provider that says what it is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from commands.dispatch import ClaimRouting
from infra.outbound import Ambiguous, OutboundError, Refused, Unavailable
from infra.pos.credentials import Credentials, Vault
from infra.pos.provider import ExternalJob, ExternalStatus, WorkOrder
from schemas.recorded import Recorded
from streams.agent import sender
from streams.agents.pos_completion import record_completion
from streams.agents.pos_sync import LEASE, PosSync
from tests.grammar import World, given, happened
from tests.samples import JOB, NOW, RECEIVER, ROUTING, TENANT

PAST = (happened("CompanyRegistered", RECEIVER), happened("ServiceJobCreated"), happened("RoutingCreated"))

DOUBTFUL_SYNC = (
    happened("RoutingSyncFailed", ambiguous=True),
    happened("RoutingClaimed", attempt=2),
    happened("RoutingSynced", external_id="st-2", attempt=2, ambiguous=True),
    happened("RoutingReconciliationRequested", external_id="st-2"),
)


@dataclass
class Till:
    """A provider. `fails`: the errors of the next creates, after which the job may be there all the same."""

    jobs: dict[str, UUID] = field(default_factory=dict)
    fails: list[OutboundError] = field(default_factory=list)
    late: bool = False
    canceled: list[str] = field(default_factory=list)
    orders: list[WorkOrder] = field(default_factory=list)
    name: str = "mock"
    create_seconds: float = 1.0

    async def find(self, credentials: Credentials | None, routing_id: UUID) -> list[ExternalJob]:
        return [job(id) for id, routing in self.jobs.items() if routing == routing_id and id not in self.canceled]

    async def create(self, credentials: Credentials | None, order: WorkOrder) -> ExternalJob:
        self.orders.append(order)
        if self.fails:
            if self.late:
                self.jobs[f"st-{len(self.orders)}"] = order.routing_id
            raise self.fails.pop(0)
        id = f"st-{len(self.orders)}"
        self.jobs[id] = order.routing_id
        return job(id)

    async def cancel(self, credentials: Credentials | None, external_id: str) -> None:
        self.canceled.append(external_id)


def job(id: str, revenue: str | None = None) -> ExternalJob:
    return ExternalJob(id, ROUTING, ExternalStatus.SCHEDULED, Decimal(revenue) if revenue else None, NOW)


@dataclass
class Agent:
    world: World
    till: Till = field(default_factory=Till)

    def __post_init__(self) -> None:
        vault = Vault(Path("/nowhere"), {})
        self.sync = PosSync(self.world.streams, {"mock": self.till}, vault, self.world.clock, "worker-1")  # type: ignore[dict-item]

    async def handles(
        self, type: str = "RoutingCreated", react: Callable[..., Awaitable[None]] | None = None
    ) -> list[Recorded]:
        """What is recorded when the last event of this type is delivered."""
        before = len(self.world.log.rows)
        event = [event for event in self.world.recorded() if event.type == type][-1]
        await (react or self.sync.synchronise)(event, sender(self.world.bus, "pos_sync", event))
        return self.world.recorded()[before:]


@pytest.fixture
def agent() -> Agent:
    return Agent(given(*PAST))


def types(events: list[Recorded]) -> list[str]:
    return [event.type for event in events]


async def test_a_routing_is_claimed_handed_over_and_recorded(agent: Agent) -> None:
    claimed, synced = await agent.handles()
    assert (claimed.type, claimed["worker"], claimed["lease_until"]) == ("RoutingClaimed", "worker-1", NOW + LEASE)
    assert (synced.type, synced["external_id"]) == ("RoutingSynced", "st-1")
    assert claimed.owner == synced.owner == TENANT
    assert {event.metadata["correlation_id"] for event in (claimed, synced)} == {"req-123"}


async def test_the_provider_gets_the_whole_order(agent: Agent) -> None:
    await agent.handles()
    [order] = agent.till.orders
    assert (order.routing_id, order.job_id, order.homeowner_name) == (ROUTING, JOB, "John Doe")
    assert (order.street, order.zip_code, order.category, order.skills) == (
        "123 Main Street",
        "90210",
        "plumbing",
        ("plumbing",),
    )


async def test_an_event_that_is_delivered_twice_is_attempted_once(agent: Agent) -> None:
    await agent.handles()
    assert await agent.handles() == []
    assert len(agent.till.orders) == 1


async def test_a_redelivery_after_a_crash_waits_for_the_lease(agent: Agent) -> None:
    created = agent.world.recorded()[-1]
    await sender(agent.world.bus, "pos_sync", created)(ClaimRouting(ROUTING, "dead", LEASE), ROUTING)
    assert await agent.handles() == []
    assert agent.till.orders == []


async def test_a_routing_that_somebody_else_holds_is_left_alone(agent: Agent) -> None:
    agent.world.when(ClaimRouting(ROUTING, "another", LEASE))
    assert await agent.handles() == []


async def test_a_job_that_is_there_already_is_not_created_again(agent: Agent) -> None:
    agent.till.jobs = {"st-8": ROUTING, "st-7": ROUTING}
    assert (await agent.handles())[-1]["external_id"] == "st-7"
    assert agent.till.orders == []


@pytest.mark.parametrize(
    ("error", "recorded", "ambiguous"),
    [
        (Unavailable("mock: away"), "RoutingSyncFailed", False),
        (Ambiguous("mock: no answer"), "RoutingSyncFailed", True),
        (Refused("mock: no such zip code"), "RoutingDeadLettered", False),
    ],
)
async def test_a_failure_is_recorded_as_what_it_is(
    agent: Agent, error: OutboundError, recorded: str, ambiguous: bool
) -> None:
    agent.till.fails = [error]
    _, failed = await agent.handles()
    assert failed.type == recorded
    assert failed["error"] == str(error)
    assert failed["ambiguous"] is ambiguous


async def test_a_call_that_takes_too_long_leaves_doubt(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(credentials: object, order: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(agent.till, "create", hangs, raising=False)
    failed = (await agent.handles())[-1]
    assert (failed.type, failed["error"], failed["ambiguous"]) == (
        "RoutingSyncFailed",
        "the provider did not answer in time",
        True,
    )


async def test_what_a_provider_says_is_recorded_without_characters_that_postgresql_refuses(agent: Agent) -> None:
    agent.till.fails = [Refused("mock: b\x00ad")]
    assert (await agent.handles())[-1]["error"] == "mock: bad"


async def test_a_company_whose_credentials_are_gone_is_a_permanent_failure() -> None:
    company = happened("CompanyRegistered", RECEIVER, credentials_ref="env:NOT_THERE")
    failed = (await Agent(given(company, *PAST[1:])).handles())[-1]
    assert (failed.type, failed["error"]) == (
        "RoutingDeadLettered",
        "credentials env:NOT_THERE: there are none by this name",
    )


async def test_create_then_timeout_is_found_again_and_makes_no_second_job(agent: Agent) -> None:
    agent.till.fails, agent.till.late = [Ambiguous("mock: no answer")], True
    await agent.handles()
    agent.world.record(happened("RoutingSyncRequested"))
    synced = (await agent.handles("RoutingSyncRequested"))[-1]
    assert (synced["external_id"], synced["ambiguous"], synced["attempt"]) == ("st-1", True, 2)
    assert len(agent.till.jobs) == 1


async def test_reconciling_keeps_the_recorded_job_and_cancels_the_others(agent: Agent) -> None:
    agent.world.record(happened("RoutingClaimed"), *DOUBTFUL_SYNC)
    agent.till.jobs = {"st-1": ROUTING, "st-2": ROUTING, "st-3": ROUTING}
    [reconciled] = await agent.handles("RoutingReconciliationRequested", agent.sync.reconcile)
    assert (reconciled.type, reconciled["removed"]) == ("RoutingReconciled", ["st-1", "st-3"])
    assert agent.till.canceled == ["st-1", "st-3"]


async def test_an_aggregate_that_is_behind_does_not_cancel_the_one_job_that_is_right(agent: Agent) -> None:
    agent.world.when(ClaimRouting(ROUTING, "worker-1", LEASE))  # from now on this process knows it as claimed
    agent.world.record(*DOUBTFUL_SYNC)
    agent.till.jobs = {"st-2": ROUTING}
    assert types(await agent.handles("RoutingReconciliationRequested", agent.sync.reconcile)) == ["RoutingReconciled"]
    assert agent.till.canceled == []


async def test_a_reconciliation_that_fails_records_nothing_and_is_asked_for_again(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(credentials: object, routing_id: UUID) -> list[ExternalJob]:
        raise Unavailable("mock: away")

    monkeypatch.setattr(agent.till, "find", away, raising=False)
    agent.world.record(happened("RoutingClaimed"), happened("RoutingSynced", ambiguous=True))
    agent.world.record(happened("RoutingReconciliationRequested"))
    assert await agent.handles("RoutingReconciliationRequested", agent.sync.reconcile) == []


async def test_reconciling_without_credentials_is_no_defect() -> None:
    company = happened("CompanyRegistered", RECEIVER, credentials_ref="env:NOT_THERE")
    past = (happened("RoutingClaimed"), happened("RoutingSynced", ambiguous=True))
    agent = Agent(given(company, *PAST[1:], *past, happened("RoutingReconciliationRequested")))
    assert await agent.handles("RoutingReconciliationRequested", agent.sync.reconcile) == []


async def test_a_completion_of_a_job_that_is_not_ours_is_ignored(agent: Agent) -> None:
    foreign = ExternalJob("st-9", None, ExternalStatus.COMPLETED, None, NOW)
    assert await record_completion(agent.world.bus, foreign, "pos_poll") is False
    unknown = ExternalJob("st-9", UUID(int=9), ExternalStatus.COMPLETED, None, NOW)
    assert await record_completion(agent.world.bus, unknown, "pos_poll") is False


async def test_a_completion_is_recorded_once_whoever_tells_it(agent: Agent) -> None:
    await agent.handles()
    assert await record_completion(agent.world.bus, job("st-1", "450.00"), "pos_poll") is True
    before = len(agent.world.log.rows)
    assert await record_completion(agent.world.bus, job("st-1", "450.00"), "servicetitan_webhook") is True
    assert len(agent.world.log.rows) == before
    assert types(agent.world.recorded()[-2:]) == ["RoutingCompleted", "ServiceJobCompleted"]


async def test_a_revenue_beyond_all_measure_is_refused_and_not_a_defect(agent: Agent) -> None:
    await agent.handles()
    assert await record_completion(agent.world.bus, job("st-1", "10000000000.00"), "pos_poll") is False
    assert await record_completion(agent.world.bus, job("st-1", "9999999999.99"), "pos_poll") is True
