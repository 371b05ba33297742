"""What is asked of the routings read model."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from domain.dispatch.statuses import SyncStatus
from infra.database import Pool
from projections.query import Query
from projections.routings.fold import routings
from projections.routings.tables import routing
from streams.agents.pos_completion import OpenAccount

_OF_JOB = Query(select(routing).where(routing.c.job_id == bindparam("job_id")).order_by(routing.c.position), routings)
_TO_COMPANY = Query(
    select(routing).where(routing.c.job_id == bindparam("job_id"), routing.c.company_id == bindparam("company_id")),
    routings,
)
_BY_ID = Query(select(routing).where(routing.c.id == bindparam("id")), routings)
_OPEN = Query(
    select(routing.c.company_id, routing.c.provider_type)
    .where(routing.c.sync_status == SyncStatus.SYNCED.value)
    .distinct(),
    routings,
)


class Routings:
    """Rows by job and by company."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_job(self, job_id: UUID) -> list[Any]:
        """Best match first: the order in which they were made."""
        return await _OF_JOB.all(self._pool, job_id=job_id)

    async def to_company(self, job_id: UUID, company_id: UUID) -> Any | None:
        return await _TO_COMPANY.first(self._pool, job_id=job_id, company_id=company_id)

    async def by_id(self, id: UUID) -> Any | None:
        return await _BY_ID.first(self._pool, id=id)

    async def open_accounts(self) -> Sequence[OpenAccount]:
        """Who has synchronised jobs that are not completed yet."""
        return [OpenAccount(row["company_id"], row["provider_type"]) for row in await _OPEN.all(self._pool)]
