"""Commands of the dispatch context: companies, technicians, service jobs and their routings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.bus import Work, handles
from domain.dispatch.company import Company
from domain.dispatch.matching import Match, Requirement, find_matches
from domain.dispatch.routing import Routing
from domain.dispatch.service_job import ServiceJob
from domain.dispatch.technician import Technician
from domain.retries import RetryPolicy

RETRIES = RetryPolicy()


@dataclass(frozen=True, slots=True)
class RegisterCompany:
    """A company joins."""

    name: str
    provider_type: str
    skills: Mapping[str, str]
    categories: Sequence[str]
    states: Sequence[str]
    zip_prefixes: Sequence[str]
    active: bool
    credentials_ref: str | None


@handles(RegisterCompany)
async def register_company(command: RegisterCompany, work: Work) -> datetime:
    """When it joined."""
    now = work.now
    company = Company(
        id=work.new_id(),
        name=command.name,
        provider_type=command.provider_type,
        skills=command.skills,
        categories=command.categories,
        states=command.states,
        zip_prefixes=command.zip_prefixes,
        active=command.active,
        credentials_ref=command.credentials_ref,
        timestamp=now,
    )
    work.add(company)
    return now


@dataclass(frozen=True, slots=True)
class UpdateCompany:
    """A company changes what it says of itself; `changes` by field name."""

    company_id: UUID
    changes: Mapping[str, Any]


@handles(UpdateCompany)
async def update_company(command: UpdateCompany, work: Work) -> UUID:
    company = await work.load(Company, command.company_id)
    company.update(command.changes, work.now)
    return company.id


@dataclass(frozen=True, slots=True)
class RegisterTechnician:
    """A technician joins a company."""

    company_id: UUID
    name: str
    email: str | None
    phone: str | None
    skills: Mapping[str, str]


@handles(RegisterTechnician)
async def register_technician(command: RegisterTechnician, work: Work) -> datetime:
    """When they joined."""
    now = work.now
    company = await work.read(Company, command.company_id)
    technician = Technician(
        id=work.new_id(),
        company_id=company.id,
        name=command.name,
        email=command.email,
        phone=command.phone,
        skills=command.skills,
        timestamp=now,
    )
    work.add(technician)
    return now


@dataclass(frozen=True, slots=True)
class CreateServiceJob:
    """A company hands on work that one of its technicians found."""

    summary: str
    street: str
    city: str
    state: str
    zip_code: str
    homeowner_name: str
    homeowner_phone: str | None
    homeowner_email: str | None
    company_id: UUID
    technician_id: UUID
    required_skills: Sequence[str]
    skill_levels: Mapping[str, str]
    category: str | None


@dataclass(frozen=True, slots=True)
class ServiceJobAccepted:
    """What the sender of a new job learns at once."""

    created_at: datetime
    matches: Sequence[Match]


@handles(CreateServiceJob)
async def create_service_job(command: CreateServiceJob, work: Work) -> ServiceJobAccepted:
    company = await work.read(Company, command.company_id)
    technician = await work.read(Technician, command.technician_id)
    technician.require_company(company.id)
    now, id = work.now, work.new_id()
    requirement = Requirement.of(
        company.id, command.required_skills, command.skill_levels, command.category, command.state, command.zip_code
    )
    matches = find_matches(requirement, await work.directory.candidates())
    job = ServiceJob(
        id=id,
        summary=command.summary,
        street=command.street,
        city=command.city,
        state=command.state,
        zip_code=command.zip_code,
        homeowner_name=command.homeowner_name,
        homeowner_phone=command.homeowner_phone,
        homeowner_email=command.homeowner_email,
        company_id=company.id,
        technician_id=technician.id,
        required_skills=command.required_skills,
        skill_levels=command.skill_levels,
        category=command.category,
        routings=len(matches),
        timestamp=now,
    )
    work.add(job)
    _route(work, id, matches, now)
    return ServiceJobAccepted(now, matches)


def _route(work: Work, job_id: UUID, matches: Sequence[Match], now: datetime) -> None:
    for match in matches:
        work.add(
            Routing(
                id=work.new_id(),
                job_id=job_id,
                company_id=match.company_id,
                matching_score=match.score,
                matched_skills=match.matched_skills,
                provider_type=match.provider_type,
                algorithm=match.algorithm,
                features=match.features,
                timestamp=now,
            )
        )


@dataclass(frozen=True, slots=True)
class MatchServiceJob:
    """Try again to find companies for a job that has none."""

    job_id: UUID


@handles(MatchServiceJob)
async def match_service_job(command: MatchServiceJob, work: Work) -> int:
    """The number of routings made."""
    job = await work.load(ServiceJob, command.job_id)
    if job.matched:
        return 0
    matches = find_matches(job.requirement, await work.directory.candidates())
    if matches:
        now, work.owner = work.now, job.owner
        job.match(len(matches), now)
        _route(work, job.id, matches, now)
    return len(matches)


@dataclass(frozen=True, slots=True)
class RequestSync:
    """Have a routing synchronised now."""

    routing_id: UUID


@handles(RequestSync)
async def request_sync(command: RequestSync, work: Work) -> None:
    (await work.load(Routing, command.routing_id)).request_sync(work.now)


@dataclass(frozen=True, slots=True)
class ClaimRouting:
    """Reserve a routing for one worker's attempt; the claim ends by itself after `lease`."""

    routing_id: UUID
    worker: str
    lease: timedelta


@handles(ClaimRouting)
async def claim_routing(command: ClaimRouting, work: Work) -> int:
    """The number of the attempt, from 1."""
    routing = await work.load(Routing, command.routing_id)
    routing.claim(command.worker, command.lease, work.now)
    return routing.attempt


@dataclass(frozen=True, slots=True)
class RecordRoutingSync:
    """The provider has the job under this id."""

    routing_id: UUID
    external_id: str


@handles(RecordRoutingSync)
async def record_routing_sync(command: RecordRoutingSync, work: Work) -> None:
    (await work.load(Routing, command.routing_id)).record_sync(command.external_id, work.now)


@dataclass(frozen=True, slots=True)
class RecordRoutingFailure:
    """An attempt failed. `permanent`: trying again cannot help. `ambiguous`: the provider may have the job."""

    routing_id: UUID
    attempt: int
    error: str
    permanent: bool
    ambiguous: bool


@handles(RecordRoutingFailure)
async def record_routing_failure(command: RecordRoutingFailure, work: Work) -> None:
    routing, now = await work.load(Routing, command.routing_id), work.now
    retry_at = RETRIES.again_at(command.attempt, command.permanent, work.chance(), now)
    routing.record_failure(command.attempt, command.error, command.ambiguous, retry_at, now)


@dataclass(frozen=True, slots=True)
class ReportRoutingOverdue:
    """The time in which a routing must be synchronised is over."""

    routing_id: UUID


@handles(ReportRoutingOverdue)
async def report_routing_overdue(command: ReportRoutingOverdue, work: Work) -> None:
    (await work.load(Routing, command.routing_id)).report_overdue(work.now)


@dataclass(frozen=True, slots=True)
class RequestReconciliation:
    """Have the provider searched for jobs that earlier attempts left behind."""

    routing_id: UUID


@handles(RequestReconciliation)
async def request_reconciliation(command: RequestReconciliation, work: Work) -> None:
    (await work.load(Routing, command.routing_id)).request_reconciliation(work.now)


@dataclass(frozen=True, slots=True)
class RecordReconciliation:
    """The provider holds one job of ours only; `removed` are those cancelled there."""

    routing_id: UUID
    removed: Sequence[str]


@handles(RecordReconciliation)
async def record_reconciliation(command: RecordReconciliation, work: Work) -> None:
    (await work.load(Routing, command.routing_id)).record_reconciliation(command.removed, work.now)


@dataclass(frozen=True, slots=True)
class CompleteRouting:
    """The company that took the job has done it, says its PoS system."""

    routing_id: UUID
    external_id: str
    revenue: Decimal | None
    completed_at: datetime


@handles(CompleteRouting)
async def complete_routing(command: CompleteRouting, work: Work) -> None:
    routing, now = await work.load(Routing, command.routing_id), work.now
    # A worker may have died after the provider created the job and before we recorded it.
    routing.record_sync(command.external_id, now)
    routing.complete(command.revenue, command.completed_at, now)
    job = await work.load(ServiceJob, routing.job_id)
    job.complete(routing.id, command.revenue, command.completed_at, now)
