"""Brings routings into the receiving companies' PoS systems."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from commands.bus import Streams
from commands.dispatch import ClaimRouting, RecordReconciliation, RecordRoutingFailure, RecordRoutingSync
from domain.clock import Clock
from domain.dispatch.company import Company
from domain.dispatch.routing import Routing, RoutingBusy
from domain.dispatch.service_job import ServiceJob
from domain.errors import IllegalTransition
from infra import telemetry
from infra.outbound import Ambiguous, OutboundError, Refused
from infra.pos.credentials import Credentials, Vault
from infra.pos.provider import Provider, WorkOrder
from schemas.recorded import Recorded
from streams.agent import Agent, Send

log = structlog.get_logger(__name__)

# A claim outlives the longest call by a margin, so that nobody else starts while a call may still be under way.
CALL_SECONDS = 30.0
LEASE = timedelta(seconds=45)
DEADLINE = timedelta(minutes=5)


class PosSync:
    """Claims a routing, looks it up at the provider, creates it if it is not there, and records what came of it."""

    def __init__(
        self,
        streams: Streams,
        providers: Mapping[str, Provider],
        credentials: Vault,
        clock: Clock,
        worker: str,
    ) -> None:
        self._streams, self._providers, self._credentials = streams, providers, credentials
        self._clock, self._worker = clock, worker

    def agent(self) -> Agent:
        agent = Agent("pos_sync", contexts=("dispatch",))
        agent.on("RoutingCreated", "RoutingSyncRequested")(self.synchronise)
        agent.on("RoutingReconciliationRequested")(self.reconcile)
        agent.on("RoutingSyncOverdue")(self.report_overdue)
        return agent

    async def synchronise(self, event: Recorded, send: Send) -> None:
        """At most one claim per event. After a crash the claim's lease runs out, and its deadline asks again."""
        id = event.stream_id
        try:
            claim = await send(ClaimRouting(id, self._worker, LEASE), id)
        except (RoutingBusy, IllegalTransition) as reason:
            log.info("routing needs no attempt", routing_id=str(id), reason=type(reason).__name__)
            return
        if not claim.duplicate:
            await self._attempt(await self._streams.read(Routing, id), claim.result, send)

    async def _attempt(self, routing: Routing, attempt: int, send: Send) -> None:
        if attempt == 1:
            telemetry.SYNC_FIRST_ATTEMPT.observe((self._clock.now() - routing.created_on).total_seconds())
        try:
            async with asyncio.timeout(CALL_SECONDS):
                external_id = await self._hand_over(routing)
        except (OutboundError, TimeoutError) as error:
            telemetry.SYNCS_FAILED.labels(routing.provider_type).inc()
            failure = RecordRoutingFailure(
                routing.id,
                attempt,
                error=_told(error),
                permanent=isinstance(error, Refused),
                ambiguous=isinstance(error, Ambiguous | TimeoutError),
            )
            await send(failure, routing.id)
            return
        await send(RecordRoutingSync(routing.id, external_id), routing.id)
        telemetry.SYNCS_SUCCEEDED.labels(routing.provider_type).inc()
        telemetry.SYNC_DURATION.observe((self._clock.now() - routing.created_on).total_seconds())

    async def _hand_over(self, routing: Routing) -> str:
        """The provider's id of the job: of the one it has under our id already, or of a new one."""
        provider, credentials = await self._provider(routing)
        if found := await provider.find(credentials, routing.id):
            return min(job.external_id for job in found)
        job = await self._streams.read(ServiceJob, routing.job_id)
        return (await provider.create(credentials, work_order(routing, job))).external_id

    async def _provider(self, routing: Routing) -> tuple[Provider, Credentials | None]:
        company = await self._streams.read(Company, routing.company_id)
        return self._providers[routing.provider_type], self._credentials.resolve(company.credentials_ref)

    async def reconcile(self, event: Recorded, send: Send) -> None:
        """Of several jobs at the provider under one routing, keep the recorded one and cancel the others."""
        routing = await self._streams.read(Routing, event.stream_id)
        # As the event says: an aggregate that is a little behind might not know it, and every job would be cancelled.
        kept = event["external_id"]
        try:
            provider, credentials = await self._provider(routing)
            async with asyncio.timeout(CALL_SECONDS):
                found = await provider.find(credentials, routing.id)
                extra = [job.external_id for job in found if job.external_id != kept]
                for external_id in extra:
                    await provider.cancel(credentials, external_id)
        except (OutboundError, TimeoutError) as error:
            # Cancelling and looking up are safe to repeat: the deadline asks again until it is recorded.
            log.warning("reconciliation failed", routing_id=str(routing.id), error=type(error).__name__)
            return
        await send(RecordReconciliation(routing.id, extra), routing.id)

    async def report_overdue(self, event: Recorded, send: Send) -> None:
        telemetry.SYNC_SLA_BREACHED.inc()
        log.error("routing not synchronised in time", routing_id=str(event.stream_id), limit=str(DEADLINE))


def _told(error: Exception) -> str:
    """The provider's own words, as far as PostgreSQL takes them: it refuses NUL characters."""
    return str(error).replace("\x00", "") or "the provider did not answer in time"


def work_order(routing: Routing, job: ServiceJob) -> WorkOrder:
    """What the provider has to know of a job."""
    return WorkOrder(
        routing_id=routing.id,
        job_id=job.id,
        summary=job.summary,
        street=job.street,
        city=job.city,
        state=job.state,
        zip_code=job.zip_code,
        homeowner_name=job.homeowner_name,
        homeowner_phone=job.homeowner_phone,
        homeowner_email=job.homeowner_email,
        category=job.category,
        skills=job.required_skills,
    )
