from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from uuid import UUID

from infra.outbound import Unavailable
from infra.pos.credentials import Credentials, Vault
from infra.pos.provider import ExternalJob, ExternalStatus
from streams.agents.pos_completion import CompletionPoll, OpenAccount
from tests.grammar import World, given, happened
from tests.samples import NOW, RECEIVER, ROUTING

OTHER = UUID("0192f0c1-0000-7000-8000-0000000000c3")
PAST = [happened(type) for type in ("ServiceJobCreated", "RoutingCreated", "RoutingClaimed", "RoutingSynced")]
DONE = ExternalJob("st-12345", ROUTING, ExternalStatus.COMPLETED, Decimal("450.00"), NOW)


@dataclass
class Till:
    """A provider that completed jobs, or fails to say so."""

    jobs: Sequence[ExternalJob] = ()
    error: Exception | None = None
    asked: list[datetime] = field(default_factory=list)

    async def completed_since(self, credentials: Credentials | None, since: datetime) -> list[ExternalJob]:
        self.asked.append(since)
        if self.error:
            raise self.error
        return [*self.jobs]


@dataclass
class Open:
    accounts: Sequence[OpenAccount]

    async def open_accounts(self) -> Sequence[OpenAccount]:
        return self.accounts


def poll_of(world: World, **tills: Till) -> CompletionPoll:
    accounts = Open([OpenAccount(id, kind) for kind in tills for id in (RECEIVER, OTHER)])
    return CompletionPoll(world.bus, world.streams, accounts, tills, Vault(Path("/nowhere"), {}), world.clock)  # type: ignore[arg-type]


def companies(**fields: str) -> World:
    return given(*(happened("CompanyRegistered", id, **fields) for id in (RECEIVER, OTHER)), *PAST)


async def test_a_completed_job_comes_back() -> None:
    world = companies()
    assert await poll_of(world, mock=Till([DONE])).poll() == 1
    assert [event.type for event in world.recorded()[-2:]] == ["RoutingCompleted", "ServiceJobCompleted"]


async def test_companies_that_share_an_account_are_asked_for_once() -> None:
    till = Till()
    await poll_of(companies(), mock=till).poll()
    assert till.asked == [NOW - timedelta(days=7, minutes=5)]


async def test_later_questions_overlap_a_little() -> None:
    world, till = companies(), Till()
    poll = poll_of(world, mock=till)
    await poll.poll()
    world.after(minutes=1)
    await poll.poll()
    assert till.asked[1] == NOW - timedelta(minutes=5)


async def test_a_provider_that_is_away_is_asked_for_the_same_time_again() -> None:
    world, till = companies(), Till(error=Unavailable("mock: away"))
    poll = poll_of(world, mock=till)
    assert await poll.poll() == 0
    world.after(hours=1)
    await poll.poll()
    assert till.asked[1] == NOW + timedelta(hours=1) - timedelta(days=7, minutes=5)


async def test_one_providers_nonsense_does_not_keep_the_others_from_being_asked() -> None:
    world = companies()
    assert await poll_of(world, mock=Till(error=InvalidOperation()), servicetitan=Till([DONE])).poll() == 1


async def test_credentials_that_are_gone_do_not_end_the_poll() -> None:
    world = companies(credentials_ref="env:NOT_THERE")
    assert await poll_of(world, mock=Till([DONE])).poll() == 0


async def test_a_company_that_is_not_in_the_log_does_not_keep_the_others_from_being_asked() -> None:
    world = given(happened("CompanyRegistered", RECEIVER), *PAST)
    assert await poll_of(world, mock=Till([DONE])).poll() == 1
