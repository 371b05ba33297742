"""Companies and their technicians: the directory that jobs are handed through."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from api.errors import Rejected
from api.principal import forbidden
from api.session import Reading, Session, Writing
from api.tradeengage.models import Company, CompanyChanges, NewCompany, NewTechnician, ServiceArea, Technician
from api.tradeengage.paging import Limit, Skip
from commands.dispatch import RegisterCompany, RegisterTechnician, UpdateCompany
from domain.dispatch.skills import SkillLevel
from domain.errors import NotFound
from projections.companies.fold import companies

router = APIRouter(prefix="/companies", tags=["Companies"])


@router.post("/", status_code=201, summary="Register Company")
async def register(company: NewCompany, session: Writing) -> Company:
    """Jobs that found no company are matched again when one joins. Naming credentials takes the scope admin."""
    _check_credentials(company, session)
    command = RegisterCompany(
        name=company.name,
        provider_type=company.provider_type,
        skills=company.skills,
        categories=company.categories,
        states=company.service_area.states,
        zip_prefixes=company.service_area.zip_prefixes,
        active=company.active,
        credentials_ref=company.credentials_ref,
    )
    outcome = await session.send(command, companies)
    if outcome.duplicate or outcome.id is None:
        return await session.repeated(_company(session, outcome.id))
    # From the command and not from the read model, which may lag: what was recorded must not read as not found.
    when = outcome.result
    return Company(id=outcome.id, created_at=when, updated_at=when, **company.model_dump())


@router.get("/", summary="List Companies")
async def page(session: Reading, skip: Skip = 0, limit: Limit = 100) -> list[Company]:
    """Newest first."""
    await session.caught_up(companies)
    return [_shown(row) for row in await session.system.companies.page(skip, limit, session.owner)]


@router.get("/{company_id}", summary="Get Company")
async def details(company_id: UUID, session: Reading) -> Company:
    await session.caught_up(companies)
    return await _company(session, company_id)


@router.patch("/{company_id}", summary="Update Company")
async def update(company_id: UUID, changes: CompanyChanges, session: Writing) -> Company:
    """Changes what is named. Naming credentials takes the scope admin."""
    _check_credentials(changes, session)
    named: dict[str, Any] = changes.model_dump(exclude_unset=True, mode="json")
    if "service_area" in named:
        named |= named.pop("service_area")
    await session.send(UpdateCompany(company_id, named), companies)
    return await _company(session, company_id)


@router.post("/{company_id}/technicians/", status_code=201, tags=["Technicians"], summary="Register Technician")
async def register_technician(company_id: UUID, technician: NewTechnician, session: Writing) -> Technician:
    command = RegisterTechnician(company_id, technician.name, technician.email, technician.phone, technician.skills)
    outcome = await session.send(command, companies)
    if outcome.id is not None and not outcome.duplicate:
        return Technician(id=outcome.id, company_id=company_id, created_at=outcome.result, **technician.model_dump())
    return await session.repeated(_registered(session, outcome.id))


@router.get("/{company_id}/technicians/", tags=["Technicians"], summary="List Technicians")
async def technicians(company_id: UUID, session: Reading, skip: Skip = 0, limit: Limit = 100) -> list[Technician]:
    """Newest first."""
    await session.caught_up(companies)
    await _company(session, company_id)
    return [_technician(row) for row in await session.system.companies.technicians(company_id, skip, limit)]


def _check_credentials(company: NewCompany | CompanyChanges, session: Session) -> None:
    # A tenant could otherwise name, and so use, another's.
    if company.credentials_ref is not None and "admin" not in session.caller.scopes:
        raise Rejected(forbidden("admin"))


async def _registered(session: Session, id: UUID | None) -> Technician:
    row = None if id is None else await session.system.companies.technician(id)
    if row is None:
        raise NotFound("Technician", str(id))
    return _technician(row)


async def _company(session: Session, id: UUID | None) -> Company:
    row = None if id is None else await session.system.companies.by_id(id, session.owner)
    if row is None:
        raise NotFound("Company", str(id))
    return _shown(row)


def _shown(row: Any) -> Company:
    return Company.model_construct(
        id=row["id"],
        name=row["name"],
        provider_type=row["provider_type"],
        skills=_levels(row),
        categories=row["categories"],
        service_area=ServiceArea.model_construct(states=row["states"], zip_prefixes=row["zip_prefixes"]),
        active=row["active"],
        credentials_ref=row["credentials_ref"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _levels(row: Any) -> dict[str, SkillLevel]:
    return {name: SkillLevel(level) for name, level in row["skills"].items()}


def _technician(row: Any) -> Technician:
    return Technician.model_construct(
        id=row["id"],
        company_id=row["company_id"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        skills=_levels(row),
        created_at=row["created_at"],
    )
