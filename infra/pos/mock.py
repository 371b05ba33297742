"""The embedded provider: a point of sale of our own, which keeps its jobs in PostgreSQL.

It keeps no personal data: a job refers to the service job, where the homeowner's data can be erased.
"""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import asyncpg

from domain.clock import Clock
from infra.database_errors import DATABASE_ERRORS
from infra.lane import Lane
from infra.outbound import Operation, Outbound, Policy, Refused, Unavailable
from infra.pos.credentials import Credentials
from infra.pos.provider import ExternalJob, ExternalStatus, WorkOrder

T = TypeVar("T")

SYSTEM = "mock"
POLICY = Policy(slots=512, queue=4096)
BATCH = 500

FIND = Operation("find", timeout=10.0, repeatable=True)
# Repeatable: the routing is unique, so creating twice answers with the job of the first time.
CREATE = Operation("create", timeout=10.0, repeatable=True)
CANCEL = Operation("cancel", timeout=10.0, repeatable=True)
COMPLETE = Operation("complete", timeout=10.0, repeatable=True)
COMPLETED = Operation("completed_since", timeout=10.0, repeatable=True)

_COLUMNS = "id, routing_id, status, revenue, completed_at"
# The update changes nothing; it makes the statement return the row that is there already. The commit waits for the disk
# although what we record of it would bring it there too: the server may be killed between the two, and we would record
# a job that is gone.
_CREATE = f"""
insert into mock_pos_jobs (routing_id, job_id, created_at)
select routing_id, job_id, $3 from unnest($1::uuid[], $2::uuid[]) as wanted (routing_id, job_id)
on conflict (routing_id) do update set routing_id = excluded.routing_id
returning {_COLUMNS}
"""
_FIND = f"select {_COLUMNS} from mock_pos_jobs where routing_id = any($1::uuid[])"
_COMPLETED = f"""
select {_COLUMNS} from mock_pos_jobs where status = 'completed' and completed_at >= $1 order by completed_at, id
"""
_CANCEL = "update mock_pos_jobs set status = 'canceled' where id = $1 and status in ('scheduled', 'canceled')"
_COMPLETE = """
update mock_pos_jobs set status = 'completed', revenue = $2, completed_at = coalesce(completed_at, $3)
where id = $1 and status in ('scheduled', 'completed')
"""


class MockProvider:
    """Needs the table `mock_pos_jobs`. Concurrent creates share one statement, and so do look-ups."""

    name = SYSTEM

    def __init__(self, pool: asyncpg.Pool, clock: Clock, outbound: Outbound | None = None) -> None:
        self._pool, self._clock = pool, clock
        self._outbound = outbound or Outbound(SYSTEM, POLICY)
        self._finding = Lane(self._found, BATCH)
        self._making = Lane(self._made, BATCH)
        self.create_seconds = self._outbound.longest(CREATE)

    async def find(self, credentials: Credentials | None, routing_id: UUID) -> list[ExternalJob]:
        return await self._outbound.call(FIND, lambda: self._finding(routing_id))

    async def create(self, credentials: Credentials | None, order: WorkOrder) -> ExternalJob:
        return await self._outbound.call(CREATE, lambda: self._making((order.routing_id, order.job_id)))

    async def cancel(self, credentials: Credentials | None, external_id: str) -> None:
        number = _number(external_id)
        done = await self._outbound.call(CANCEL, lambda: _asked(self._pool.execute(_CANCEL, number)))
        if done == "UPDATE 0":
            raise Refused(f"{SYSTEM}: {external_id} does not exist or is completed")

    async def complete(self, external_id: str, total: Decimal) -> None:
        """What a dispatcher would do in a real point of sale. Raises `Refused` for an unknown or cancelled job."""
        number, now = _number(external_id), self._clock.now()
        done = await self._outbound.call(COMPLETE, lambda: _asked(self._pool.execute(_COMPLETE, number, total, now)))
        if done == "UPDATE 0":
            raise Refused(f"{SYSTEM}: {external_id} does not exist or is cancelled")

    async def completed_since(self, credentials: Credentials | None, since: datetime) -> list[ExternalJob]:
        """Of all companies, for there is one mock for all of them."""
        rows = await self._outbound.call(COMPLETED, lambda: _asked(self._pool.fetch(_COMPLETED, since)))
        return [_job(row) for row in rows]

    async def health(self) -> str:
        return self._outbound.health()

    async def _found(self, routing_ids: Sequence[UUID]) -> Mapping[UUID, list[ExternalJob]]:
        found: dict[UUID, list[ExternalJob]] = {routing_id: [] for routing_id in routing_ids}
        for row in await _asked(self._pool.fetch(_FIND, list(found))):
            found[row["routing_id"]].append(_job(row))
        return found

    async def _made(self, wanted: Sequence[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], ExternalJob]:
        jobs = dict(wanted)  # a routing may go into a statement only once
        rows = await _asked(self._pool.fetch(_CREATE, list(jobs), list(jobs.values()), self._clock.now()))
        made = {row["routing_id"]: _job(row) for row in rows}
        return {pair: made[pair[0]] for pair in wanted}


async def _asked(query: Awaitable[T]) -> T:
    try:
        return await query
    except DATABASE_ERRORS as error:
        raise Unavailable(f"{SYSTEM}: database error ({type(error).__name__})") from error


def _job(row: asyncpg.Record) -> ExternalJob:
    status = ExternalStatus(row["status"])
    return ExternalJob(f"mock-{row['id']}", row["routing_id"], status, row["revenue"], row["completed_at"])


def _number(external_id: str) -> int:
    number = external_id.removeprefix("mock-")
    if not (external_id.startswith("mock-") and number.isascii() and number.isdigit() and len(number) < 19):
        raise Refused(f"{SYSTEM}: not one of its job ids")
    return int(number)
