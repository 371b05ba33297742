"""Brings completed jobs back from the providers: asks them at intervals, and takes what their webhooks say."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5

import structlog

from commands.bus import Bus, Envelope, Streams
from commands.dispatch import CompleteRouting
from domain.clock import Clock
from domain.dispatch.company import Company
from domain.errors import DomainError, NotFound
from infra.outbound import OutboundError
from infra.pos.credentials import Vault
from infra.pos.provider import ExternalJob, Provider
from streams.runner import INFRASTRUCTURE

log = structlog.get_logger(__name__)

# At start everything of this time is asked for again, later a little more than since the last question: recording
# a completion twice changes nothing, and a provider's clock may differ from ours.
FIRST_LOOK = timedelta(days=7)
OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """A company with synchronised routings that are not completed yet."""

    company_id: UUID
    provider_type: str


class OpenAccounts(Protocol):
    """From a read model."""

    async def open_accounts(self) -> Sequence[OpenAccount]: ...


async def record_completion(bus: Bus, job: ExternalJob, source: str) -> bool:
    """Record a provider's completed job. False when it is not one of ours, or cannot be completed as things stand."""
    if job.routing_id is None or job.completed_at is None:
        return False
    id = job.routing_id
    envelope = Envelope(
        actor=f"agent:{source}",
        owner=id,
        correlation_id=str(id),
        command_id=uuid5(id, "CompleteRouting"),
        any_owner=True,
    )
    try:
        await bus.send(CompleteRouting(id, job.external_id, job.revenue, job.completed_at), envelope)
    except DomainError as reason:
        log.info("completion ignored", routing_id=str(id), reason=type(reason).__name__)
        return False
    return True


@dataclass(frozen=True, slots=True)
class Account:
    """One access to a provider; companies without credentials of their own share the development one."""

    provider_type: str
    credentials_ref: str | None


@dataclass(slots=True)
class CompletionPoll:
    """Asks the providers for jobs completed since the last time, once for each account that has open routings."""

    bus: Bus
    streams: Streams
    accounts: OpenAccounts
    providers: Mapping[str, Provider]
    credentials: Vault
    clock: Clock
    asked: dict[Account, datetime] = field(default_factory=dict)

    async def run(self, seconds: float) -> None:
        """Poll for ever, every `seconds`."""
        while True:
            try:
                await self.poll()
            except INFRASTRUCTURE as error:
                log.warning("poll postponed", error=type(error).__name__)
            await asyncio.sleep(seconds)

    async def poll(self) -> int:
        """One round over all accounts; the number of completions recorded, or known before."""
        companies = await self.accounts.open_accounts()
        accounts = {await self._account(company) for company in companies}
        return sum([await self._ask(account) for account in accounts if account is not None])

    async def _account(self, company: OpenAccount) -> Account | None:
        try:
            known = await self.streams.read(Company, company.company_id)
        except NotFound:
            # Only a defect makes a routing of nobody. The others are asked all the same, and the process goes on.
            log.error("poll met a routing of an unknown company", company_id=str(company.company_id))
            return None
        return Account(company.provider_type, known.credentials_ref)

    async def _ask(self, account: Account) -> int:
        now = self.clock.now()
        since = self.asked.get(account, now - FIRST_LOOK) - OVERLAP
        try:
            credentials = self.credentials.resolve(account.credentials_ref)
            jobs = await self.providers[account.provider_type].completed_since(credentials, since)
        except OutboundError as error:
            log.warning("poll failed", provider=account.provider_type, error=type(error).__name__)
            return 0
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            # An answer that nobody foresaw must not keep the other accounts from being asked, nor end the process.
            log.error("poll met a defect", provider=account.provider_type, exc_info=error)
            return 0
        done = [await record_completion(self.bus, job, "pos_poll") for job in jobs]
        self.asked[account] = now
        return sum(done)
