"""What is asked of the companies read model."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from domain.dispatch.matching import Candidate
from domain.dispatch.skills import normalized, skill_name
from infra.database import Pool
from projections.companies.fold import companies
from projections.companies.tables import company, technician
from projections.positions import Positions
from projections.query import Query

_newest = select(company).order_by(company.c.id.desc()).offset(bindparam("skip")).limit(bindparam("limit"))
_BY_ID = Query(select(company).where(company.c.id == bindparam("id")), companies)
_PAGE = Query(_newest, companies)
_PAGE_OF_OWNER = Query(_newest.where(company.c.owner == bindparam("owner")), companies)
_ACTIVE = Query(
    select(
        company.c.id,
        company.c.provider_type,
        company.c.skills,
        company.c.categories,
        company.c.states,
        company.c.zip_prefixes,
    ).where(company.c.active),
    companies,
)
_TECHNICIANS = Query(
    select(technician)
    .where(technician.c.company_id == bindparam("company_id"))
    .order_by(technician.c.id.desc())
    .offset(bindparam("skip"))
    .limit(bindparam("limit")),
    companies,
)
_TECHNICIAN = Query(select(technician).where(technician.c.id == bindparam("id")), companies)


class Companies:
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

    async def technicians(self, company_id: UUID, skip: int, limit: int) -> list[Any]:
        """Newest first."""
        return await _TECHNICIANS.all(self._pool, company_id=company_id, skip=skip, limit=limit)

    async def technician(self, id: UUID) -> Any | None:
        return await _TECHNICIAN.first(self._pool, id=id)


class CompanyDirectory:
    """The active companies as matching sees them, kept until the read model changes."""

    def __init__(self, pool: Pool, positions: Positions) -> None:
        self._pool = pool
        self._candidates: Sequence[Candidate] | None = None
        self._changes = 0
        positions.on_change(companies, self._forget)

    async def candidates(self) -> Sequence[Candidate]:
        if self._candidates is not None:
            return self._candidates
        changes = self._changes
        found = [_candidate(row) for row in await _ACTIVE.all(self._pool)]
        if changes == self._changes:
            self._candidates = found
        return found

    def _forget(self) -> None:
        self._candidates = None
        self._changes += 1


def _candidate(row: Any) -> Candidate:
    return Candidate(
        company_id=row["id"],
        provider_type=row["provider_type"],
        skills=normalized(row["skills"]),
        categories=frozenset(map(skill_name, row["categories"])),
        states=frozenset(row["states"]),
        zip_prefixes=tuple(row["zip_prefixes"]),
    )
