"""Requests and responses of TradeEngage, with the limits of its document."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, EmailStr, Field, PlainSerializer, StringConstraints

from domain.dispatch.skills import SkillLevel
from domain.dispatch.statuses import JobStatus, SyncStatus


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


Moment = Annotated[datetime, PlainSerializer(_utc, return_type=str)]
Money = Annotated[Decimal, Field(max_digits=12, decimal_places=2), PlainSerializer(float, return_type=float)]
Skill = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Skills = Annotated[list[Skill], Field(max_length=50)]
SkillLevels = Annotated[dict[Skill, SkillLevel], Field(max_length=50)]
Category = Annotated[str, StringConstraints(min_length=1, max_length=100)]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Email = Annotated[EmailStr, StringConstraints(max_length=255)]
Phone = Annotated[str, StringConstraints(max_length=20)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Address(BaseModel):
    street: str = Field(min_length=1, max_length=255)
    city: str = Field(min_length=1, max_length=100)
    state: State
    zip_code: str = Field(min_length=5, max_length=10)


class Homeowner(BaseModel):
    name: Name
    phone: Phone | None = None
    email: Email | None = None


_FAUCET: dict[str, Any] = {
    "summary": "Kitchen faucet replacement needed urgently",
    "address": {"street": "123 Main Street", "city": "Anytown", "state": "CA", "zip_code": "90210"},
    "homeowner": {"name": "John Doe", "phone": "(555) 123-4567", "email": "john.doe@email.com"},
    "created_by_company_id": "01a15000-0000-7000-8000-000000000001",
    "created_by_technician_id": "01a15000-0000-7000-8000-000000000002",
}


class NewJob(BaseModel):
    """A job to be handed on."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": _FAUCET
            | {
                "required_skills": ["plumbing", "electrical"],
                "skill_levels": {"plumbing": "expert", "electrical": "intermediate"},
                "category": "plumbing",
            }
        }
    )

    summary: str = Field(min_length=1, max_length=1000)
    address: Address
    homeowner: Homeowner
    created_by_company_id: UUID
    created_by_technician_id: UUID
    required_skills: Skills = []
    skill_levels: SkillLevels = {}
    category: Category | None = None


class Job(BaseModel):
    """A job as the document shows it."""

    id: UUID
    summary: str
    address: Address
    homeowner: Homeowner
    created_by_company_id: UUID
    created_by_technician_id: UUID
    status: JobStatus
    revenue: Money | None
    completed_at: Moment | None
    created_at: Moment
    updated_at: Moment


class SyncRequest(BaseModel):
    company_id: UUID


class Routing(BaseModel):
    """A routing as the document shows it."""

    id: UUID
    job_id: UUID
    company_id_received: UUID
    external_id: str | None
    sync_status: SyncStatus
    retry_count: int
    last_sync_attempt: Moment | None
    last_synced_at: Moment | None
    error_message: str | None
    created_at: Moment
    updated_at: Moment


class ServiceArea(BaseModel):
    """Where a company works: in these states, and where a ZIP code begins so. Nothing named means everywhere."""

    states: Annotated[list[State], Field(max_length=60)] = []
    zip_prefixes: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,10}$")]], Field(max_length=1000)
    ] = []


ProviderType = Literal["servicetitan", "mock"]
CredentialsRef = Annotated[
    str, StringConstraints(pattern=r"^(env:[A-Z][A-Z0-9_]{0,127}|file:[A-Za-z0-9][A-Za-z0-9_-]{0,63})$")
]


class NewCompany(BaseModel):
    """A company that joins. Credentials are named, never given: `env:NAME` or `file:name`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Buckeye Plumbing",
                "provider_type": "mock",
                "skills": {"plumbing": "expert"},
                "categories": ["plumbing"],
                "service_area": {"states": ["OH"], "zip_prefixes": ["410"]},
            }
        }
    )

    name: Name
    provider_type: ProviderType = "mock"
    skills: SkillLevels = {}
    categories: Annotated[list[Category], Field(max_length=50)] = []
    service_area: ServiceArea = ServiceArea()
    active: bool = True
    credentials_ref: CredentialsRef | None = None


class CompanyChanges(BaseModel):
    """What is to change; what is not named stays."""

    name: Name = ""
    provider_type: ProviderType = "mock"
    skills: SkillLevels = {}
    categories: Annotated[list[Category], Field(max_length=50)] = []
    service_area: ServiceArea = ServiceArea()
    active: bool = True
    credentials_ref: CredentialsRef | None = None


class Company(BaseModel):
    id: UUID
    name: str
    provider_type: ProviderType
    skills: dict[str, SkillLevel]
    categories: list[str]
    service_area: ServiceArea
    active: bool
    credentials_ref: str | None
    created_at: Moment
    updated_at: Moment


class NewTechnician(BaseModel):
    name: Name
    email: Email | None = None
    phone: Phone | None = None
    skills: SkillLevels = {}


class Technician(BaseModel):
    id: UUID
    company_id: UUID
    name: str
    email: str | None
    phone: str | None
    skills: dict[str, SkillLevel]
    created_at: Moment
