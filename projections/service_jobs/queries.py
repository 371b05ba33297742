"""What is asked of the service jobs read model."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from infra.database import Pool
from projections.query import Query
from projections.service_jobs.fold import service_jobs
from projections.service_jobs.tables import service_job

_newest = (
    select(service_job).order_by(service_job.c.position.desc()).offset(bindparam("skip")).limit(bindparam("limit"))
)
_BY_ID = Query(select(service_job).where(service_job.c.id == bindparam("id")), service_jobs)
_PAGE = Query(_newest, service_jobs)
_PAGE_OF_OWNER = Query(_newest.where(service_job.c.owner == bindparam("owner")), service_jobs)
_UNMATCHED = Query(
    select(service_job.c.id).where(service_job.c.routings == 0).order_by(service_job.c.position), service_jobs
)


class ServiceJobs:
    """Pages and single rows. `owner` limits them to one tenant; None sees all."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_id(self, id: UUID, owner: UUID | None) -> Any | None:
        row = await _BY_ID.first(self._pool, id=id)
        return row if row is not None and owner in (None, row["owner"]) else None

    async def page(self, skip: int, limit: int, owner: UUID | None) -> list[Any]:
        """Newest first."""
        if owner is None:
            return await _PAGE.all(self._pool, skip=skip, limit=limit)
        return await _PAGE_OF_OWNER.all(self._pool, skip=skip, limit=limit, owner=owner)

    async def unmatched(self) -> Sequence[UUID]:
        """Jobs without any routing, oldest first."""
        return [row["id"] for row in await _UNMATCHED.all(self._pool)]
