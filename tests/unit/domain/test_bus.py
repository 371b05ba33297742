"""What the bus promises of every command, shown by commands of the dispatch context."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from commands.bus import Conflict, IdempotencyKey, KeyReused, Work, handles
from commands.dispatch import ClaimRouting, RecordRoutingSync, RequestSync, UpdateCompany
from domain.dispatch.company import Company
from domain.dispatch.routing import RoutingBusy
from domain.errors import NotFound
from tests.grammar import World, given, happened
from tests.samples import COMPANY, ROUTING

CLAIM = ClaimRouting(ROUTING, "worker-1", timedelta(seconds=45))
CREATED = happened("RoutingCreated")
CLAIMED = happened("RoutingClaimed")


@dataclass(frozen=True)
class RenameBehindItsBack:
    """A change that always meets another one first."""

    world: World


@handles(RenameBehindItsBack)
async def rename_behind_its_back(command: RenameBehindItsBack, work: Work) -> None:
    company = await work.load(Company, COMPANY)
    number = len(command.world.log.rows)
    command.world.record(happened("CompanyUpdated", changed=["name"], name=f"Other {number}"))
    company.update({"name": f"Mine {number}"}, work.now)


def test_a_command_with_an_id_is_carried_out_once() -> None:
    world, id = given(CREATED), uuid4()
    first = world.when(CLAIM, command_id=id)
    first.then("RoutingClaimed")
    again = world.when(CLAIM, command_id=id)
    again.then_nothing()
    assert again.outcome.duplicate
    assert (again.outcome.id, again.outcome.first) == (ROUTING, first.outcome.first)


def test_a_redelivered_claim_is_known_even_when_it_would_be_refused_by_now() -> None:
    world, id = given(CREATED), uuid4()
    world.when(CLAIM, command_id=id)
    world.when(RecordRoutingSync(ROUTING, "st-1"))
    world.when(CLAIM, command_id=id).then_nothing()


def test_a_repeated_key_leads_to_the_first_outcome() -> None:
    world, key = given(CREATED), IdempotencyKey(uuid4(), b"body")
    world.when(RequestSync(ROUTING), idempotency=key).then("RoutingSyncRequested")
    again = world.when(RequestSync(ROUTING), idempotency=key)
    again.then_nothing()
    assert again.outcome.duplicate


def test_a_key_that_comes_with_another_body_is_refused() -> None:
    world, key = given(CREATED), uuid4()
    world.when(RequestSync(ROUTING), idempotency=IdempotencyKey(key, b"one"))
    world.when(RequestSync(ROUTING), idempotency=IdempotencyKey(key, b"two")).then_refused(KeyReused)


def test_a_change_on_a_stale_aggregate_is_decided_again() -> None:
    world = given(happened("CompanyRegistered"))
    other = world.bus_of(world.other_process())
    world.through(other, UpdateCompany(COMPANY, {"name": "A"}))
    world.when(UpdateCompany(COMPANY, {"active": False}))
    world.through(other, UpdateCompany(COMPANY, {"active": True})).then("CompanyUpdated", changed=["active"])


def test_what_a_stale_aggregate_refuses_is_decided_again() -> None:
    world = given(CREATED, CLAIMED)
    other = world.bus_of(world.other_process())
    world.through(other, CLAIM).then_refused(RoutingBusy)
    world.record(happened("RoutingSyncFailed"))
    world.through(other, CLAIM).then("RoutingClaimed", attempt=2)


def test_what_a_stale_aggregate_sees_no_need_for_is_decided_again() -> None:
    world = given(CREATED, CLAIMED)
    other = world.bus_of(world.other_process())
    world.through(other, RequestSync(ROUTING)).then_nothing()
    world.record(happened("RoutingSyncFailed"))
    world.through(other, RequestSync(ROUTING)).then("RoutingSyncRequested", attempts=1)


def test_a_change_that_never_comes_first_gives_up() -> None:
    world = given(happened("CompanyRegistered"))
    command = world.when(RenameBehindItsBack(world))
    assert isinstance(command.outcome, Conflict)
    assert all(event["name"].startswith("Other") for event in command.events)


def test_a_refused_change_leaves_no_trace_in_the_cache() -> None:
    world = given(happened("CompanyRegistered"))
    world.when(UpdateCompany(COMPANY, {"skills": {"plumbing": "wizard"}})).then_refused(ValueError)
    world.when(UpdateCompany(COMPANY, {"skills": {"plumbing": "basic"}})).then("CompanyUpdated", changed=["skills"])


def test_a_tenant_cannot_touch_anothers_streams() -> None:
    world, stranger = given(CREATED, happened("CompanyRegistered")), UUID(int=99)
    world.when(RequestSync(ROUTING), tenant=stranger).then_refused(NotFound)
    world.when(UpdateCompany(COMPANY, {"name": "Mine"}), tenant=stranger).then_refused(NotFound)


def test_each_command_has_one_handler() -> None:
    with pytest.raises(ValueError, match="has a handler already"):
        handles(RequestSync)(rename_behind_its_back)


def test_events_carry_who_sent_the_command_and_why() -> None:
    [event] = given(CREATED).when(CLAIM, causation_id="cause", traceparent="00-1-2-01").events
    assert event.metadata == {
        "correlation_id": "req-123",
        "actor": "tests",
        "command": "ClaimRouting",
        "causation_id": "cause",
        "traceparent": "00-1-2-01",
    }
