"""ServiceTitan as a point-of-sale provider."""

import functools
import itertools
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import Clock
from infra.outbound import Ambiguous, Operation, Outbound, Refused, Unavailable
from infra.pos.credentials import Credentials
from infra.pos.provider import ExternalJob, ExternalStatus, WorkOrder
from infra.pos.servicetitan import messages
from infra.pos.servicetitan.session import SYSTEM, Session

FIND = Operation("find", timeout=10.0, repeatable=True)
# Not repeatable, for a second customer would be made; but no job can come of it, so a lost answer is no doubt.
PREPARE = Operation("prepare", timeout=15.0, repeatable=False)
CREATE = Operation("create", timeout=15.0, repeatable=False)
CANCEL = Operation("cancel", timeout=15.0, repeatable=True)
COMPLETED = Operation("completed_since", timeout=15.0, repeatable=True)

JOBS = "/jpm/v2/tenant/{tenant}/jobs"
PAGE_SIZE = 200
# Work orders whose customer and location are remembered until the job is made: ids only, some hundred bytes each.
PREPARED = 10_000

# What the simulator is given for a company without credentials. It opens nothing anywhere else.
DEVELOPMENT = Credentials("development", "development", "development", "development", 1, 1, 1)


@dataclass(slots=True)
class _Prepared:
    customer_id: int | None = None
    location_id: int | None = None


class ServiceTitan:
    """`development`: the credentials for a company that has none, or None where there is no such tenant."""

    name = SYSTEM

    def __init__(self, session: Session, outbound: Outbound, clock: Clock, development: Credentials | None) -> None:
        self._session, self._outbound, self._clock, self._development = session, outbound, clock, development
        self._prepared: OrderedDict[tuple[str, UUID], _Prepared] = OrderedDict()
        self._cancel_reasons: dict[str, int] = {}
        self.create_seconds = outbound.longest(PREPARE) + outbound.longest(CREATE)

    async def find(self, credentials: Credentials | None, routing_id: UUID) -> list[ExternalJob]:
        access = self._access(credentials)
        query = {"externalDataKey": messages.ROUTING_KEY, "externalDataValues": str(routing_id)}
        page = await self._outbound.call(FIND, lambda: self._page(access, FIND, query))
        # An interface that ignored the filter would otherwise make every job of the tenant a duplicate of this one.
        return [job for job in (entry.external() for entry in page.data) if job.routing_id == routing_id]

    async def create(self, credentials: Credentials | None, order: WorkOrder) -> ExternalJob:
        """Customer and location first; on a second try the ones of the first are used again.

        A customer whose creation was answered too late stays behind without a job, which no dispatcher minds.
        """
        access = self._access(credentials)
        prepared = self._remembered(access, order)
        try:
            await self._prepare_safely(access, order, prepared)
            created = await self._outbound.call(CREATE, lambda: self._create(access, order, prepared))
        except Refused as error:
            reason = _anonymous(order, str(error))
        else:
            self._forget(access, order)
            return created
        self._forget(access, order)  # it may have been refused because customer or location are gone
        raise Refused(reason)  # outside the handler, or the first wording would travel along as the context

    async def cancel(self, credentials: Credentials | None, external_id: str) -> None:
        access = self._access(credentials)
        if not (external_id.isascii() and external_id.isdigit()):
            raise Refused(f"{SYSTEM}: not one of its job ids")
        await self._outbound.call(CANCEL, lambda: self._cancel(access, external_id))

    async def completed_since(self, credentials: Credentials | None, since: datetime) -> list[ExternalJob]:
        access = self._access(credentials)
        found: list[ExternalJob] = []
        # By id, not by time of change: a job that changes meanwhile must not move another to a page already read.
        query = {"jobStatus": "Completed", "modifiedOnOrAfter": messages.rfc3339(since), "sort": "+Id"}
        for number in itertools.count(1):
            paged = functools.partial(self._page, access, COMPLETED, {**query, "page": number})
            page = await self._outbound.call(COMPLETED, paged)
            found += [job for job in (entry.external() for entry in page.data) if job.routing_id]
            if not page.hasMore or not page.data:
                break
        return found

    async def health(self) -> str:
        return self._outbound.health()

    def _access(self, credentials: Credentials | None) -> Credentials:
        access = credentials or self._development
        if access is None:
            raise Refused(
                f"{SYSTEM}: this company has no credentials, and the development tenant is only for a simulator "
                "on a loopback address (SERVICETITAN_URL)"
            )
        return access

    def _remembered(self, access: Credentials, order: WorkOrder) -> _Prepared:
        prepared = self._prepared.setdefault((access.tenant, order.routing_id), _Prepared())
        if len(self._prepared) > PREPARED:
            self._prepared.popitem(last=False)
        return prepared

    def _forget(self, access: Credentials, order: WorkOrder) -> None:
        self._prepared.pop((access.tenant, order.routing_id), None)

    async def _page(self, access: Credentials, operation: Operation, query: dict[str, Any]) -> messages.JobPage:
        # Without the application's id the answer leaves the external data out.
        params = {**query, "externalDataApplicationGuid": messages.APPLICATION_GUID, "pageSize": PAGE_SIZE}
        return await self._session.ask(access, operation, "GET", JOBS, messages.JobPage, params=params)

    async def _prepare_safely(self, access: Credentials, order: WorkOrder, prepared: _Prepared) -> None:
        try:
            await self._outbound.call(PREPARE, lambda: self._prepare(access, order, prepared))
        except Ambiguous as error:
            raise Unavailable(str(error)) from error

    async def _prepare(self, access: Credentials, order: WorkOrder, prepared: _Prepared) -> None:
        async def made(path: str, body: dict[str, Any]) -> int:
            answer = await self._session.ask(access, PREPARE, "POST", path, messages.Created, json=body)
            return answer.id

        if prepared.customer_id is None:
            prepared.customer_id = await made("/crm/v2/tenant/{tenant}/customers", messages.customer(order))
        if prepared.location_id is None:
            body = messages.location(order, prepared.customer_id)
            prepared.location_id = await made("/crm/v2/tenant/{tenant}/locations", body)

    async def _create(self, access: Credentials, order: WorkOrder, prepared: _Prepared) -> ExternalJob:
        assert prepared.customer_id is not None
        assert prepared.location_id is not None
        body = messages.job(order, access, prepared.customer_id, prepared.location_id, self._clock.now())
        job = await self._session.ask(access, CREATE, "POST", JOBS, messages.Job, json=body)
        made = job.external()
        return ExternalJob(made.external_id, order.routing_id, made.status, made.revenue, made.completed_at)

    async def _cancel(self, access: Credentials, external_id: str) -> None:
        body = {"reasonId": await self._cancel_reason(access), "memo": "Withdrawn by the company that sent it"}
        try:
            await self._session.send(access, CANCEL, "PUT", f"{JOBS}/{external_id}/cancel", json=body)
        except Refused:
            self._cancel_reasons.pop(access.tenant, None)  # the tenant may have given it up
            # Perhaps an earlier try of ours got through and only its answer was lost.
            job = await self._session.ask(access, CANCEL, "GET", f"{JOBS}/{external_id}", messages.Job)
            if job.jobStatus is not ExternalStatus.CANCELED:
                raise

    async def _cancel_reason(self, access: Credentials) -> int:
        if access.tenant not in self._cancel_reasons:
            path = "/jpm/v2/tenant/{tenant}/job-cancel-reasons"
            page = await self._session.ask(
                access, CANCEL, "GET", path, messages.CancelReasonPage, params={"active": "True"}
            )
            if not page.data:
                raise Refused(f"{SYSTEM}: tenant {access.tenant} has no active reason for cancelling a job")
            self._cancel_reasons[access.tenant] = page.data[0].id
        return self._cancel_reasons[access.tenant]


def _anonymous(order: WorkOrder, reason: str) -> str:
    """The reason without the homeowner: a provider's title may quote what it was sent."""
    for text in sorted(order.personal(), key=len, reverse=True):
        reason = re.sub(re.escape(text), "[hidden]", reason, flags=re.IGNORECASE)
    return reason
